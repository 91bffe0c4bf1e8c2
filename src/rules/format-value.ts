import { formatCosine, formatCount, formatPercent, MISSING } from '../wording/numbers.ts';
import type { RuleMetric } from './metrics.ts';

/** Significant digits of a number at first, and where more are needed to tell it from a limit. */
const [FEWEST, MOST] = [2, 8];

/** A number as the reports write it, with as many digits as tell it from the limit that it breaks or keeps. */
export function formatValue(value: number, unit: RuleMetric['unit'], limit: number): string {
  if (!Number.isFinite(value)) return MISSING;
  const format = FORMATS[unit];
  for (let digits = FEWEST; digits < MOST; digits += 1) {
    const text = format(value, digits);
    if (value === limit || text !== format(limit, digits)) return text;
  }
  return format(value, MOST);
}

const FORMATS: Readonly<Record<RuleMetric['unit'], (value: number, digits: number) => string>> = {
  ratio: (value, digits) => formatPercent(value, digits),
  cosine: (value, digits) => formatCosine(1 - value, digits + 1),
  size: formatSize,
  elements: (value) => (Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(MOST)))),
};

/** A number as it is, and in exponents where that takes many zeros. */
function formatSize(value: number, digits: number): string {
  const size = Math.abs(value);
  return size === 0 || (size >= 1e-3 && size < 1e6) ? String(Number(value.toPrecision(digits + 1))) : value.toExponential(digits);
}
