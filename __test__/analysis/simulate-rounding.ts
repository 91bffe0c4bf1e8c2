import type { ExponentBin } from '../../src/compare/rounding-shape.ts';
import { expectedChange, STORAGE_GRIDS } from '../../src/analysis/rounding/model.ts';

/** Numbers of one seed: uniform in [0, 1), and normally distributed. */
export function createRandom(seed: number): { uniform: () => number; normal: () => number } {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal };
}

export type FloatType = 'bf16' | 'f16' | 'f32';

/** A value rounded to the type, to nearest even. */
export function roundTo(value: number, dtype: FloatType): number {
  if (dtype === 'f32') return Math.fround(value);
  const { mantissaBits = 7, minExponent = -126 } = STORAGE_GRIDS.get(dtype) ?? {};
  const exponent = Math.max(minExponent, Math.floor(Math.log2(Math.abs(value) || 1e-300)));
  const magic = 1.5 * 2 ** (exponent - mantissaBits + 52);
  return value + magic - magic;
}

/** What the pass counts of old and new, and what the model solves from it. */
export function countBins(old: Float64Array, fresh: Float64Array, dtype: FloatType): { bins: ExponentBin[]; logSize: number } {
  const { mantissaBits = 7, minExponent = -126 } = STORAGE_GRIDS.get(dtype) ?? {};
  const [all, changed] = [new Float64Array(256), new Float64Array(256)];
  let squares = 0;
  old.forEach((value, at) => {
    const exponent = value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 127;
    all[exponent] = (all[exponent] ?? 0) + 1;
    if (value !== fresh[at]) changed[exponent] = (changed[exponent] ?? 0) + 1;
    squares += ((fresh[at] ?? 0) - value) ** 2;
  });
  const { updateSize } = expectedChange({
    mantissaBits,
    minExponent,
    exponents: all,
    sumSquaredDiff: squares,
    elements: old.length,
    rms: 1,
  });
  const bins: ExponentBin[] = [];
  all.forEach((elements, exponent) => {
    if (elements > 0 && exponent > 0)
      bins.push({ logUnit: Math.max(exponent - 127, minExponent) - mantissaBits, elements, changed: changed[exponent] ?? 0 });
  });
  return { bins, logSize: Math.log2(updateSize) };
}

/** Weights of deviation 0.02 on the grid of the type. */
export function makeWeights(count: number, dtype: FloatType, random: ReturnType<typeof createRandom>): Float64Array {
  return Float64Array.from({ length: count }, () => roundTo(0.02 * random.normal(), dtype));
}

/** Adam on a gradient that is noise around a small constant, with the weights rounded after every step. */
export function trainRounded(
  old: Float64Array,
  dtype: FloatType,
  rate: number,
  steps: number,
  signal: number,
  random: ReturnType<typeof createRandom>,
): Float64Array {
  return old.map((start) => {
    const drift = signal * random.normal();
    let [value, first, second] = [start, 0, 0];
    for (let step = 1; step <= steps; step += 1) {
      const gradient = drift + random.normal();
      first = 0.9 * first + 0.1 * gradient;
      second = 0.999 * second + 0.001 * gradient * gradient;
      const update = (rate * (first / (1 - 0.9 ** step))) / (Math.sqrt(second / (1 - 0.999 ** step)) + 1e-8);
      value = roundTo(value - update, dtype);
    }
    return value;
  });
}
