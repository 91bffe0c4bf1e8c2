import { CHANGE_TYPES, type SideColumns, type TensorColumns } from '../types.ts';
import { escapeCsv } from './escape.ts';
import type { Report } from './report.ts';

/** Every tensor of the result, listed or not, one a row (RFC 4180). Numbers in full; an empty cell where there is none. */
export function writeCsv({ columns }: Report): string {
  const lines = [CSV_COLUMNS.map(([title]) => title).join(',')];
  for (let row = 0; row < columns.names.length; row += 1) {
    lines.push(CSV_COLUMNS.map(([, read]) => writeCell(read(columns, row))).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

type Cell = string | number | boolean | null | undefined;
type ReadCell = (columns: TensorColumns, row: number) => Cell;

/** Titles and contents of the columns, in order. */
const CSV_COLUMNS: readonly (readonly [string, ReadCell])[] = [
  ['name', (columns, row) => columns.names[row]],
  ['change_type', (columns, row) => CHANGE_TYPES[columns.changeType[row] ?? 0]],
  ['l2_diff', (columns, row) => columns.l2Diff[row]],
  ['l1_diff', (columns, row) => columns.l1Diff[row]],
  ['max_diff', (columns, row) => columns.maxDiff[row]],
  ['mean_diff', (columns, row) => columns.meanDiff[row]],
  ['cosine_sim', (columns, row) => columns.cosineSim[row]],
  ['one_minus_cos', (columns, row) => columns.oneMinusCos[row]],
  ['relative_change', (columns, row) => columns.relativeChange[row]],
  ['symmetric_change', (columns, row) => columns.symmetricChange[row]],
  ['changed_elements', (columns, row) => columns.changedElements[row]],
  ['total_elements', (columns, row) => columns.totalElements[row]],
  ['change_ratio', readChangeRatio],
  ['identical', (columns, row) => columns.identical[row] === 1],
  ['bit_changed', (columns, row) => columns.bitChanged[row]],
  ['dtype_changed', (columns, row) => columns.dtypeChanged[row] === 1],
  ...listSide('old'),
  ...listSide('new'),
  ['error', (columns, row) => columns.errors.get(row)],
];

function listSide(side: 'old' | 'new'): (readonly [string, ReadCell])[] {
  const number =
    (field: Exclude<keyof SideColumns, 'dtype' | 'shape'>): ReadCell =>
    (columns, row) =>
      columns[side][field][row];
  return [
    [`${side}_dtype`, (columns, row) => columns[side].dtype[row]],
    [`${side}_shape`, (columns, row) => (columns[side].dtype[row] === '' ? null : JSON.stringify(columns[side].shape[row]))],
    [`${side}_elements`, number('numElements')],
    [`${side}_bytes`, number('sizeBytes')],
    [`${side}_norm`, number('norm')],
    [`${side}_mean`, number('mean')],
    [`${side}_std`, number('std')],
    [`${side}_min`, number('min')],
    [`${side}_max`, number('max')],
    [`${side}_zeros`, number('zeros')],
    [`${side}_nan`, number('nan')],
    [`${side}_inf`, number('inf')],
  ];
}

function readChangeRatio(columns: TensorColumns, row: number): number {
  const total = columns.totalElements[row] ?? Number.NaN;
  const changed = columns.changedElements[row] ?? Number.NaN;
  return total === 0 && !Number.isNaN(changed) ? 0 : changed / total;
}

function writeCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  return typeof cell === 'boolean' ? String(cell) : escapeCsv(cell);
}
