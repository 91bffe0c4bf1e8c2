/** Sums of squares carry a relative error of at most this. */
const SUM_ERROR = 1e-6;
/** A cosine whose error may exceed this is not told. */
const COSINE_ERROR = 0.05;

/**
 * Cosine between two successive ways a and b from sums of squares alone: |a + b|^2 = |a|^2 + |b|^2 + 2 a.b. NaN where one of them is
 * zero, and where the smaller one drowns in the rounding of the larger.
 */
export function polarise(whole: number, first: number, second: number): number {
  const scale = Math.sqrt(first) * Math.sqrt(second);
  if (!(scale > 0) || (SUM_ERROR * (whole + first + second)) / (2 * scale) > COSINE_ERROR) return Number.NaN;
  return Math.min(1, Math.max(-1, (whole - first - second) / (2 * scale)));
}
