import type { ChangeType } from '../comparison/columns.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** Numbers of tensors, and of elements that kept their value. */
export interface TensorCounts {
  readonly byType: Readonly<Record<ChangeType | 'failed' | 'identical', number>>;
  /** Tensors that both sides have. */
  readonly common: number;
  /** Those of them that could be compared. */
  readonly compared: number;
  /** Share of the elements of compared tensors that kept their value; null when not counted. */
  readonly unchangedShare: number | null;
  /** Share of them that rounding alone keeps: an update of the measured size, had it touched every element of the changed tensors. */
  readonly expectedUnchangedShare: number | null;
}

/** Counts tensors as the summary has them: one that was made by hand may know more than the rows. */
export function countTensors(rows: readonly TensorRow[], summary: DiffSummary): TensorCounts {
  const byType = {
    unchanged: summary.unchangedTensors,
    modified: summary.modifiedTensors,
    added: summary.addedTensors,
    removed: summary.removedTensors,
    shape_changed: summary.reshapedTensors,
    failed: summary.failedTensors,
    identical: summary.identicalTensors,
  };
  const shared = rows.filter((row) => row.changeType !== 'added' && row.changeType !== 'removed').length;
  return {
    byType,
    common: Math.max(shared, byType.unchanged + byType.modified + byType.shape_changed),
    compared: rows.filter((row) => row.isCompared).length,
    ...shareUnchanged(rows),
  };
}

function shareUnchanged(rows: readonly TensorRow[]): Pick<TensorCounts, 'unchangedShare' | 'expectedUnchangedShare'> {
  const compared = rows.filter((row) => row.isCompared && row.elements > 0);
  const elements = count(compared, () => 1);
  const counted = compared.filter((row) => Number.isFinite(row.changedShare));
  if (elements === 0 || counted.length < compared.length) return { unchangedShare: null, expectedUnchangedShare: null };
  const changed = compared.filter((row) => row.changedShare > 0);
  const known = changed.filter((row) => Number.isFinite(row.expectedChanged));
  const isEnough = count(known, () => 1) * 2 >= count(changed, () => 1);
  const expected = isEnough ? count(known, (row) => 1 - row.expectedChanged) / elements : null;
  return { unchangedShare: 1 - count(compared, (row) => row.changedShare) / elements, expectedUnchangedShare: expected };
}

function count(rows: readonly TensorRow[], share: (row: TensorRow) => number): number {
  return sumOf(rows, (row) => row.elements * share(row));
}
