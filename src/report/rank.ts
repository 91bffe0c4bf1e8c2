import { selectFirst } from '../comparison/select-first.ts';
import type { TrainingInsight } from '../analysis/types.ts';
import type { Severity } from '../checkpoint/types.ts';
import { CHANGE_TYPES, type ChangeType, type SideColumns, type TensorColumns } from '../comparison/columns.ts';

/**
 * The first `count` rows of the modified tensors, most changed first: those that gained NaN or Inf, then those that were all zero (their relative
 * change has no number), then by relative change, and by name where that is equal.
 */
export function rankModified(columns: TensorColumns, count: number): number[] {
  const rows = selectRows(columns, 'modified');
  const keys = new Float64Array(columns.names.length);
  for (const row of rows) keys[row] = readKey(columns, row);
  return selectFirst(
    rows,
    count,
    (a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || compareNames(columns.names[a] ?? '', columns.names[b] ?? ''),
  );
}

/** Rows of one change type in the order of the table, without those that could not be compared. */
export function selectRows(columns: TensorColumns, type: ChangeType): Uint32Array {
  const code = CHANGE_TYPES.indexOf(type);
  const rows: number[] = [];
  for (let row = 0; row < columns.names.length; row += 1) {
    if (columns.changeType[row] === code && !columns.errors.has(row)) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/** Rows that keep their values and shape but not their dtype. */
export function selectDtypeChanged(columns: TensorColumns): Uint32Array {
  const unchanged = selectRows(columns, 'unchanged');
  return unchanged.filter((row) => columns.dtypeChanged[row] === 1);
}

/** NaN and infinite elements that the new tensor has and the old one had not; 0 where the counts are not known. */
export function countNewNonfinite(columns: TensorColumns, row: number): number {
  const count = (side: 'old' | 'new'): number => (columns[side].nan[row] ?? Number.NaN) + (columns[side].inf[row] ?? Number.NaN);
  const gained = count('new') - count('old');
  return gained > 0 ? gained : 0;
}

/** Insights, the most severe first, otherwise as they came. */
export function sortInsights(insights: readonly TrainingInsight[]): TrainingInsight[] {
  return [...insights].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** Whether any element is finite on both sides. Where none is, changes and angles are of nothing. */
export function hasFinitePair(columns: TensorColumns, row: number): boolean {
  const total = columns.totalElements[row] ?? 0;
  const count = ({ nan, inf }: SideColumns): number => (nan[row] ?? 0) + (inf[row] ?? 0);
  const least = Math.max(count(columns.old), count(columns.new));
  return !(total > 0 && least >= total);
}

function readKey(columns: TensorColumns, row: number): number {
  if (countNewNonfinite(columns, row) > 0) return Number.MAX_VALUE;
  const change = columns.relativeChange[row] ?? Number.NaN;
  if (Number.isFinite(change)) return change;
  return columns.old.norm[row] === 0 ? Number.MAX_VALUE / 2 : -1;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
