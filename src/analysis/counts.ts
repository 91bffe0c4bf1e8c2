import type { ChangeType, DiffSummary } from '../types.ts';
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

/** Counts tensors; a summary that was made by hand is believed where it says more than the rows. */
export function countTensors(rows: readonly TensorRow[], summary: Partial<DiffSummary>): TensorCounts {
  const byType = { unchanged: 0, modified: 0, added: 0, removed: 0, shape_changed: 0, failed: 0, identical: 0 };
  let common = 0;
  let compared = 0;
  for (const row of rows) {
    const isCommon = row.changeType !== 'added' && row.changeType !== 'removed';
    if (isCommon) common += 1;
    if (row.isCompared) compared += 1;
    if (row.error === null) byType[row.changeType] += 1;
    else byType.failed += 1;
    if (row.isCompared && row.isIdentical) byType.identical += 1;
  }
  if (summary.tensors === undefined) {
    common = Math.max(common, (summary.unchangedParameters ?? 0) + (summary.modifiedParameters ?? 0));
    byType.added = Math.max(byType.added, summary.addedParameters ?? 0);
    byType.removed = Math.max(byType.removed, summary.removedParameters ?? 0);
    byType.failed = Math.max(byType.failed, summary.failedParameters ?? 0);
    byType.unchanged = Math.max(byType.unchanged, summary.unchangedParameters ?? 0);
    byType.modified = Math.max(byType.modified, (summary.modifiedParameters ?? 0) - byType.shape_changed);
    byType.identical = Math.max(byType.identical, summary.identicalParameters ?? 0);
  }
  return { byType, common, compared, ...shareUnchanged(rows) };
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
