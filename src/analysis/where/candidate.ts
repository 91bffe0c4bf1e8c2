import type { Bundle } from './cells.ts';
import { groupKeys, type Grouping } from './groups.ts';
import type { Members } from './members.ts';
import type { WhereTerm } from './types.ts';

/** A term of a description, and the cells that it holds. */
export interface Candidate {
  readonly term: WhereTerm;
  readonly cost: number;
  readonly gain: number;
  readonly listCells: () => readonly Cell[];
}

/** One cell of a bundle. */
export type Cell = readonly [bundle: Bundle, at: number];

/** Groups are the same for all subsets of a model. */
const groupings = new WeakMap<Members, (Grouping | undefined)[]>();

/** Groups of the keys of a stack, or of the whole model where `stack` is the number of stacks. */
export function readGrouping(members: Members, stack: number): Grouping {
  const known = groupings.get(members) ?? [];
  groupings.set(members, known);
  const isWhole = stack === members.stacks.length;
  return (known[stack] ??= groupKeys(isWhole ? members.keys : (members.stacks[stack]?.keys ?? []), isWhole));
}

/** Whether a cell is in the set, and told by no term yet. */
export function isOpen({ isIn, covers }: Bundle, at: number): boolean {
  return isIn[at] === 1 && covers[at] === 0;
}

/** Tensors of a bundle that no term tells yet. */
export function countOpen(bundle: Bundle): number {
  let open = 0;
  for (let at = 0; at < bundle.isIn.length; at += 1) if (isOpen(bundle, at)) open += bundle.weight;
  return open;
}
