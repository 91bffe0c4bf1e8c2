import type { TrainingInsight } from '../analysis/types.ts';
import { hasFinitePair, leastChangeAt, type TensorColumns } from '../comparison/columns.ts';
import { hasNewNonfinite } from '../comparison/nonfinite.ts';
import { selectFirst } from '../comparison/select-first.ts';
import { compareCodeUnits } from '../names/order.ts';
import { selectRows } from './groups.ts';
import { compareSeverity } from './severity.ts';

/**
 * The first `count` rows of the modified tensors, most changed first: those that gained NaN or Inf, then those that were all zero (their relative
 * change has no number), then by relative change, and by name where that is equal.
 */
export function rankModified(columns: TensorColumns, count: number, isRanked: (row: number) => boolean = () => true): number[] {
  const rows = selectRows(columns, 'modified').filter(isRanked);
  const keys = new Float64Array(columns.names.length);
  for (const row of rows) keys[row] = readKey(columns, row);
  return selectFirst(
    rows,
    count,
    (a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || compareCodeUnits(columns.names[a] ?? '', columns.names[b] ?? ''),
  );
}

/** Modified tensors that were all zeros: no relative change is known of them. By the size that they have now, the largest first. */
export function listFromZero(columns: TensorColumns): number[] {
  const rows = [...selectRows(columns, 'modified')].filter(
    (row) => columns.old.norm[row] === 0 && !Number.isFinite(columns.relativeChange[row]) && hasFinitePair(columns, row),
  );
  return rows.sort((a, b) => (columns.new.norm[b] ?? 0) - (columns.new.norm[a] ?? 0) || a - b);
}

/** Insights, the most severe first, otherwise as they came. */
export function sortInsights(insights: readonly TrainingInsight[]): TrainingInsight[] {
  return [...insights].sort(compareSeverity);
}

function readKey(columns: TensorColumns, row: number): number {
  if (hasNewNonfinite(columns, row)) return Number.MAX_VALUE;
  const change = columns.relativeChange[row] ?? Number.NaN;
  if (Number.isFinite(change)) return change;
  const least = leastChangeAt(columns, row);
  if (Number.isFinite(least)) return least;
  return columns.old.norm[row] === 0 ? Number.MAX_VALUE / 2 : -1;
}
