import type { ChangeType } from '../comparison/columns.ts';
import type { RoundingShape } from '../comparison/columns.ts';
import type { ProbeMetric } from '../comparison/metrics.ts';
import type { Nonfinite } from '../comparison/nonfinite.ts';
import type { TensorClass } from '../layer-types/tensor-class.ts';

/** Statistics of one side of a row, read when somebody asks. A number that is not known is NaN. */
export interface RowSide {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly nan: number;
  readonly inf: number;
  readonly zeros: number;
}

/** One tensor as every part of the analysis sees it, from columns or from hand-made differences. A number that is not known is NaN. */
export interface TensorRow {
  readonly name: string;
  readonly class: TensorClass;
  readonly changeType: ChangeType;
  /** Both sides are there, of one shape, and could be read. */
  readonly isCompared: boolean;
  readonly isIdentical: boolean;
  /** Elements of the tensor; of the new side where there is no old one. */
  readonly elements: number;
  /** Symmetric change r: sqrt(sum d^2) / max(|old|, |new|). */
  readonly change: number;
  /** sqrt(sum d^2) / |old|; NaN where old is zero. */
  readonly relativeChange: number;
  /** sqrt(sum d^2), in the unit of `size`. */
  readonly length: number;
  /** max(|old|, |new|); where norms are not known for all rows, the root of the number of elements. */
  readonly size: number;
  /** length^2, in the unit of `weight`; 0 where that is more than 10^150 below the largest weight. */
  readonly energy: number;
  /** size^2, divided for all rows alike by a power of two where f64 could not hold it. */
  readonly weight: number;
  /** 1 - cosine of the angle between old and new. */
  readonly oneMinusCos: number;
  readonly maxDiff: number;
  /** Share of elements whose value (its bits) changed, 0 to 1. */
  readonly changedShare: number;
  /** Share that rounding lets a dense update of this size change, 0 to 1. */
  readonly expectedChanged: number;
  /** Size of the update before rounding, relative to the root mean square of old. */
  readonly updateSize: number;
  /** Whether `expectedChanged` rests on the assumption of Gaussian weights instead of a histogram. */
  readonly isApproximate: boolean;
  /** Euclidean norms of the finite elements. */
  readonly oldNorm: number;
  readonly newNorm: number;
  /** '' where the side is absent or its dtype unknown. */
  readonly oldDtype: string;
  readonly newDtype: string;
  /** null where the side is absent or its shape unknown. */
  readonly oldShape: readonly number[] | null;
  readonly newShape: readonly number[] | null;
  /** NaN and infinite elements that came with the new side. */
  readonly newNonfinite: Nonfinite;
  readonly readSide: (side: 'old' | 'new') => RowSide;
  /** What a second look at the tensor has found; NaN where nobody looked. */
  readonly probe: (metric: ProbeMetric) => number;
  /** How the share of changed elements depends on their size. */
  readonly roundingShape: RoundingShape;
  readonly error: string | null;
}

/** Number of dimensions; null where unknown. */
export function dimensionsOf(row: TensorRow): number | null {
  return (row.oldShape ?? row.newShape)?.length ?? null;
}

/** Whether a row holds a weight matrix (two or more dimensions); names decide where the shape is not known. */
export function isMatrix(row: TensorRow): boolean {
  const dims = dimensionsOf(row);
  if (dims !== null) return dims >= 2;
  return row.class.kind === 'weight' && row.class.type !== 'norm';
}
