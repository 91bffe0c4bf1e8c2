import { countOpen, readGrouping, type Candidate, type Cell } from './candidate.ts';
import type { Cells } from './cells.ts';
import type { Members } from './members.ts';
import type { WhereTerm } from './types.ts';

/** Groups of the whole model that are in the set in full. */
export function listWhole(members: Members, cells: readonly Cells[], picked: readonly Candidate[]): Candidate[] {
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
  const found = groups.flatMap((group, at) => {
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
    return [{ rank: group.rank, term, cost: group.cost + (isFirst ? 1 : 0.5), gain: gain[at] ?? 0, listCells }];
  });
  // Of equals the first is taken.
  return found.sort((a, b) => a.rank - b.rank);
}

const ANYWHERE = { isAllBut: false, stack: null, isOutside: false, blocks: null, experts: null } as const;

/** Whether a term says nothing of stacks. */
export function isWholeTerm({ stack, isOutside }: WhereTerm): boolean {
  return stack === null && !isOutside;
}
