/** The rounding model for want of a histogram: old is taken as Gaussian with its measured mean and deviation. */
import { erfc } from './erfc.ts';
import { changedAtSpacing, expectedChange, UNKNOWN_CHANGE, type ExpectedChange, type StorageGrid } from './model.ts';

/** Input of {@link approximateExpectedChange}. */
export interface GaussianInput extends StorageGrid {
  /** Mean of old. @default 0 */
  readonly mean?: number;
  /** Standard deviation of old about `mean` (its root mean square where the mean is 0). */
  readonly deviation: number;
  readonly sumSquaredDiff: number;
  readonly elements: number;
}

/** Answer of the approximate model. */
export interface ApproximateChange extends ExpectedChange {
  readonly approximate: true;
}

/** Octaves that are told apart; what lies below them is one bin. */
const OCTAVES = 20;

/** Answers for centred tensors far from the smallest exponent depend on two ratios alone: kept in steps of 1/32 octave. */
const answers = new Map<number, ApproximateChange>();
const UNKNOWN: ApproximateChange = { ...UNKNOWN_CHANGE, approximate: true };

/** As {@link expectedChange}, marked `approximate`: good to 0.01 in the fraction for really Gaussian weights. */
export function approximateExpectedChange(input: GaussianInput): ApproximateChange {
  const { mean = 0, deviation, sumSquaredDiff, elements } = input;
  const rms = Math.sqrt(mean * mean + deviation * deviation);
  const target = sumSquaredDiff / elements;
  if (!(rms > 0 && rms < Infinity && target > 0 && target < Infinity)) return UNKNOWN;
  const top = Math.ceil(Math.log2(Math.abs(mean) + 6 * deviation));
  const isCentred = Math.abs(mean) <= 0.05 * deviation;
  if (!isCentred || top - OCTAVES < input.minExponent) return solve(input, mean, deviation, top, rms);
  const fraction = Math.round((Math.log2(deviation) - top) * 32);
  const size = Math.round(Math.log2(target / deviation ** 2) * 32);
  const key = (size * 1024 + fraction) * 32 + input.mantissaBits;
  let answer = answers.get(key);
  if (answer === undefined) {
    const unit = 2 ** (fraction / 32);
    const scaled = { ...input, sumSquaredDiff: unit ** 2 * 2 ** (size / 32), elements: 1 };
    answer = solve(scaled, 0, unit, 0, unit);
    if (answers.size < 100_000) answers.set(key, answer);
  }
  return answer;
}

function solve(input: GaussianInput, mean: number, deviation: number, top: number, rms: number): ApproximateChange {
  const exponents = mean === 0 && top === 0 ? shareCentred(deviation) : integrateOctaves(mean, deviation, top);
  const { sumSquaredDiff, elements, mantissaBits, minExponent } = input;
  const exponentOffset = top - OCTAVES;
  const change = expectedChange({ exponents, exponentOffset, sumSquaredDiff, elements, mantissaBits, minExponent, rms });
  return { ...change, approximate: true };
}

const centred = new Map<number, Float64Array>();

/** {@link integrateOctaves} for one of the 32 deviations that centred tensors are rounded to. */
function shareCentred(deviation: number): Float64Array {
  let shares = centred.get(deviation);
  if (shares === undefined) centred.set(deviation, (shares = integrateOctaves(0, deviation, 0)));
  return shares;
}

/** Shares of |x| in the octaves below 2^top, lowest first. */
function integrateOctaves(mean: number, deviation: number, top: number): Float64Array {
  const shares = new Float64Array(OCTAVES);
  let above = 0;
  for (let i = OCTAVES - 1; i >= 0; i -= 1) {
    const beyond = i === 0 ? 1 : shareBeyond(2 ** (top - OCTAVES + i), mean, deviation);
    shares[i] = Math.max(0, beyond - above);
    above = beyond;
  }
  return shares;
}

/** Probability that |x| is at least `edge`. */
function shareBeyond(edge: number, mean: number, deviation: number): number {
  if (deviation === 0) return Math.abs(mean) >= edge ? 1 : 0;
  const scale = deviation * Math.SQRT2;
  return (erfc((edge - mean) / scale) + erfc((edge + mean) / scale)) / 2;
}

/** Share of Gaussian weights that an update of deviation `update` changes. */
export function approximateChangedShare(
  weights: StorageGrid & { readonly mean: number; readonly deviation: number },
  update: number,
): number {
  const { mean, deviation, mantissaBits, minExponent } = weights;
  const largest = Math.abs(mean) + 6 * deviation;
  if (!(largest > 0)) return 1;
  const top = Math.ceil(Math.log2(largest));
  const shares = integrateOctaves(mean, deviation, top);
  let changed = 0;
  for (let i = 0; i < OCTAVES; i += 1) {
    const unit = 2 ** (Math.max(top - OCTAVES + i, minExponent) - mantissaBits);
    changed += (shares[i] ?? 0) * changedAtSpacing(unit, update);
  }
  return changed;
}
