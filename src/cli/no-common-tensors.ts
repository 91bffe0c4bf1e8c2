import type { Comparison } from '../comparison/comparison.ts';
import { isOfAdapter } from '../analysis/explanations/adapter.ts';
import { disjointError, HOW_DISJOINT } from '../compare/nothing-to-compare.ts';
import { ModelDiffError } from '../errors.ts';
import { formatCount } from '../wording/numbers.ts';
import { chooseOptions } from './choose-options.ts';
import { addConfig } from './config/add-config.ts';
import { findConfig } from './config/find-config.ts';
import type { DiffFlags } from './flags.ts';
import type { Session } from './session.ts';

/** Both sides of a call. */
type Paths = Readonly<Record<'old' | 'new', string>>;

/** The tensors of each side. */
type Listed = Readonly<Record<'old' | 'new', readonly { readonly name: string; readonly dtype: string }[]>>;

/** Whether no name is on both sides: a mistake more often than a result. */
export function isDisjoint({ summary, columns }: Comparison): boolean {
  if (summary.comparedTensors > 0) return false;
  return !columns.names.some((_, row) => columns.old.dtype[row] !== '' && columns.new.dtype[row] !== '');
}

/** What the names look like on both sides, and the command that would match them, if there is one. */
export async function describeDisjoint(
  session: Session,
  paths: Paths,
  flags: DiffFlags,
  { columns }: Comparison,
): Promise<ModelDiffError> {
  const on = (side: 'old' | 'new'): Listed['old'] =>
    columns.names.flatMap((name, row) => {
      const dtype = columns[side].dtype[row] ?? '';
      return dtype === '' ? [] : [{ name, dtype }];
    });
  const sides = { old: on('old'), new: on('new') };
  const names = (side: Listed['old']): string[] => side.map(({ name }) => name);
  return disjointError(names(sides.old), names(sides.new), await suggest(session, paths, flags, sides));
}

/** An error of planning; where no name is on both sides, with the command that would match them. */
export async function hintDisjoint(session: Session, paths: Paths, given: DiffFlags, error: unknown): Promise<unknown> {
  if (!(error instanceof ModelDiffError) || error.code !== 'E_NO_COMMON_TENSORS') return error;
  const { message, kind, code } = error;
  const flags = addConfig(given, findConfig(session, given, [paths.old, paths.new])?.config);
  const { compareStructure } = await import('../compare/compare-structure.ts');
  const { removed, added } = await compareStructure(paths.old, paths.new, { ...chooseOptions(flags), signal: session.signal });
  return new ModelDiffError(message, { kind, code, hint: await suggest(session, paths, flags, { old: removed, new: added }) });
}

async function suggest(session: Session, paths: Paths, flags: DiffFlags, sides: Listed): Promise<string> {
  const { suggestMatch } = await import('./suggest-match.ts');
  const found = await suggestMatch(session, paths, flags).catch(() => null);
  session.signal.throwIfAborted();
  if (found !== null) return `to match ${formatCount(found.matches)} of them, run: ${found.command}`;
  const { old, new: newer } = sides;
  const [isOld, isNew] = [old, newer].map((side) => side.some(({ dtype }) => isOfAdapter(dtype)));
  if (isOld !== isNew)
    return `the ${isOld === true ? 'old' : 'new'} checkpoint is an adapter: give its base, and it with --adapter-${isOld === true ? 'old' : 'new'}`;
  const [oldState, newState] = [old, newer].map((side) => side.some(({ name }) => isOfParameter(name)));
  const [oldIndex, newIndex] = [old, newer].map((side) => side.some(({ name }) => isOfIndex(name)));
  if (oldState === true && newState === true && oldIndex !== newIndex)
    return `only one optimizer knows the names of its parameters: match the indices one by one, as in --rename-${oldIndex === true ? 'old' : 'new'} '^state\\.0\\.=>state.NAME.'`;
  return HOW_DISJOINT;
}

function isOfParameter(name: string): boolean {
  return /(^|\.)state\./.test(name);
}

function isOfIndex(name: string): boolean {
  return /(^|\.)state\.\d+\.\w+$/.test(name);
}
