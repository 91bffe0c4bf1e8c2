import { formatCount } from '../../wording/numbers.ts';
import type { Cells } from './cells.ts';
import type { Members } from './members.ts';
import type { Where } from './types.ts';
import { nameType } from './words.ts';

/** Types that are counted; the largest first. */
const MOST_TYPES = 6;

/** What can be said of a set without a short description: how much of which types, in how many blocks. */
export function countInWords(
  members: Members,
  set: Uint8Array,
  tensors: number,
  cells: readonly Cells[],
): Pick<Where, 'text' | 'subject' | 'place' | 'isPlural'> & { readonly terms: [] } {
  const types = new Map<string, [inside: number, all: number]>();
  members.rows.forEach(({ class: { type } }, row) => {
    const count = types.get(type) ?? [0, 0];
    types.set(type, count);
    count[0] += set[row] ?? 0;
    count[1] += 1;
  });
  const parts = [...types]
    .filter(([, [inside]]) => inside > 0)
    .sort(([a, [x]], [b, [y]]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_TYPES)
    .map(
      ([type, [inside, all]]) =>
        `${nameType(type).word} ${inside === all ? 'all' : formatCount(inside)}${inside === all ? '' : ` of ${formatCount(all)}`}`,
    );
  let touched = 0;
  let blocks = 0;
  for (const { bundles, stack } of cells.slice(0, -1)) {
    const found = new Set(bundles.flatMap(({ positions, isIn }) => positions.filter((_, at) => isIn[at] === 1)));
    touched += found.size;
    blocks += members.stacks[stack]?.blocks.length ?? 0;
  }
  // Blocks of several stacks have no common number: some are part of others.
  const place =
    touched === 0 || cells.length > 2 ? '' : `, in ${touched === blocks ? `all ${blocks}` : `${touched} of ${blocks}`} blocks`;
  const text = `${formatCount(tensors)} of ${formatCount(members.rows.length)} tensors${place} (${parts.join(', ')})`;
  return { text, subject: text, place: '', isPlural: tensors !== 1, terms: [] };
}
