import { formatPercent } from '../../wording/numbers.ts';
import { sum } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';

/** Share of misrounded elements up to which one side is the other one, rounded to the nearest; weights that were have none in most schemes. */
const ROUNDED = 1e-4;
/**
 * Share from which a tensor was changed as well, or rounded by a scheme that corrects later weights for the error of earlier ones. Scales that
 * are quantised themselves leave 0.4% of the weights nearer to another value: measured for nf4.
 */
const MISROUNDED = 5e-3;

/** How well the elements of one side fit the other one's, rounded. */
export type Fit = 'rounded' | 'unclear' | 'misrounded';

/** Whether a tensor has more misrounded elements than any rounding to the nearest leaves. */
export function isMisrounded(row: TensorRow, side: 'old' | 'new'): boolean {
  return row.probe(`${side}Misrounded`) > MISROUNDED;
}

/** The fit of tensors together, and their mean share of misrounded elements; null where nobody looked. */
export function fitOf(rows: readonly TensorRow[], side: 'old' | 'new'): { readonly fit: Fit; readonly share: number | null } {
  const shares = rows.map((row) => row.probe(`${side}Misrounded`)).filter((share) => !Number.isNaN(share));
  if (shares.length === 0) return { fit: 'unclear', share: null };
  const share = sum(shares) / shares.length;
  return { fit: share > MISROUNDED ? 'misrounded' : share > ROUNDED ? 'unclear' : 'rounded', share };
}

/** What a fit leaves open, behind the size of the error. */
export function describeFit(fit: Fit, share: number | null): string {
  if (fit === 'rounded') return '';
  if (fit === 'unclear' || share === null) return '; a smaller change cannot be seen';
  return `; but ${formatPercent(share)} of the weights lie nearer to another value of the grid: they changed too, or were not rounded to the nearest`;
}
