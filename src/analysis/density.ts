import { sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** How many elements of the changed tensors changed, against how many rounding lets change. */
export interface Density {
  /** Share of elements that changed, 0 to 1, over tensors that changed at least a fifth as much as the reference. */
  readonly observed: number;
  /** Share that a dense update of this size changes in this dtype. */
  readonly expected: number;
  /**
   * `dense`: as many changed as rounding lets, and more than half; `rounded`: as many as rounding lets, but fewer than half;
   * `sparse`: fewer than 60% of what rounding lets change: some elements were left out of the update.
   */
  readonly verdict: 'dense' | 'rounded' | 'sparse';
  /** Whether the expectation rests on Gaussian weights for a part of the tensors. */
  readonly isApproximate: boolean;
  /** Only embeddings changed: rows of tokens that the data lacks get no update, which is no mask. */
  readonly isOnlyEmbeddings: boolean;
  /** dtypes of the tensors. */
  readonly dtypes: readonly string[];
}

/** Below this share of the expectation an update is really sparse. */
export const REALLY_SPARSE = 0.6;
/** Tensors that changed less than this share of the reference are not asked. */
const RELEVANT = 0.2;

/** Density of the update, embeddings left out where anything else changed; null where it is not known for at least half of the elements. */
export function measureDensity(rows: readonly TensorRow[], reference: number): Density | null {
  const changed = rows.filter((row) => row.isCompared && row.change >= RELEVANT * reference && row.elements > 0);
  const dense = changed.filter((row) => row.class.type !== 'embedding');
  const relevant = dense.length > 0 ? dense : changed;
  const known = relevant.filter((row) => Number.isFinite(row.changedShare) && Number.isFinite(row.expectedChanged));
  const elements = sumOf(known, (row) => row.elements);
  if (elements === 0 || elements * 2 < sumOf(relevant, (row) => row.elements)) return null;
  const observed = sumOf(known, (row) => row.changedShare * row.elements) / elements;
  const expected = sumOf(known, (row) => row.expectedChanged * row.elements) / elements;
  const verdict = observed < REALLY_SPARSE * expected ? 'sparse' : observed < 0.5 ? 'rounded' : 'dense';
  return {
    observed,
    expected,
    verdict,
    isOnlyEmbeddings: dense.length === 0,
    isApproximate: known.some((row) => row.isApproximate),
    dtypes: [...new Set(known.map((row) => row.oldDtype))].sort(),
  };
}
