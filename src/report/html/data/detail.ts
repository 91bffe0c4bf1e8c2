import { CHANGE_TYPES, type TensorColumns } from '../../../comparison/columns.ts';
import { formatCount } from '../../../wording/numbers.ts';
import type { HtmlDetail } from '../../options.ts';
import { rankModified } from '../../rank.ts';

/** Above so many tensors a page would be too large to open with ease. */
const MOST = 150_000;
/** Tensors that such a page holds. */
const TOP = 5000;

/** The part of the tensors that a page holds. */
export interface Detail {
  readonly rows: Uint32Array;
  readonly left: number;
  readonly words: string;
}

/** The tensors that a page holds; null for all. Those that are not just changed come first, then the most changed. */
export function chooseDetail(columns: TensorColumns, detail: HtmlDetail): Detail | null {
  const count = columns.names.length;
  const most = typeof detail === 'number' ? detail : detail === 'full' || count <= MOST ? count : TOP;
  if (most >= count) return null;
  const isOdd = (row: number): boolean =>
    columns.errors.has(row) || (columns.changeType[row] ?? 0) > CHANGE_TYPES.indexOf('modified');
  const odd = Array.from(columns.names.keys()).filter(isOdd).slice(0, most);
  const rows = Uint32Array.from([...odd, ...rankModified(columns, most - odd.length)]).sort();
  const left = count - rows.length;
  return {
    rows,
    left,
    words: `The list below holds ${formatCount(rows.length)} of ${formatCount(count)} tensors: what was added, removed, reshaped or could not be compared, and the most changed. Map, findings and totals are of all of them. --html-detail full puts every tensor into the page.`,
  };
}
