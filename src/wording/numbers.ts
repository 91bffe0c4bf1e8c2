/** Numbers as reports print them. Whatever does not exist is a dash, and never a zero. */

/** What stands for a number that does not exist. */
export const MISSING = '–';

/** A count with thousands separators: `1,234,567`. */
export function formatCount(count: number | null): string {
  return isMissing(count)
    ? MISSING
    : Math.round(count)
        .toString()
        .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `one tensor`, `2 tensors`: a count and its noun. */
export function formatNoun(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** Bytes in decimal units: `512 B`, `16.1 GB`. */
export function formatBytes(bytes: number | null): string {
  if (isMissing(bytes)) return MISSING;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(value < 99.95 ? 3 : 4))} ${units[unit]}`;
}

/** A number of any size in three digits: `0`, `3.95e-2`, `1.20e+3`. */
export function formatExponent(value: number | null): string {
  if (isMissing(value)) return MISSING;
  return value === 0 ? '0' : value.toExponential(2);
}

/** A share or a relative change, where 1 is 100 %: `3.95 %`, `0.00123 %`, and `8.8e-8` where percent would be all zeros. */
export function formatPercent(share: number | null): string {
  if (isMissing(share)) return MISSING;
  const percent = share * 100;
  const size = Math.abs(percent);
  if (size === 0) return '0 %';
  if (size < 1e-3 || size >= 9999.5) return share.toExponential(1);
  // 99.9999 % of the elements is not all of them.
  if (size > 99.9 && size < 100) return `${Math.sign(percent) * (Math.floor(size * 100) / 100)} %`;
  return size === 100 ? `${percent} %` : `${percent.toPrecision(size >= 999.5 ? 4 : 3)} %`;
}

/** A probability in whole percent, which never claims certainty: `91 %`, `>99 %`. */
export function formatConfidence(probability: number): string {
  if (isMissing(probability)) return MISSING;
  const percent = Math.round(probability * 100);
  if (percent === 100 && probability < 1) return '>99 %';
  return percent === 0 && probability > 0 ? '<1 %' : `${percent} %`;
}

/** A cosine with the digits that tell: `0.9871`, and `1-3.2e-8` near 1, where its distance from 1 is the number of interest. */
export function formatCosine(cosine: number | null, oneMinusCos: number | null): string {
  if (isMissing(cosine)) return MISSING;
  if (!isMissing(oneMinusCos) && oneMinusCos !== 0 && Math.abs(oneMinusCos) < 1e-4) return `1-${oneMinusCos.toExponential(1)}`;
  return cosine === 1 ? '1' : cosine.toFixed(5);
}

/** Sizes of the dimensions: `[32×64]`; `[]` for a 0-d tensor. */
export function formatShape(shape: readonly number[], times: string = '×'): string {
  return `[${shape.join(times)}]`;
}

/** A share of the listed rows that was left out, in words, as `… and 241 more modified tensors`. Empty when nothing was. */
export function formatRest(rest: number, noun: string, plural: string = `${noun}s`): string {
  return rest <= 0 ? '' : `… and ${formatCount(rest)} more ${rest === 1 ? noun : plural}`;
}

/** True for null, undefined, NaN and the infinities. */
export function isMissing(value: number | null | undefined): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

/** The largest of any number of values, 0 where there is none above it. A spread into `Math.max` ends at some 100,000. */
export function findLargest(values: readonly number[]): number {
  return values.reduce((largest, value) => (value > largest ? value : largest), 0);
}
