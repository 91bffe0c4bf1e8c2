import { countOpen, type Candidate, type Cell } from './candidate.ts';
import type { Cells } from './cells.ts';
import type { Members } from './members.ts';
import { listStacks } from './stack-terms.ts';
import type { WhereTerm } from './types.ts';
import { listWhole } from './whole-terms.ts';

interface Picked extends Candidate {
  readonly cells: readonly Cell[];
}

/** Terms that hold nothing but members of a set. */
export interface Cover {
  readonly terms: readonly WhereTerm[];
  readonly cost: number;
  /** Tensors of the set that no term holds. */
  readonly left: number;
}

/** More terms than this are no description. */
const MOST_TERMS = 6;

/** Covers a set with few product sets, the one that holds most for its price first. */
export function coverCells(members: Members, cells: readonly Cells[]): Cover {
  const picked: Picked[] = [];
  let left = countLeft(cells);
  while (left > 0 && picked.length < MOST_TERMS) {
    const found = [...listWhole(members, cells, picked), ...listStacks(members, cells)];
    const most = found.reduce((sum, { gain }) => Math.max(sum, gain), 0);
    // What no remaining term can finish is not begun: such sets are scattered, and there may be many of them.
    if (most * (MOST_TERMS - picked.length) < left) break;
    const best = found.reduce((one, other) => (isBetter(other, one) ? other : one));
    const own = best.listCells();
    picked.push({ ...best, cells: own });
    for (const [bundle, at] of own) bundle.covers[at] = (bundle.covers[at] ?? 0) + 1;
    left = countLeft(cells);
  }
  const kept = dropTold(picked);
  return { terms: kept.map(({ term }) => term), cost: kept.reduce((sum, { cost }) => sum + cost, 0), left };
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const difference = a.gain / a.cost - b.gain / b.cost;
  if (Math.abs(difference) > 1e-9) return difference > 0;
  return a.cost < b.cost;
}

function countLeft(cells: readonly Cells[]): number {
  let left = 0;
  for (const { bundles } of cells) for (const bundle of bundles) left += countOpen(bundle);
  return left;
}

/** Without terms whose cells the others hold. */
function dropTold(picked: readonly Picked[]): Picked[] {
  const bySize = picked.map((candidate, at) => [candidate, at] as const).sort(([a], [b]) => a.gain / a.cost - b.gain / b.cost);
  const dropped = new Set<number>();
  for (const [{ cells }, at] of bySize) {
    if (!cells.every(([bundle, cell]) => (bundle.covers[cell] ?? 0) > 1)) continue;
    dropped.add(at);
    for (const [bundle, cell] of cells) bundle.covers[cell] = (bundle.covers[cell] ?? 1) - 1;
  }
  return picked.filter((_, at) => !dropped.has(at));
}
