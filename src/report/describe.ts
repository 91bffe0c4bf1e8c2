import type { TensorColumns } from '../comparison/columns.ts';
import { MISSING, formatCosine, formatPercent, isMissing } from '../wording/numbers.ts';
import { hasFinitePair } from './rank.ts';

/** The numbers of one modified tensor in words, as the tables of all reports show them. */
export interface RowWords {
  readonly relative: string;
  readonly cosine: string;
  readonly changed: string;
  /** Length of the bar, 0 to 1 of the largest shown change. */
  readonly share: number;
}

/**
 * Describes one row.
 * @param top largest relative change of the table, for the bar
 * @param formatChange how a relative change is written
 */
export function describeRow(
  columns: TensorColumns,
  row: number,
  top: number,
  formatChange: (change: number) => string,
): RowWords {
  const change = columns.relativeChange[row] ?? Number.NaN;
  const fromZero = isMissing(change) && columns.old.norm[row] === 0;
  const comparable = hasFinitePair(columns, row);
  const changed = columns.changedElements[row] ?? Number.NaN;
  const total = columns.totalElements[row] ?? Number.NaN;
  return {
    relative: !comparable ? MISSING : fromZero ? 'from 0' : formatChange(change),
    cosine: comparable ? formatCosine(columns.oneMinusCos[row] ?? null, 5) : MISSING,
    changed: formatPercent(total === 0 && changed === 0 ? 0 : changed / total, 3),
    share: !comparable ? 0 : fromZero ? 1 : top > 0 && !isMissing(change) ? change / top : 0,
  };
}

/** Largest relative change of the given rows, 0 where none has one. */
export function findTop(columns: TensorColumns, rows: readonly number[]): number {
  return rows.reduce((largest, row) => {
    const change = columns.relativeChange[row] ?? Number.NaN;
    return Number.isFinite(change) && change > largest ? change : largest;
  }, 0);
}
