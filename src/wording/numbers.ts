/**
 * Numbers as people read them, the same in sentences, tables and charts. Whatever does not exist is a dash, and never a zero.
 * Plain formatting of our own: `toLocaleString` costs 20 ms at its first use.
 */

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

/** A count with its noun: `1 tensor`, `2 tensors`. */
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

/** A count in three digits: `57`, `119k`, `7.62B`. Billions are B, as models are named. */
export function formatCompact(count: number | null): string {
  if (isMissing(count)) return MISSING;
  const units = ['', 'k', 'M', 'B', 'T'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0
    ? String(Math.round(value))
    : `${value < 1000 ? Number(value.toPrecision(3)) : formatCount(value)}${units[unit]}`;
}

/** From this many times on a relative size is a multiple and no percentage: 1,000%. */
const MULTIPLE = 10;
/** Percent below which digits say nothing any more. */
const LEAST_PERCENT = 1e-6;

/**
 * A share or a relative change, where 1 is 100%: `5.7%`, `0.0012%`, and `12×` from 1,000% on. Less than all is never written as 100%.
 * @param digits significant ones: two in sentences, three in tables
 */
export function formatPercent(share: number | null, digits: number = 2): string {
  if (isMissing(share)) return MISSING;
  const percent = share * 100;
  if (isNearlyAll(share, digits)) return `${Math.sign(percent) * (Math.floor(Math.abs(percent) * 100) / 100)}%`;
  const text = spellPercent(share, digits);
  return text.includes('.') ? text.replace(/\.?0+(?=%$)/u, '') : text;
}

/** As {@link formatPercent}, in so many digits whatever they are, so that a column of them reads evenly: `6.0%`, `>99%`. */
export function formatEvenPercent(share: number | null, digits: 2 | 3 = 2): string {
  if (isMissing(share)) return MISSING;
  return isNearlyAll(share, digits) ? (digits === 2 ? '>99%' : '>99.9%') : spellPercent(share, digits);
}

/** `5–25%`; with {@link formatEvenPercent} `5.6–6.0%`; one number where both ends read the same. */
export function formatPercentRange(
  low: number,
  high: number,
  format: (share: number) => string = (share) => formatPercent(share),
): string {
  const [first, last] = [format(low), format(high)];
  if (first === last) return first;
  return `${last.endsWith('%') ? first.replace(/%$/u, '') : first}–${last}`;
}

/** Whether a share that is not all would be rounded to all. */
function isNearlyAll(share: number, digits: number): boolean {
  const size = Math.abs(share * 100);
  return size < 100 && Number(size.toPrecision(digits)) >= 100;
}

function spellPercent(share: number, digits: number): string {
  const percent = share * 100;
  const size = Math.abs(percent);
  if (size === 0) return '0%';
  if (Math.abs(share) >= MULTIPLE) return formatFold(share, digits);
  if (size < LEAST_PERCENT) return `<${LEAST_PERCENT.toFixed(6)}%`;
  return `${spellDigits(percent, size >= 100 ? Math.max(3, digits) : digits)}%`;
}

/** So many significant digits, never with an exponent. */
function spellDigits(value: number, digits: number): string {
  const exponent = Number(value.toExponential(digits - 1).split('e')[1]);
  return value.toFixed(Math.max(0, digits - 1 - exponent));
}

/** A probability or a share that never claims all or nothing: `91%`, `>99%`, `<1%`. */
export function formatShare(share: number | null): string {
  if (isMissing(share)) return MISSING;
  if (share < 1 && share >= 0.995) return '>99%';
  return formatPercent(share);
}

/** As {@link formatShare}, in whole percent. */
export function formatConfidence(probability: number | null): string {
  if (isMissing(probability)) return MISSING;
  const percent = Math.round(probability * 100);
  if (percent === 100 && probability < 1) return '>99%';
  return percent === 0 && probability > 0 ? '<1%' : `${percent}%`;
}

/** A factor: `3.2×`, `5,936×`, `1.2e+9×`. */
export function formatFold(fold: number | null, digits: number = 2): string {
  if (isMissing(fold)) return MISSING;
  if (Math.abs(fold) >= 1e6) return `${fold.toExponential(1)}×`;
  return Math.abs(fold) >= 1000 ? `${formatCount(fold)}×` : `${Number(fold.toPrecision(digits))}×`;
}

/** A magnitude with its whole part in full, `65,504`; a large one as `1.00e+20`. */
export function formatMagnitude(size: number): string {
  if (size >= 1e6) return size.toExponential(2);
  return size < 1000 ? String(Number(size.toFixed(2))) : formatCount(size);
}

/**
 * A cosine: `0.998`, and near 1 its distance from 1, which is the number of interest: `1-3.2e-8`.
 * @param digits behind the point
 */
export function formatCosine(oneMinusCos: number | null, digits: number = 3): string {
  if (isMissing(oneMinusCos)) return MISSING;
  if (oneMinusCos === 0) return '1';
  return Math.abs(oneMinusCos) < Math.min(1e-3, 10 ** (1 - digits))
    ? `1-${oneMinusCos.toExponential(1)}`
    : (1 - oneMinusCos).toFixed(digits).replace(/^-(0\.0+)$/u, '$1');
}

/** How far a cosine is from 1, of any size in two digits: `0`, `2.5e-3`. */
export function formatOneMinusCos(oneMinusCos: number | null): string {
  if (isMissing(oneMinusCos)) return MISSING;
  return oneMinusCos === 0 ? '0' : oneMinusCos.toExponential(1);
}

/** Sizes of the dimensions: `[32×64]`; `[]` for a 0-d tensor. */
export function formatShape(shape: readonly number[], times: string = '×'): string {
  return `[${shape.join(times)}]`;
}

/** What of a list was left out, in words, as `… and 241 more modified tensors`. Empty when nothing was. */
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
