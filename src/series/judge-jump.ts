import { median, robustDeviation } from '../analysis/statistics.ts';

/** From this many values before it on, a value is judged by its robust z; at most the last 20 count. */
const WINDOW = { least: 5, most: 20 };
/** A robust z above this is a jump. */
const ALARM = 5;
/** Least standard deviation of the logarithms: nothing below three times the median is a jump, however even the steps before were. */
const LEAST_DEVIATION = Math.log(3) / ALARM;
/** With fewer values before it, a value above this multiple of their median is a jump. */
const FALLBACK_RATIO = 10;

/** A value far above those before it. */
export interface Jump {
  /** Median of the values before. */
  readonly reference: number;
  /** Robust z of the logarithm; null where there are too few values before for one. */
  readonly z: number | null;
}

/**
 * Whether the value at `at` is far above those before it: robust z > 5 of the logarithm over the preceding window of 5 to 20 values,
 * or, where there are 1 to 4, more than ten times their median. Zeros and missing values before it do not count. The first value is
 * never a jump: training begins with large steps.
 */
export function judgeJump(values: ArrayLike<number | null>, at: number): Jump | null {
  const value = values[at] ?? Number.NaN;
  if (!(value > 0 && Number.isFinite(value))) return null;
  const window: number[] = [];
  for (let index = at - 1; index >= 0 && window.length < WINDOW.most; index -= 1) {
    const earlier = values[index] ?? Number.NaN;
    if (earlier > 0 && Number.isFinite(earlier)) window.push(Math.log(earlier));
  }
  if (window.length === 0) return null;
  const centre = median(window);
  const rise = Math.log(value) - centre;
  const reference = Math.exp(centre);
  if (window.length < WINDOW.least) return rise > Math.log(FALLBACK_RATIO) ? { reference, z: null } : null;
  const z = rise / Math.max(robustDeviation(window), LEAST_DEVIATION);
  return z > ALARM ? { reference, z } : null;
}
