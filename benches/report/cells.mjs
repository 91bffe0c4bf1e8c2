/** Numbers of a record as they stand in a table. */

/** @typedef {import('../harness/spread.mjs').Spread} Spread */

export const megabytes = (/** @type {Spread | undefined} */ spread) => (spread ? `${Math.round(spread.median / 1e6)} MB` : '');
export const time = (/** @type {number} */ seconds) =>
  seconds >= 1 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : `${(seconds * 1000).toFixed(0)} ms`;
export const range = (/** @type {Spread} */ { min, median, max }, digits = 2) =>
  `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 */
export function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** What every section says when its benchmark is not in the record. @param {any} result */
export function missing(result) {
  if (result === undefined) return ['Not in the record.'];
  return typeof result.absent === 'string' ? [`Absent: ${result.absent}.`] : null;
}

/** The faster way of reading. @param {any} whole */
export function limitRate({ limit }) {
  return Math.max(limit.mmap_gb_per_second.median, limit.pread_gb_per_second.median);
}

/** @param {number} rate */
export function showRate(rate) {
  return `${rate >= 10 ? rate.toFixed(0) : rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2)} GB/s`;
}

/** @param {number} times */
export function showTimes(times) {
  return `${times >= 10 ? times.toFixed(0) : times.toFixed(1)}×`;
}

/**
 * @param {readonly any[]} lines
 * @param {readonly string[]} keys
 * @returns {any[][]}
 */
export function groupBy(lines, keys) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const line of lines) {
    const key = keys.map((name) => line[name]).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()];
}
