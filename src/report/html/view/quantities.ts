/** The numbers of one tensor that a page shows, filters and sorts by, each stated once. `sections/explain.ts` says what they mean. */
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatEvenPercent,
  formatFold,
  formatOneMinusCos,
  isMissing,
  MISSING,
} from '../../../wording/numbers.ts';
import { numberAt, type PageTensors, statusAt } from '../data/page-tensors.ts';

/** A number of a tensor. */
export interface Quantity {
  /** In filters and addresses. */
  readonly key: string;
  /** Head of its column. */
  readonly title: string;
  /** NaN where there is none; Infinity for what comes from zero. */
  readonly read: (tensors: PageTensors, row: number) => number;
  readonly format: (value: number) => string;
  /** Whether the table shows it until somebody chooses otherwise. */
  readonly isShown?: true;
}

/** How sizes, factors and ratios of norms are written; Infinity is what comes from zero. */
export const percent = (value: number): string => (value === Infinity ? 'from 0' : formatEvenPercent(value, 3));
export const fold = (value: number): string => (value === Infinity ? 'from 0' : formatFold(value, 3));
export const ratio = (value: number): string =>
  value === Infinity ? 'from 0' : isMissing(value) ? MISSING : `${value.toPrecision(4)}×`;

/** A number of any size in three digits, with an exponent where it is far from 1: `0.553`, `8.10`, `3.95e-5`. */
export function formatReal(value: number): string {
  if (isMissing(value)) return MISSING;
  const size = Math.abs(value);
  return value === 0 ? '0' : size >= 1e-3 && size < 999.5 ? value.toPrecision(3) : value.toExponential(2);
}

/** Whether sizes of the change of a row say something: both sides are there with one shape, as values and not as codes, and not all NaN. */
export function isSized(tensors: PageTensors, row: number): boolean {
  const status = statusAt(tensors, row);
  if (status === 'identical') return true;
  if (status !== 'changed' && status !== 'unchanged') return false;
  const total = numberAt(tensors, 'elements', row);
  return !(total > 0 && (countNonfinite(tensors, 'old', row) >= total || countNonfinite(tensors, 'new', row) >= total));
}

/** NaN and infinite elements of a side. */
export function countNonfinite(tensors: PageTensors, side: 'old' | 'new', row: number): number {
  return (numberAt(tensors, `${side}Nan`, row) || 0) + (numberAt(tensors, `${side}Inf`, row) || 0);
}

const sized =
  (read: Quantity['read']): Quantity['read'] =>
  (tensors, row) =>
    isSized(tensors, row) ? read(tensors, row) : Number.NaN;

/** Size of the change relative to the old weights: 0 for identical tensors, Infinity where all was zero. */
export const readRelative: Quantity['read'] = sized((tensors, row) => {
  if (statusAt(tensors, row) === 'identical') return 0;
  const size = numberAt(tensors, 'l2', row);
  return size === 0 ? 0 : size / numberAt(tensors, 'oldNorm', row);
});

/** A number of a row as it is shown: with a sign where only the least that it can be is known. */
export function showQuantity({ key, read, format }: Quantity, tensors: PageTensors, row: number): string {
  const value = read(tensors, row);
  return (key === 'rel' && value > 0 && Number.isNaN(readRelative(tensors, row)) ? '≥' : '') + format(value);
}

export const QUANTITIES: readonly Quantity[] = [
  {
    key: 'rel',
    title: 'relative change',
    read: (tensors, row) => {
      const size = readRelative(tensors, row);
      return Number.isNaN(size) ? numberAt(tensors, 'least', row) / numberAt(tensors, 'oldNorm', row) : size;
    },
    format: percent,
    isShown: true,
  },
  {
    key: 'cos',
    title: '1 − cosine',
    read: sized((tensors, row) => (statusAt(tensors, row) === 'identical' ? 0 : numberAt(tensors, 'turn', row))),
    format: formatOneMinusCos,
    isShown: true,
  },
  {
    key: 'changed',
    title: 'elements changed',
    read: (tensors, row) => {
      if (statusAt(tensors, row) === 'codes') return Number.NaN;
      const total = numberAt(tensors, 'elements', row);
      return total === 0 ? 0 : numberAt(tensors, 'changed', row) / total;
    },
    format: percent,
    isShown: true,
  },
  {
    key: 'expected',
    title: 'changed / expected',
    read: sized((tensors, row) => {
      const total = numberAt(tensors, 'elements', row);
      return numberAt(tensors, 'changed', row) / total / numberAt(tensors, 'expected', row);
    }),
    format: fold,
  },
  {
    key: 'max',
    title: 'largest |d|',
    read: sized((tensors, row) => numberAt(tensors, 'maxDiff', row)),
    format: formatReal,
    isShown: true,
  },
  {
    key: 'mean',
    title: 'mean d',
    read: sized((tensors, row) => numberAt(tensors, 'meanDiff', row)),
    format: formatReal,
  },
  {
    key: 'ratio',
    title: 'norm ratio',
    read: sized((tensors, row) => numberAt(tensors, 'newNorm', row) / numberAt(tensors, 'oldNorm', row)),
    format: ratio,
  },
  {
    key: 'norm',
    title: 'old norm',
    read: (tensors, row) => numberAt(tensors, 'oldNorm', row),
    format: formatReal,
  },
  {
    key: 'nan',
    title: 'NaN and Inf',
    read: (tensors, row) => countNonfinite(tensors, 'new', row),
    format: formatCount,
  },
  {
    key: 'elements',
    title: 'elements',
    read: (tensors, row) => numberAt(tensors, 'elements', row),
    format: formatCompact,
  },
  {
    key: 'bytes',
    title: 'size',
    read: (tensors, row) => {
      const bytes = numberAt(tensors, 'newBytes', row);
      return Number.isNaN(bytes) ? numberAt(tensors, 'oldBytes', row) : bytes;
    },
    format: formatBytes,
  },
];
