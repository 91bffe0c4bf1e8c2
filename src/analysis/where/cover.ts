import { sizeOfSet } from './block-set.ts';
import type { Bundle, Cells } from './cells.ts';
import { groupKeys, sortGroups, type Group, type Grouping } from './groups.ts';
import type { Key, Members } from './members.ts';
import { nameKeys } from './name-keys.ts';
import type { ModuleGroup, WhereTerm } from './types.ts';

/** A term of a description, and the cells that it holds. */
interface Candidate {
  readonly term: WhereTerm;
  readonly cost: number;
  readonly gain: number;
  readonly listCells: () => readonly Cell[];
}

type Cell = readonly [bundle: Bundle, at: number];

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
/** Stacks, block sets of a stack and expert sets of a block set that are tried in one step, the largest first. */
const MOST_STACKS = 16;
const MOST_BLOCK_SETS = 10;
const MOST_EXPERT_SETS = 6;

/** Groups are the same for all subsets of a model. */
const groupings = new WeakMap<Members, (Grouping | undefined)[]>();

function readGrouping(members: Members, stack: number): Grouping {
  const known = groupings.get(members) ?? [];
  groupings.set(members, known);
  const isWhole = stack === members.stacks.length;
  return (known[stack] ??= groupKeys(isWhole ? members.keys : (members.stacks[stack]?.keys ?? []), isWhole));
}

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

function isOpen({ isIn, covers }: Bundle, at: number): boolean {
  return isIn[at] === 1 && covers[at] === 0;
}

function countLeft(cells: readonly Cells[]): number {
  let left = 0;
  for (const { bundles } of cells) for (const bundle of bundles) left += countOpen(bundle);
  return left;
}

