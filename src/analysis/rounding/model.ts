/**
 * What rounding to the storage dtype alone leaves unchanged.
 *
 * A weight of exponent e lies on a grid of spacing u = 2^(e - p), p mantissa bits. A dense Gaussian update of standard
 * deviation s moves it to another grid point with probability erfc(u / (2 sqrt2 s)), and what is left of its square
 * after rounding has the mean m2(u, s) = u^2 sum_{k>=1} (2k - 1) erfc((k - 1/2) u / (s sqrt2)).
 * Solving sum_e h(e) m2(u_e, s) / n = sum d^2 / n for s gives the update before rounding; then
 * f_exp = sum_e h(e) erfc(u_e / (2 sqrt2 s)) / n is the fraction of elements that should have changed.
 */
import { erfc } from './erfc.ts';
import { CHANGED, interpolate, LAST_OCTAVE, SQUARE } from './tables.ts';

/** Precision of a floating-point storage dtype. */
export interface StorageGrid {
  readonly mantissaBits: number;
  /** Smallest normal exponent: the grid gets no finer below it. */
  readonly minExponent: number;
}

/** Dtypes that the rounding model holds for. */
export const STORAGE_GRIDS: ReadonlyMap<string, StorageGrid> = new Map([
  ['bf16', { mantissaBits: 7, minExponent: -126 }],
  ['f16', { mantissaBits: 10, minExponent: -14 }],
  ['f32', { mantissaBits: 23, minExponent: -126 }],
]);

/** Input of {@link expectedChange}. */
export interface RoundingInput extends StorageGrid {
  /** Counts of the elements of old by exponent; bin i holds exponent i + `exponentOffset`. A sample will do. */
  readonly exponents: ArrayLike<number>;
  /** Exponent of bin 0. @default -127: bins are the biased exponents of f32 and bf16 */
  readonly exponentOffset?: number;
  /** Sum of d^2 over the tensor. */
  readonly sumSquaredDiff: number;
  /** Number of elements that `sumSquaredDiff` runs over. */
  readonly elements: number;
  /** Root mean square of old. @default estimated from the exponents */
  readonly rms?: number;
}

/** Result of the rounding model. */
export interface ExpectedChange {
  /** Fraction of elements that a dense update of this size changes in this dtype, 0 to 1; NaN where unknown. */
  readonly expectedChanged: number;
  /** Size of the update before rounding, relative to the root mean square of old; NaN where unknown. */
  readonly updateSize: number;
}

/** Answer where there is nothing to solve. */
export const UNKNOWN_CHANGE: ExpectedChange = { expectedChanged: Number.NaN, updateSize: Number.NaN };

/** Above this ratio of s to u the closed form s^2 + u^2 / 12 replaces the sum; the two agree to 1e-10 there. */
const CLOSED_FORM = 3;
/** Largest finite exponent of f32; the bin above counts Inf and NaN. */
const MAX_EXPONENT = 127;

/** Of a double, the type with most of them. */
const EXPONENTS = 2048;

/**
 * Shares of the elements by the spacing of the grid that they lie on. One for all calls: there is one for each tensor of a model, and
 * none outlives its call.
 */
const bins = {
  count: 0,
  share: new Float64Array(EXPONENTS),
  /** Grid spacing, and its log2. */
  unit: new Float64Array(EXPONENTS),
  logUnit: new Float64Array(EXPONENTS),
};

/** Mean square that rounding leaves of an update of deviation s. */
function roundedSquare(s: number): number {
  const logS = Math.log2(s);
  let total = 0;
  for (let bin = 0; bin < bins.count; bin += 1) {
    const unit = bins.unit[bin] ?? 0;
    const square =
      s > CLOSED_FORM * unit ? s * s + (unit * unit) / 12 : unit * unit * interpolate(SQUARE, logS - (bins.logUnit[bin] ?? 0));
    total += (bins.share[bin] ?? 0) * square;
  }
  return total;
}

