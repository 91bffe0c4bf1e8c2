import { sizeOfSet } from './block-set.ts';
import { countOpen, isOpen, readGrouping, type Candidate, type Cell } from './candidate.ts';
import type { Cells } from './cells.ts';
import { sortGroups, type Group } from './groups.ts';
import type { Key, Members } from './members.ts';
import { nameKeys } from './name-keys.ts';
import { listBlockSets, listExpertSets, type Part } from './split-sets.ts';
import type { ModuleGroup, WhereTerm } from './types.ts';

/** Stacks that are tried in one step, those with most to tell first. */
const MOST_STACKS = 16;

/** Terms about one stack, or about what is outside of all: the best of each set of blocks and experts. */
export function listStacks(members: Members, cells: readonly Cells[]): Candidate[] {
  return cells
    .map((one) => [one, one.bundles.reduce((sum, bundle) => sum + countOpen(bundle), 0)] as const)
    .filter(([, open]) => open > 0)
    .sort(([a, x], [b, y]) => y - x || a.stack - b.stack)
    .slice(0, MOST_STACKS)
    .flatMap(([one]) => listBlockSets(members, one).flatMap((blocks) => listTerms(members, one, blocks)));
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
  const price =
    experts === null
      ? 0
      : 0.5 +
        sizeOfSet(
          experts.map((expert) => places.get(expert) ?? 0),
          allExperts.length,
        );
  return { term, cost: 1 + naming.cost + (path === null ? 0 : sizeOfSet(blocks, depths.length)) + price, gain: held, listCells };
}

function orderNaming(groups: readonly Group[] | null, keys: readonly Key[]): readonly Group[] | null {
  return groups === null || groups.length < 2 ? groups : sortGroups(groups, keys);
}
