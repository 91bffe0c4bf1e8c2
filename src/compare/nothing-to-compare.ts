import { ModelDiffError } from '../errors.ts';
import { findNearest } from '../names/nearest-names.ts';
import { formatNoun } from '../wording/numbers.ts';

/** What to do about a checkpoint without a tensor. */
export const HOW_EMPTY = 'is it the right file, and was it saved to its end? model-diff inspect lists what is in it';

/** What to do about names of which none is on both sides, where nothing better is known. */
export const HOW_DISJOINT = 'are these checkpoints of the same model? model-diff inspect lists the names in each';

/** How many tensors of each side are compared, and what the side is called. */
type Sides = Readonly<Record<'old' | 'new', { readonly name: string; readonly tensors: number }>>;

/** @throws ModelDiffError `E_NO_TENSORS` that says which side is empty */
export function requireTensors({ old, new: newer }: Sides): void {
  const empty = [...(old.tensors === 0 ? [['old', old.name]] : []), ...(newer.tensors === 0 ? [['new', newer.name]] : [])];
  const [first] = empty;
  if (first === undefined) return;
  const which = empty.length === 2 ? 'neither checkpoint holds a tensor' : `the ${first[0]} checkpoint holds no tensor`;
  throw new ModelDiffError(`nothing to compare: ${which} (${empty.map(([, name]) => name).join(', ')})`, {
    kind: 'Mismatch',
    code: 'E_NO_TENSORS',
    hint: HOW_EMPTY,
  });
}

/** The error where no name is on both sides: what the names look like on each. */
export function disjointError(old: readonly string[], newer: readonly string[], hint: string = HOW_DISJOINT): ModelDiffError {
  const near = findNearest(old, newer);
  const words = [
    `the old checkpoint has ${describeNames(
      near.map((pair) => pair.old),
      old,
    )}`,
    `the new one has ${describeNames(
      near.map((pair) => pair.new),
      newer,
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
