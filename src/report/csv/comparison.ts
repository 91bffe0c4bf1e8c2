import { classifyColumns } from '../../comparison/classify.ts';
import { changeTypeAt, type TensorColumns } from '../../comparison/columns.ts';
import { PAIR_METRIC_NAMES, SIDE_METRIC_NAMES } from '../../comparison/metrics.ts';
import { changeRatioAt } from '../../comparison/rows.ts';
import type { TensorClass } from '../../layer-types/tensor-class.ts';
import { escapeCsv } from '../../wording/escape.ts';
import { toSnakeCase } from '../../wording/snake-case.ts';
import { readPath } from '../modules.ts';
import type { Report } from '../report.ts';

/** Every tensor of the result, listed or not, one a row (RFC 4180). Numbers in full; an empty cell where there is none. */
export function* writeCsv({ columns }: Report): Generator<string> {
  const own = columns.bounds === undefined ? CSV_COLUMNS : [...CSV_COLUMNS, ...BOUNDS];
  yield `${own.map(([title]) => title).join(',')}\r\n`;
  for (let row = 0; row < columns.names.length; row += 1)
    yield `${own.map(([, read]) => writeCell(read(columns, row))).join(',')}\r\n`;
}

type Cell = string | number | boolean | null | undefined;
type ReadCell = (columns: TensorColumns, row: number) => Cell;

/** Titles and contents of the columns, in order. */
const CSV_COLUMNS: readonly (readonly [string, ReadCell])[] = [
  ['name', (columns, row) => columns.names[row]],
  ['change_type', changeTypeAt],
  ['block', (columns, row) => classAt(columns, row)?.depth],
  ['module', moduleAt],
  ['layer_type', (columns, row) => classAt(columns, row)?.type],
  ['role', (columns, row) => classAt(columns, row)?.role],
  ...PAIR_METRIC_NAMES.map((metric): readonly [string, ReadCell] => [
    toSnakeCase(metric),
    (columns, row) => columns[metric][row],
  ]),
  ['total_elements', (columns, row) => columns.totalElements[row]],
  ['change_ratio', changeRatioAt],
  ['identical', (columns, row) => columns.identical[row] === 1],
  ['dtype_changed', (columns, row) => columns.dtypeChanged[row] === 1],
  ...listSide('old'),
  ...listSide('new'),
  ['error', (columns, row) => columns.errors.get(row)],
];

/** Only where hashes were compared. */
const BOUNDS: typeof CSV_COLUMNS = [
  ['l2_diff_min', ({ bounds }, row) => bounds?.l2DiffMin[row]],
  ['l2_diff_max', ({ bounds }, row) => bounds?.l2DiffMax[row]],
];

function classAt(columns: TensorColumns, row: number): TensorClass | undefined {
  return classifyColumns(columns)[row];
}

/** The same in every block: `self_attn.q_proj`. */
function moduleAt(columns: TensorColumns, row: number): Cell {
  const found = classAt(columns, row);
  return found === undefined ? null : readPath(found.key, found.stack !== null).join('.');
}

function listSide(side: 'old' | 'new'): (readonly [string, ReadCell])[] {
  return [
    [`${side}_dtype`, (columns, row) => columns[side].dtype[row]],
    [`${side}_shape`, (columns, row) => (columns[side].dtype[row] === '' ? null : JSON.stringify(columns[side].shape[row]))],
    [`${side}_elements`, (columns, row) => columns[side].numElements[row]],
    [`${side}_bytes`, (columns, row) => columns[side].sizeBytes[row]],
    ...SIDE_METRIC_NAMES.map((metric): readonly [string, ReadCell] => [
      `${side}_${metric}`,
      (columns, row) => columns[side][metric][row],
    ]),
  ];
}

function writeCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  return typeof cell === 'boolean' ? String(cell) : escapeCsv(cell);
}
