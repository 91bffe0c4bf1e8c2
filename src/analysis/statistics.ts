/**
 * Sums and order statistics whose result is the same, to the last bit, for any order of their values.
 * Addition of doubles depends on order; so values are sorted before they are added.
 */
import { sortAscending } from './sort-ascending.ts';

/** Sum in ascending order of value. Integers are exact in any order, so they are not sorted. */
export function sum(values: ArrayLike<number>): number {
  const count = sumIntegers(values);
  if (count !== null) return count;
  const sorted = sortAscending(values);
  let total = 0;
  for (let at = 0; at < sorted.length; at += 1) total += sorted[at] ?? 0;
  return total;
}

/** Sum of non-negative integers up to 2^53; null for anything else. */
function sumIntegers(values: ArrayLike<number>): number | null {
  let total = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (!Number.isInteger(value) || value < 0) return null;
    total += value;
  }
  return total <= Number.MAX_SAFE_INTEGER ? total : null;
}

/** Sum over items, in ascending order of value. */
export function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  const values = new Float64Array(items.length);
  for (let at = 0; at < items.length; at += 1) values[at] = valueOf(items[at] as T);
  return sum(values);
}

/** Arithmetic mean; NaN for no value. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Middle value, or the mean of the two middle ones; NaN for no value. */
export function median(values: ArrayLike<number>): number {
  const sorted = sortAscending(values);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** 1.4826 times the median distance from the median: the standard deviation of a Gaussian, deaf to outliers. */
export function robustDeviation(values: readonly number[]): number {
  const centre = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - centre)));
}

/** Gini coefficient of non-negative values: 0 when all are equal, towards 1 when one holds everything. */
export function gini(values: readonly number[]): number {
  const sorted = new Float64Array(values).sort();
  let total = 0;
  let ranked = 0;
  sorted.forEach((value, index) => {
    total += value;
    ranked += (index + 1) * value;
  });
  return total === 0 ? 0 : (2 * ranked) / (sorted.length * total) - (sorted.length + 1) / sorted.length;
}

/** Result of {@link splitInTwo}. */
export interface TwoLevels {
  /** Values at or above this one are in the upper class. */
  readonly threshold: number;
  /** Mean of the upper class minus mean of the lower. */
  readonly gap: number;
  /** Pooled standard deviation within the classes. */
  readonly within: number;
  /** Share of values in the upper class. */
  readonly upperShare: number;
  /** Share of the variance that the two levels explain; 0 when there is no variance. */
  readonly explained: number;
}

/** Otsu's split: the threshold between two classes with the largest variance between them. Null when all values are equal. */
export function splitInTwo(values: readonly number[]): TwoLevels | null {
  const sorted = sortAscending(values);
  const count = sorted.length;
  const centre = sum(sorted) / count;
  let total = 0;
  for (let at = 0; at < count; at += 1) total += ((sorted[at] ?? 0) - centre) ** 2;
  let best = 0;
  let cut = 0;
  let below = 0;
  for (let index = 1; index < count; index += 1) {
    below += (sorted[index - 1] ?? 0) - centre;
    if (sorted[index] === sorted[index - 1]) continue;
    const between = (below * below * count) / (index * (count - index));
    if (between > best) [best, cut] = [between, index];
  }
  if (cut === 0) return null;
  const lower = sum(sorted.subarray(0, cut)) / cut;
  const upper = sum(sorted.subarray(cut)) / (count - cut);
  let inner = 0;
  for (let at = 0; at < count; at += 1) inner += ((sorted[at] ?? 0) - (at < cut ? lower : upper)) ** 2;
  return {
    threshold: sorted[cut] ?? Number.NaN,
    gap: upper - lower,
    within: Math.sqrt(inner / count),
    upperShare: (count - cut) / count,
    explained: total === 0 ? 0 : 1 - inner / total,
  };
}
