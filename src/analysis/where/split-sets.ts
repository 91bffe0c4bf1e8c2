/** Sets of blocks and of experts that terms may be about. */
import { isOpen } from './candidate.ts';
import type { Bundle, Cells } from './cells.ts';
import type { Members } from './members.ts';

/** Block sets of a stack and expert sets of a block set that are tried in one step, the largest first. */
const MOST_BLOCK_SETS = 10;
const MOST_EXPERT_SETS = 6;

/** Block sets that a term may be about: all, those of which everything is in, and those of single keys, whole or still open. */
export function listBlockSets(members: Members, { stack, bundles }: Cells): number[][] {
  const total = members.stacks[stack]?.blocks.length ?? 0;
  const sets = new Map<string, { readonly positions: number[]; weight: number }>();
  const offer = (positions: number[], weight: number): void => {
    if (positions.length === 0) return;
    const id = positions.join();
    const known = sets.get(id);
    if (known === undefined) sets.set(id, { positions, weight });
    else known.weight += weight;
  };
  const isFull = new Uint8Array(total).fill(1);
  for (const bundle of bundles) {
    const whole: number[] = [];
    const open: number[] = [];
    bundle.positions.forEach((position, at) => {
      if (bundle.isIn[at] === 0) isFull[position] = 0;
      else whole.push(position);
      if (isOpen(bundle, at)) open.push(position);
    });
    if (open.length === 0) continue;
    offer(whole, bundle.weight * open.length);
    if (open.length < whole.length) offer(open, bundle.weight * open.length);
  }
  const all = Array.from({ length: total }, (_, position) => position);
  const full = all.filter((position) => isFull[position] === 1);
  const best = [...sets.values()]
    .sort((a, b) => b.weight - a.weight || (a.positions.join() < b.positions.join() ? -1 : 1))
    .slice(0, MOST_BLOCK_SETS)
    .map(({ positions }) => positions);
  const seen = new Set<string>();
  return [all, full, ...best].filter((positions) => {
    const id = positions.join();
    return positions.length > 0 && !seen.has(id) && seen.add(id);
  });
}

/** What a block set leaves of a bundle. */
export interface Part {
  readonly bundle: Bundle;
  /** Cells of the bundle within the block set. */
  readonly cells: readonly number[];
  readonly isIn: boolean;
  readonly open: number;
}

/** Sets of classes of experts that are in for some key, while others of the key are not. */
export function listExpertSets(parts: readonly Part[]): number[][] {
  const byKey = new Map<number, Part[]>();
  for (const part of parts) {
    if (part.bundle.expertClass < 0) continue;
    const own = byKey.get(part.bundle.keyAt);
    if (own === undefined) byKey.set(part.bundle.keyAt, [part]);
    else own.push(part);
  }
  const sets = new Map<string, { readonly classes: number[]; open: number }>();
  for (const own of byKey.values()) {
    const classes = own.filter(({ isIn }) => isIn).map(({ bundle }) => bundle.expertClass);
    if (classes.length === 0 || classes.length === own.length) continue;
    const open = own.reduce((sum, part) => sum + (part.isIn ? part.open : 0), 0);
    const known = sets.get(classes.join());
    if (known === undefined) sets.set(classes.join(), { classes, open });
    else known.open += open;
  }
  return [...sets.values()]
    .sort((a, b) => b.open - a.open || (a.classes.join() < b.classes.join() ? -1 : 1))
    .slice(0, MOST_EXPERT_SETS)
    .map(({ classes }) => classes);
}
