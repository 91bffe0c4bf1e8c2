import type { Bundle, Cells } from './cells.ts';
import type { Members } from './members.ts';

/** A description excepts no more tensors than this, and no more than 5% of its set. */
const MOST = 3;
const SHARE = 0.05;

/**
 * Tensors outside the set with which it might be simpler: those that a key, a block, the blocks that most keys share, or a type lacks.
 * A few sets of one to three rows, each once.
 */
export function listNearMisses(members: Members, set: Uint8Array, cells: readonly Cells[], tensors: number): number[][] {
  const most = Math.min(MOST, Math.floor(SHARE * tensors));
  if (most === 0) return [];
  const found = new Map<string, number[]>();
  const offer = (rows: readonly number[]): void => {
    const sorted = [...rows].sort((a, b) => a - b);
    if (sorted.length > 0 && sorted.length <= most) found.set(sorted.join(), sorted);
  };
  for (const { bundles, stack } of cells) {
    const total = members.stacks[stack]?.blocks.length ?? 0;
    offer(missesOfBlocks(members, bundles, set, total, most));
    const usual = findUsual(bundles);
    offer(missesOfKeys(members, set, stack, usual, most));
    offer(missesOfKeys(members, set, stack, null, most));
  }
  const types = new Map<string, { misses: number[]; hits: number }>();
  for (let row = 0; row < set.length; row += 1) {
    const { type = '', tower = null } = members.rows[row]?.class ?? {};
    for (const group of [type, `tower ${tower}`]) {
      const known = types.get(group) ?? { misses: [], hits: 0 };
      types.set(group, known);
      if (set[row] === 1) known.hits += 1;
      else if (known.misses.length <= most) known.misses.push(row);
    }
  }
  for (const { misses, hits } of types.values()) if (hits * SHARE >= misses.length) offer(misses);
  return [...found.values()];
}

/** The block set that holds most tensors of the set as one key has them; null where there is none. */
function findUsual(bundles: readonly Bundle[]): ReadonlySet<number> | null {
  const sets = new Map<string, { positions: number[]; weight: number }>();
  for (const { positions, isIn, weight } of bundles) {
    const own = positions.filter((_, at) => isIn[at] === 1);
    if (own.length === 0) continue;
    const id = own.join();
    const known = sets.get(id) ?? { positions: own, weight: 0 };
    sets.set(id, known);
    known.weight += weight * own.length;
  }
  const [best] = [...sets.values()].sort((a, b) => b.weight - a.weight || (a.positions.join() < b.positions.join() ? -1 : 1));
  return best === undefined ? null : new Set(best.positions);
}

/** What keys lack that are in the set in more than half of the usual blocks (of all with null). */
function missesOfKeys(
  members: Members,
  set: Uint8Array,
  stack: number,
  usual: ReadonlySet<number> | null,
  most: number,
): number[] {
  const misses: number[] = [];
  for (const { lines } of members.stacks[stack]?.keys ?? []) {
    for (const { rows, positions } of lines) {
      const own = rows.filter((_, at) => usual === null || usual.has(positions[at] ?? -1));
      const missing = own.filter((row) => set[row] === 0);
      if (missing.length > 0 && missing.length * 2 < own.length) misses.push(...missing);
      if (misses.length > most) return [];
    }
  }
  return misses;
}

/** What blocks lack that are in the set but for a fifth. */
function missesOfBlocks(members: Members, bundles: readonly Bundle[], set: Uint8Array, total: number, most: number): number[] {
  const all = new Float64Array(total);
  const hits = new Float64Array(total);
  for (const { positions, isIn, weight } of bundles) {
    positions.forEach((position, at) => {
      all[position] = (all[position] ?? 0) + weight;
      if (isIn[at] === 1) hits[position] = (hits[position] ?? 0) + weight;
    });
  }
  const isNear = Array.from(all, (count, at) => (hits[at] ?? 0) < count && (hits[at] ?? 0) >= 0.8 * count);
  if (!isNear.includes(true)) return [];
  const misses: number[] = [];
  const stack = bundles[0]?.key.stack ?? -1;
  for (const { lines } of members.stacks[stack]?.keys ?? [])
    for (const { rows, positions } of lines)
      for (const [at, row] of rows.entries()) {
        if (set[row] === 1 || isNear[positions[at] ?? -1] !== true) continue;
        misses.push(row);
        if (misses.length > most) return [];
      }
  return misses;
}
