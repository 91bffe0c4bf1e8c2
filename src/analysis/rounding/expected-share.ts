import { approximateExpectedChange } from './gaussian.ts';
import { STORAGE_GRIDS, type ExpectedChange } from './model.ts';

/** What is known of a tensor for which no distribution was gathered. */
export interface UpdatedTensor {
  readonly oldDtype: string;
  readonly newDtype: string;
  readonly oldNorm: number;
  /** Mean and standard deviation of old; NaN where unknown. */
  readonly mean: number;
  readonly std: number;
  readonly l2Diff: number;
  readonly elements: number;
}

/** Expected change of a tensor whose weights are taken as Gaussian; null where the model says nothing. */
export function expectShare(tensor: UpdatedTensor): ExpectedChange | null {
  const { oldDtype, newDtype, oldNorm, mean, std, l2Diff, elements } = tensor;
  const grid = STORAGE_GRIDS.get(oldDtype);
  if (grid === undefined || oldDtype !== newDtype || !(l2Diff > 0) || !(oldNorm > 0) || !(elements > 0)) return null;
  const isKnown = Number.isFinite(mean) && Number.isFinite(std);
  const { mantissaBits, minExponent } = grid;
  return approximateExpectedChange({
    mean: isKnown ? mean : 0,
    deviation: isKnown ? std : oldNorm / Math.sqrt(elements),
    sumSquaredDiff: l2Diff * l2Diff,
    elements,
    mantissaBits,
    minExponent,
  });
}
