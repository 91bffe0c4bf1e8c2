import type { Comparison } from '../comparison/comparison.ts';
import { ModelDiffError } from '../errors.ts';
import { formatNoun } from '../wording/numbers.ts';

/**
 * Two checkpoints without a common name are a mistake more often than a result: the error says what the names look like on both sides.
 * null where a name is on both.
 */
export function describeDisjoint({ columns }: Comparison): ModelDiffError | null {
  const isOn = (side: 'old' | 'new', row: number): boolean => columns[side].dtype[row] !== '';
  if (columns.names.some((_, row) => isOn('old', row) && isOn('new', row))) return null;
  const old = columns.names.filter((_, row) => isOn('old', row));
  const next = columns.names.filter((_, row) => isOn('new', row));
  return new ModelDiffError(
    `no tensor in common: the old checkpoint has ${describeNames(old)}; the new one has ${describeNames(next)}`,
    { kind: 'Mismatch', code: 'E_NO_COMMON_TENSORS', hint: suggest(old, next) },
  );
}

/** What to do about a checkpoint without a tensor. */
export const HOW_EMPTY = 'was the right file given, and was it saved to its end? model-diff inspect tells what is in it';

/** @throws ModelDiffError `E_NO_TENSORS` that says which side is empty */
export function requireTensors({ summary, old, new: fresh }: Comparison): void {
  const empty = [...(summary.oldTensors === 0 ? ['old'] : []), ...(summary.newTensors === 0 ? ['new'] : [])];
  const [first] = empty;
  if (first === undefined) return;
  const which = empty.length === 2 ? 'both checkpoints hold' : `the ${first} checkpoint holds`;
  const names = empty.map((side) => (side === 'old' ? old.name : fresh.name));
  throw new ModelDiffError(`nothing to compare: ${which} no tensor (${names.join(', ')})`, {
    kind: 'Mismatch',
    code: 'E_NO_TENSORS',
    hint: HOW_EMPTY,
  });
}

function describeNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => (name.length > 80 ? `${name.slice(0, 40)}…${name.slice(-39)}` : name));
  return names.length > shown.length ? `${shown.join(', ')}, … (${formatNoun(names.length, 'tensor')})` : shown.join(', ');
}

function suggest(old: readonly string[], next: readonly string[]): string {
  const prefix = findPrefix(old, next) ?? findPrefix(next, old);
  if (prefix !== undefined) return `the names differ by the prefix "${prefix}" only: --strip-prefix ${prefix}`;
  const part = findPart(old, next) ?? findPart(next, old);
  if (part !== undefined) return `one side is the part "${part}" of the other: --strip-prefix ${part} compares them`;
  if (old.every(isOfAdapter) !== next.every(isOfAdapter))
    return 'one side is an adapter alone: merge it into its base model first (peft: merge_and_unload)';
  return 'are these two states of one model? model-diff inspect lists the names of each';
}

/** Names that are enough to tell by. */
const ENOUGH = 20;

/** What stands before every name of `long` that `short` has without it. Looks at the first names only. */
function findPrefix(long: readonly string[], short: readonly string[]): string | undefined {
  const known = new Set(short);
  const prefixes = long.slice(0, ENOUGH).map((name) => {
    const dots = [...name.slice(0, 200).matchAll(/\./g)].map(({ index }) => index + 1);
    return dots.map((dot) => name.slice(0, dot)).find((prefix) => known.has(name.slice(prefix.length)));
  });
  return prefixes.every((prefix) => prefix !== undefined && prefix === prefixes[0]) ? prefixes[0] : undefined;
}

/** The prefix below which `whole` has the names of `part`, as a pipeline has those of its components. */
function findPart(whole: readonly string[], part: readonly string[]): string | undefined {
  const [first = ''] = part;
  const known = new Set(whole);
  return whole
    .filter((name) => name.endsWith(`.${first}`))
    .slice(0, ENOUGH)
    .map((name) => name.slice(0, -first.length))
    .find((prefix) => part.slice(0, ENOUGH).every((name) => known.has(prefix + name)));
}

function isOfAdapter(name: string): boolean {
  return /(^|\.)lora_|\.(?:hada|lokr|oft|vera|ia3)_/.test(name.slice(0, 1000));
}
