import type { Comparison } from '../comparison/comparison.ts';
import { isOfAdapter } from '../analysis/explanations/adapter.ts';
import { ModelDiffError } from '../errors.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import type { DiffFlags } from './flags.ts';
import { findNearest } from './nearest-names.ts';
import type { Session } from './session.ts';

/** What to do about a checkpoint without a tensor. */
export const HOW_EMPTY = 'is it the right file, and was it saved to its end? model-diff inspect lists what is in it';

/** @throws ModelDiffError `E_NO_TENSORS` that says which side is empty */
export function requireTensors({ summary, old, new: fresh }: Comparison): void {
  const empty = [...(summary.oldTensors === 0 ? ['old'] : []), ...(summary.newTensors === 0 ? ['new'] : [])];
  const [first] = empty;
  if (first === undefined) return;
  const which = empty.length === 2 ? 'neither checkpoint holds a tensor' : `the ${first} checkpoint holds no tensor`;
  const names = empty.map((side) => (side === 'old' ? old.name : fresh.name));
  throw new ModelDiffError(`nothing to compare: ${which} (${names.join(', ')})`, {
    kind: 'Mismatch',
    code: 'E_NO_TENSORS',
    hint: HOW_EMPTY,
  });
}

/** Whether no name is on both sides: a mistake more often than a result. */
export function isDisjoint({ summary, columns }: Comparison): boolean {
  if (summary.comparedTensors > 0) return false;
  return !columns.names.some((_, row) => columns.old.dtype[row] !== '' && columns.new.dtype[row] !== '');
}

/** The same of a comparison in parts, whose names were matched when it was planned. */
export function describeDisjointParts({ columns }: Comparison): ModelDiffError {
  return disjoint(listSides(columns), 'plan again, with the flags for names that model-diff OLD NEW proposes, if it knows any');
}

/** What the names look like on both sides, and the command that would match them, if there is one. */
export async function describeDisjoint(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
  { columns }: Comparison,
): Promise<ModelDiffError> {
  const sides = listSides(columns);
  return disjoint(sides, await suggest(session, paths, flags, columns, ...sides));
}

/** Names of each side. */
function listSides(columns: Comparison['columns']): readonly [old: string[], next: string[]] {
  const on = (side: 'old' | 'new'): string[] => columns.names.filter((_, row) => columns[side].dtype[row] !== '');
  return [on('old'), on('new')];
}

function disjoint([old, next]: readonly [old: readonly string[], next: readonly string[]], hint: string): ModelDiffError {
  const near = findNearest(old, next);
  const words = [
    `the old checkpoint has ${describeNames(
      near.map((pair) => pair.old),
      old,
    )}`,
    `the new one has ${describeNames(
      near.map((pair) => pair.new),
      next,
    )}`,
  ];
  return new ModelDiffError(`no tensor in common: ${words.join('; ')}`, {
    kind: 'Mismatch',
    code: 'E_NO_COMMON_TENSORS',
    hint,
  });
}

const SHOWN = 3;

/** A few names, first those that are most like one of the other side. */
function describeNames(near: readonly string[], all: readonly string[]): string {
  const shown = [...new Set([...near.slice(0, 2 * SHOWN), ...all.slice(0, SHOWN)])]
    .slice(0, SHOWN)
    .map((name) => (name.length > 80 ? `${name.slice(0, 40)}…${name.slice(-39)}` : name));
  return all.length > shown.length ? `${shown.join(', ')}, … (${formatNoun(all.length, 'tensor')})` : shown.join(', ');
}

async function suggest(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
  columns: Comparison['columns'],
  old: readonly string[],
  next: readonly string[],
): Promise<string> {
  const { suggestMatch } = await import('./suggest-match.ts');
  const found = await suggestMatch(session, paths, flags).catch(() => null);
  session.signal.throwIfAborted();
  if (found !== null) return `to match ${formatCount(found.matches)} of them, run: ${found.command}`;
  const [isOld, isNew] = [columns.old.dtype, columns.new.dtype].map((dtypes) => dtypes.some(isOfAdapter));
  if (isOld !== isNew)
    return `the ${isOld === true ? 'old' : 'new'} checkpoint is an adapter: give its base, and it with --adapter-${isOld === true ? 'old' : 'new'}`;
  if (old.some(isOfParameter) && next.some(isOfParameter) && old.some(isOfIndex) !== next.some(isOfIndex))
    return `only one optimizer knows the names of its parameters: match the indices one by one, as in --rename-${old.some(isOfIndex) ? 'old' : 'new'} '^state\\.0\\.=>state.NAME.'`;
  return 'are these checkpoints of the same model? model-diff inspect lists the names in each';
}

function isOfParameter(name: string): boolean {
  return /(^|\.)state\./.test(name);
}

function isOfIndex(name: string): boolean {
  return /(^|\.)state\.\d+\.\w+$/.test(name);
}
