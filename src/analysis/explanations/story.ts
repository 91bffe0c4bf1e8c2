import type { DiffSummary } from '../../comparison/summary.ts';
import { listNames } from '../../wording/sentences.ts';
import type { SortedRows } from '../apart.ts';
import type { TensorRow } from '../tensor-row.ts';

/** What explanations are drawn from. */
export interface Story extends SortedRows {
  readonly rows: readonly TensorRow[];
  readonly summary: DiffSummary;
  /** Weights that could be compared. */
  readonly compared: readonly TensorRow[];
  /** Those of them that changed. */
  readonly changed: readonly TensorRow[];
  /** A set of tensors in words, as `q_proj and v_proj in all 6 blocks`. */
  readonly describe: (rows: readonly TensorRow[]) => string;
  /** Groups that changed very unequally, with their sizes; null where all are alike. */
  readonly contrast: (rows: readonly TensorRow[]) => string | null;
  /** How the change grows or falls with depth, with its range; null where it does neither. */
  readonly trend: (rows: readonly TensorRow[]) => string | null;
}

/** Whether a weight changed at all. */
export function hasChanged(row: TensorRow): boolean {
  return row.isCompared && !row.isIdentical && (row.changeType === 'modified' || row.change > 0);
}

/** The story of sorted rows. */
export function readStory(rows: readonly TensorRow[], sorted: SortedRows, summary: DiffSummary): Story {
  const compared = sorted.weights.filter((row) => row.isCompared);
  return {
    ...sorted,
    rows,
    summary,
    compared,
    changed: compared.filter((row) => hasChanged(row)),
    describe: (some) => listNames(some.map(({ name }) => name)),
    contrast: () => null,
    trend: () => null,
  };
}