/** Fraction of elements that an update of deviation s moves to another grid point. */
function changedShare(s: number): number {
  const logS = Math.log2(s);
  let total = 0;
  for (let bin = 0; bin < bins.count; bin += 1) {
    const octave = logS - (bins.logUnit[bin] ?? 0);
    total +=
      (bins.share[bin] ?? 0) * (octave < LAST_OCTAVE ? interpolate(CHANGED, octave) : erfc(2 ** -octave / (2 * Math.SQRT2)));
  }
  return total;
}

/** Deviation s whose rounded square is `target`: regula falsi (Illinois) on log2 s, where log2 of the square is a smooth rising curve. */
function solveUpdate(target: number): number {
  const miss = (log: number): number => Math.log2(Math.max(roundedSquare(2 ** log), 1e-300) / target);
  const size = Math.log2(target) / 2;
  // m2 never exceeds 4/3 s^2 (at s = 0.43 u), so s is at least sqrt(3/4) of the size.
  let low = size - 0.25;
  let lowMiss = miss(low);
  let high = low;
  let highMiss = lowMiss;
  while (highMiss < 0) {
    [low, lowMiss] = [high, highMiss];
    high += 2;
    highMiss = miss(high);
  }
  let side = 0;
  while (high - low > 1e-6) {
    const next = lowMiss < -99 ? (low + high) / 2 : (low * highMiss - high * lowMiss) / (highMiss - lowMiss);
    const nextMiss = miss(next);
    if (Math.abs(nextMiss) < 1e-6) return 2 ** next;
    if (nextMiss < 0) {
      [low, lowMiss] = [next, nextMiss];
      if (side === -1) highMiss /= 2;
      side = -1;
    } else {
      [high, highMiss] = [next, nextMiss];
      if (side === 1) lowMiss /= 2;
      side = 1;
    }
  }
  return 2 ** ((low + high) / 2);
}

/** Fills the bins with the exponents that hold elements; whether there are any. */
function fillBins({ exponents, exponentOffset = -127, mantissaBits, minExponent }: RoundingInput): boolean {
  const last = Math.min(exponents.length, MAX_EXPONENT + 1 - exponentOffset);
  let total = 0;
  for (let i = 0; i < last; i += 1) total += exponents[i] ?? 0;
  bins.count = 0;
  for (let i = 0; i < last; i += 1) {
    const share = (exponents[i] ?? 0) / total;
    if (!(share > 0)) continue;
    const logUnit = Math.max(i + exponentOffset, minExponent) - mantissaBits;
    bins.share[bins.count] = share;
    bins.logUnit[bins.count] = logUnit;
    bins.unit[bins.count] = 2 ** logUnit;
    bins.count += 1;
  }
  return bins.count > 0;
}

/** Root mean square that the exponents imply (1.85: mean square of a mantissa, weighted as a Gaussian weighs its octaves). */
function estimateRms({ exponents, exponentOffset = -127 }: RoundingInput): number {
  const last = Math.min(exponents.length, MAX_EXPONENT + 1 - exponentOffset);
  let total = 0;
  for (let i = 0; i < last; i += 1) total += exponents[i] ?? 0;
  let square = 0;
  for (let i = 1; i < last; i += 1) square += ((exponents[i] ?? 0) / total) * 1.85 * 4 ** (i + exponentOffset);
  return Math.sqrt(square);
}

/** Fraction of elements that a dense update of the measured size changes, from the exponents of the old tensor. */
export function expectedChange(input: RoundingInput): ExpectedChange {
  const target = input.sumSquaredDiff / input.elements;
  if (!(target > 0) || !Number.isFinite(target) || !fillBins(input)) return UNKNOWN_CHANGE;
  const update = solveUpdate(target);
  // In single precision: the last bit of what Math.exp and Math.log2 give differs between processors, and reports are to be the same.
  return {
    expectedChanged: Math.fround(Math.min(1, changedShare(update))),
    updateSize: Math.fround(update / (input.rms ?? estimateRms(input))),
  };
}

/** Fraction of values at grid spacing `unit` that an update of deviation `s` changes. */
export function changedAtSpacing(unit: number, s: number): number {
  return erfc(unit / (2 * Math.SQRT2 * s));
}
