import type { TensorRow } from './tensor-row.ts';
import { isMatrix } from './tensor-row.ts';
import { sum, sumOf } from './statistics.ts';
import { chooseNearUnit, rootOfQuotient, sumSquares } from '../comparison/unit.ts';

/** Change of a group of tensors taken as one vector. */
export interface OverallChange {
  /** R = sqrt(sum d^2 / sum max(old^2, new^2)), 0 to 2; 0 for no tensor. */
  readonly change: number;
  /** Cosine between old and new; null when a side is zero or the norms are not known. */
  readonly cosine: number | null;
  /** 1 - cosine, without cancellation; null as `cosine`. */
  readonly oneMinusCos: number | null;
  /** |new| / |old|; null as `cosine`. */
  readonly normRatio: number | null;
  readonly elements: number;
  readonly tensors: number;
}

/** What a tensor adds to the change of its group. */
export type SizedChange = Pick<TensorRow, 'length' | 'size'>;

/** R of a group of rows: sqrt(sum length^2 / sum size^2). */
export function groupChange(rows: readonly SizedChange[]): number {
  const lengths = new Float64Array(rows.length);
  const sizes = new Float64Array(rows.length);
  let count = 0;
  for (const { length, size } of rows) {
    if (!Number.isFinite(length) || !Number.isFinite(size)) continue;
    lengths[count] = length;
    sizes[count] = size;
    count += 1;
  }
  const whole = sumSquares(sizes.subarray(0, count), sum);
  return whole.sum > 0 ? rootOfQuotient(sumSquares(lengths.subarray(0, count), sum), whole) : 0;
}

/** The weights that a magnitude is measured on: matrices, or all of them where no matrix changed. */
export function selectMeasured(weights: readonly TensorRow[]): readonly TensorRow[] {
  const compared = weights.filter((row) => row.isCompared);
  const matrices = compared.filter((row) => isMatrix(row));
  return matrices.some((row) => row.change > 0) ? matrices : compared;
}

/** Change of all rows as one vector. 1 - cos = (AD - P^2) / (sqrt(AB) (sqrt(AB) + A + P)), A = |old|^2, D = |d|^2, P = old . d. */
export function measureOverall(rows: readonly TensorRow[]): OverallChange {
  const measured = rows.filter(
    (row) => Number.isFinite(row.oldNorm) && Number.isFinite(row.newNorm) && Number.isFinite(row.length),
  );
  const base = { change: groupChange(rows), elements: sumOf(rows, (row) => row.elements || 0), tensors: rows.length };
  // Products of squares are taken.
  const unit = chooseNearUnit(measured.map(({ size }) => size));
  const old = sumOf(measured, (row) => (row.oldNorm / unit) ** 2);
  const fresh = sumOf(measured, (row) => (row.newNorm / unit) ** 2);
  if (measured.length < rows.length || !(old > 0 && fresh > 0))
    return { ...base, cosine: null, oneMinusCos: null, normRatio: null };
  const energy = sumOf(measured, (row) => (row.length / unit) ** 2);
  const product = (fresh - old - energy) / 2;
  const root = Math.sqrt(old * fresh);
  const raw = (old * energy - product ** 2) / (root * (root + old + product));
  const oneMinusCos = Math.min(2, Math.max(0, Number.isFinite(raw) ? raw : 2));
  return { ...base, cosine: 1 - oneMinusCos, oneMinusCos, normRatio: Math.sqrt(fresh / old) };
}
