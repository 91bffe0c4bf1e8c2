import type { Measure, Sums } from './cells.ts';

/** Steps of colour. Each has a class of its own, `c0` to `c8`: the style gives them colours for a light and a dark page. */
export const STEPS = 9;
/** Steps of a ratio, below 1, about 1 and above it. */
export const RATIO_STEPS = 5;
/** A map of nearly equal values does not get the whole ramp: from end to end there is at least this factor. */
const LEAST_SPAN = 4;

/** What values the colours stand for. */
export interface Ramp {
  readonly low: number;
  readonly high: number;
  /** Whether smaller values than `low` have its colour too. */
  readonly isOpen: boolean;
  /** Class of a value: `c0` to `c8`, and for ratios `d0` (least) to `d4` (most) around 1. */
  readonly classOf: (value: number) => string;
}

/** A logarithmic ramp for the values of a map; null where no value is above 0. */
export function makeRamp(measure: Measure, cells: readonly (Sums | null)[]): Ramp | null {
  const values = cells
    .flatMap((sums) =>
      sums === null || sums.sized === 0 || sums.broken > 0 || sums.identical === sums.tensors ? [] : [measure.read(sums)],
    )
    .filter((value) => value > 0 && value < Infinity)
    .sort((a, b) => a - b);
  return measure.isRatio === true && values.length > 0 ? makeRatioRamp(values) : makeSizeRamp(values);
}

/** A logarithmic ramp for values above 0, in order; null for none. */
export function makeSizeRamp(values: readonly number[]): Ramp | null {
  const most = values.at(-1);
  if (most === undefined) return null;
  // The lowest twentieth shares the lightest colour: one cell that hardly moved does not take the range from the others.
  const least = values[Math.floor(values.length * 0.05)] ?? most;
  const [low, high] = [Math.min(least, most / LEAST_SPAN), most];
  const classOf = (value: number): string => {
    if (value === Infinity) return `c${STEPS - 1}`;
    const at = Math.log(value / low) / Math.log(high / low);
    return `c${Math.min(STEPS - 1, Math.max(0, Math.floor(at * STEPS)))}`;
  };
  return { low, high, isOpen: (values[0] ?? low) < low, classOf };
}

function makeRatioRamp(values: readonly number[]): Ramp {
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(Math.log(value))), Math.log(1.001));
  const classOf = (value: number): string => {
    if (value === Infinity) return `d${RATIO_STEPS - 1}`;
    const at = (Math.log(value) / most + 1) / 2;
    return `d${Math.min(RATIO_STEPS - 1, Math.max(0, Math.floor(at * RATIO_STEPS)))}`;
  };
  return { low: Math.exp(-most), high: Math.exp(most), isOpen: false, classOf };
}