function countOpen(bundle: Bundle): number {
  let open = 0;
  for (let at = 0; at < bundle.isIn.length; at += 1) if (isOpen(bundle, at)) open += bundle.weight;
  return open;
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

/** Groups of the whole model that are in the set in full. */
function listWhole(members: Members, cells: readonly Cells[], picked: readonly Candidate[]): Candidate[] {
  const { groups, of } = readGrouping(members, members.stacks.length);
  const isOut = new Uint8Array(groups.length);
  const gain = new Float64Array(groups.length);
  const stacksOf = groups.map(() => new Set<number>());
  for (const { bundles, stack } of cells) {
    for (const bundle of bundles) {
      const isPart = bundle.isIn.includes(0);
      const open = isPart ? 0 : countOpen(bundle);
      for (const group of of[bundle.key.id] ?? []) {
        if (isPart) isOut[group] = 1;
        gain[group] = (gain[group] ?? 0) + open;
        stacksOf[group]?.add(stack);
      }
    }
  }
  const isFirst = !picked.some(({ term }) => isWholeTerm(term));
  return groups.flatMap((group, at) => {
    // What lies within one stack is better told with its blocks, and modules outside by their names.
    const stacks = stacksOf[at] ?? new Set();
    const isLocal = stacks.size < 2 && group.by !== 'tower' && group.by !== 'top';
    const isModule = group.by === 'segment' && stacks.has(members.stacks.length - 1);
    if (isOut[at] === 1 || (gain[at] ?? 0) === 0 || isLocal || isModule) return [];
    const listCells = (): Cell[] =>
      cells.flatMap(({ bundles }) =>
        bundles
          .filter(({ key }) => (of[key.id] ?? []).includes(at))
          .flatMap((bundle) => bundle.positions.map((_, cell): Cell => [bundle, cell])),
      );
    const term: WhereTerm = { modules: [{ by: group.by, value: group.value }], ...ANYWHERE };
    return [{ term, cost: group.cost + (isFirst ? 1 : 0.5), gain: gain[at] ?? 0, listCells }];
  });
}

const ANYWHERE = { isAllBut: false, stack: null, isOutside: false, blocks: null, experts: null } as const;

/** Whether a term says nothing of stacks. */
export function isWholeTerm({ stack, isOutside }: WhereTerm): boolean {
  return stack === null && !isOutside;
}

function listStacks(members: Members, cells: readonly Cells[]): Candidate[] {
  return cells
    .map((one) => [one, one.bundles.reduce((sum, bundle) => sum + countOpen(bundle), 0)] as const)
    .filter(([, open]) => open > 0)
    .sort(([a, x], [b, y]) => y - x || a.stack - b.stack)
    .slice(0, MOST_STACKS)
    .flatMap(([one]) => listBlockSets(members, one).flatMap((blocks) => listTerms(members, one, blocks)));
}

/** Block sets that a term may be about: all, those of which everything is in, and those of single keys, whole or still open. */
function listBlockSets(members: Members, { stack, bundles }: Cells): number[][] {
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
interface Part {
  readonly bundle: Bundle;
  /** Cells of the bundle within the block set. */
  readonly cells: readonly number[];
  readonly isIn: boolean;
  readonly open: number;
}

/** The best term of a block set for all experts, and for each set of experts that some key has alone. */
function listTerms(members: Members, { stack, bundles, expertClasses, experts }: Cells, blocks: readonly number[]): Candidate[] {
  const total = members.stacks[stack]?.blocks.length ?? 0;
  const isWanted = new Uint8Array(total);
  for (const position of blocks) isWanted[position] = 1;
  const parts: Part[] = [];
  for (const bundle of bundles) {
    const cells: number[] = [];
    let isIn = true;
    let open = 0;
    bundle.positions.forEach((position, at) => {
      if (isWanted[position] === 0) return;
      cells.push(at);
      if (bundle.isIn[at] === 0) isIn = false;
      if (isOpen(bundle, at)) open += bundle.weight;
    });
    if (cells.length > 0) parts.push({ bundle, cells, isIn, open });
  }
  if (!parts.some(({ isIn, open }) => isIn && open > 0)) return [];
  const found = [readTerm(members, stack, blocks, parts, null)];
  for (const set of listExpertSets(parts)) {
    const inside = new Set(set);
    const term = readTerm(
      members,
      stack,
      blocks,
      parts.filter(({ bundle }) => inside.has(bundle.expertClass)),
      set.flatMap((one) => expertClasses[one] ?? []).sort((a, b) => a - b),
      experts,
    );
    found.push(term);
  }
  return found.filter((term) => term !== null);
}

/** Sets of classes of experts that are in for some key, while others of the key are not. */
function listExpertSets(parts: readonly Part[]): number[][] {
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

function readTerm(
  members: Members,
  stack: number,
  blocks: readonly number[],
  parts: readonly Part[],
  experts: readonly number[] | null,
  allExperts: readonly number[] = [],
): Candidate | null {
  const grouping = readGrouping(members, stack);
  const { path = null, blocks: depths = [], keys = [] } = members.stacks[stack] ?? {};
  const exists = new Uint8Array(keys.length);
  const allowed = new Uint8Array(keys.length);
  const gain = new Float64Array(keys.length);
  for (const { bundle, isIn, open } of parts) {
    const at = bundle.keyAt;
    allowed[at] = (exists[at] === 0 || allowed[at] === 1) && isIn ? 1 : 0;
    exists[at] = 1;
    gain[at] = (gain[at] ?? 0) + open;
  }
  for (let at = 0; at < keys.length; at += 1) if (allowed[at] === 0) gain[at] = 0;
  const naming = nameKeys({ grouping, exists, allowed, gain });
  if (naming === null) return null;
  const told = parts.filter(({ bundle }) => naming.holds[bundle.keyAt] === 1);
  const held = told.reduce((sum, { open }) => sum + open, 0);
  const listCells = (): Cell[] => told.flatMap(({ bundle, cells }) => cells.map((at): Cell => [bundle, at]));
  const isEverything = blocks.length === depths.length;
  const term: WhereTerm = {
    modules: orderNaming(naming.groups, keys)?.map(({ by, value }): ModuleGroup => ({ by, value })) ?? null,
    isAllBut: naming.isAllBut,
    stack: path,
    isOutside: path === null,
    blocks: path === null || isEverything ? null : blocks.map((position) => depths[position] ?? 0),
    experts,
  };
  const places = new Map(allExperts.map((expert, at) => [expert, at]));
  const price = experts === null ? 0 : 0.5 + sizeOfSet(experts.map((expert) => places.get(expert) ?? 0), allExperts.length);
  return { term, cost: 1 + naming.cost + (path === null ? 0 : sizeOfSet(blocks, depths.length)) + price, gain: held, listCells };
}

function orderNaming(groups: readonly Group[] | null, keys: readonly Key[]): readonly Group[] | null {
  return groups === null || groups.length < 2 ? groups : sortGroups(groups, keys);
}
