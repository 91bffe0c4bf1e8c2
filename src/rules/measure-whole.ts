import { sortRows } from '../analysis/apart.ts';
import { measureOverall, selectMeasured } from '../analysis/overall.ts';
import type { TensorRow } from '../analysis/tensor-row.ts';
import { hasNewNonfinite } from '../comparison/nonfinite.ts';
import type { Case } from './cases.ts';
import type { Whole } from './metrics.ts';
import type { Subject } from './rule.ts';

/** One number of several tensors. */
export interface Together {
  /** Means nothing where a tensor is faulty. */
  readonly number: number;
  /** The tensors that it is of, or would be. */
  readonly counted: readonly Case[];
  /** Those of them that leave no number. */
  readonly faulty: readonly Case[];
}

/**
 * The number of the verdict: over the matrices as one vector, or over all weights where no matrix changed. There is none where a tensor could
 * not be read or has new NaN or Inf, where a weight has no counterpart of its shape or is stored as other codes, or where the numbers of one cannot
 * be added up.
 */
export function measureWhole({ columns, rows, allowNonfinite }: Subject, pick: Whole, cases: readonly Case[]): Together {
  const asked = cases.flatMap((one) => rows.slice(one.row, one.row + 1).map((row) => ({ one, row })));
  const { weights: all, apart } = sortRows(rows);
  const sorted = new Set(all);
  const codes = new Set(apart.get('codes'));
  const weights = new Set(asked.map(({ row }) => row).filter((row) => sorted.has(row)));
  const measured = new Set(selectMeasured([...weights]));
  const isBroken = (row: TensorRow, at: number): boolean =>
    row.error !== null ||
    (!allowNonfinite && hasNewNonfinite(columns, at)) ||
    (weights.has(row) && !row.isCompared) ||
    (codes.has(row) && !row.isIdentical);
  const faulty = asked.filter(({ one, row }) => isBroken(row, one.row) || (measured.has(row) && !canBeAdded(row)));
  const faults = new Map(faulty.map(({ one, row }) => [row, { ...one, fault: one.fault ?? BEYOND }]));
  return {
    number: measured.size === 0 ? Number.NaN : (pick(measureOverall([...measured])) ?? Number.NaN),
    counted: asked.filter(({ row }) => measured.has(row) || faults.has(row)).map(({ one }) => one),
    faulty: [...faults.values()],
  };
}

/** Of a tensor that may have a number of its own, but whose norm f64 cannot hold. */
const BEYOND = 'no number';

function canBeAdded({ length, size }: TensorRow): boolean {
  return Number.isFinite(length) && Number.isFinite(size);
}
