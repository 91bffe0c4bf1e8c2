/** Numbers of several rounds. */

/** @typedef {{ min: number, median: number, max: number }} Spread */

/**
 * @param {readonly number[]} values At least one.
 * @returns {Spread}
 */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ index) => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

/**
 * Spreads of the figures that every run of a program has.
 * @param {readonly import('./programs.mjs').Measured[]} runs
 * @param {number} [bytes] Of both sides, for the rate.
 */
export function summarize(runs, bytes) {
  /** @type {Record<string, Spread>} */
  const result = {};
  for (const key of /** @type {const} */ ([
    'seconds',
    'process_seconds',
    'peak_bytes',
    'peak_anonymous_bytes',
    'minor_faults',
    'major_faults',
  ])) {
    const values = runs.map((run) => run[key]).filter((value) => value !== null);
    if (values.length === runs.length) result[key] = spread(values);
  }
  if (bytes !== undefined) result.gb_per_second = spread(runs.map(({ seconds }) => bytes / seconds / 1e9));
  return result;
}

/** @param {Spread} spread @param {number} [digits] */
export function format({ min, median, max }, digits = 2) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
