import { selectMeasured } from './overall.ts';
import { sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** A change of the storage dtype, and whether rounding explains what changed. */
export interface Conversion {
  readonly from: string;
  readonly to: string;
  readonly tensors: number;
  /** Relative change that rounding makes: 2^-(p + 2.24) for p mantissa bits of the narrower dtype, or what underflow to f16 makes; 0 where the new one holds every old value. */
  readonly expected: number;
  /** The new dtype is the wider one, yet values differ by what rounding the new ones to the old dtype makes. */
  readonly isReverse: boolean;
  /** Tensors that changed by more than 1.25 times that. */
  readonly exceeding: readonly string[];
}

/** What changes of dtype explain. */
export interface PrecisionChange {
  readonly conversions: readonly Conversion[];
  /** Probability that rounding is all that happened; 0 when some tensor exceeds it. */
  readonly onlyRounding: number;
}

/** Mantissa and exponent bits of floating-point dtypes. */
const FLOATS: ReadonlyMap<string, readonly [mantissa: number, exponent: number]> = new Map([
  ['f64', [52, 11]],
  ['f32', [23, 8]],
  ['bf16', [7, 8]],
  ['f16', [10, 5]],
  ['f8_e4m3fn', [3, 4]],
  ['f8_e4m3', [3, 4]],
  ['f8_e5m2', [2, 5]],
]);
/** Measured error against the formula stays within this factor for any distribution of weights. */
const TOLERANCE = 1.25;

/** Relative change that rounding to `to` makes; null for dtypes that are not floating point. */
export function roundingError(from: string, to: string): number | null {
  const source = FLOATS.get(from);
  const target = FLOATS.get(to);
  if (source === undefined || target === undefined) return null;
  return target[0] >= source[0] ? 0 : 2 ** -(target[0] + 2.24);
}

/** Half the spacing of the smallest magnitudes of f16: what underflow changes of one element at most. */
const UNDERFLOW = 2 ** -25;

/** Relative change of a tensor that the underflow of small values to f16 makes at most; weights of ordinary size have next to none. */
function underflowError({ newDtype, elements, oldNorm, newNorm }: TensorRow): number {
  const norm = Math.max(oldNorm, newNorm);
  return newDtype === 'f16' && norm > 0 ? (Math.sqrt(elements) * UNDERFLOW) / norm : 0;
}

/** Relative change up to which rounding to the new dtype explains all. */
export function roundingBound(row: TensorRow): number {
  return TOLERANCE * (roundingError(row.oldDtype, row.newDtype) ?? 0) + underflowError(row);
}

/** Changes of dtype; null when there is none. */
export function findConversions(rows: readonly TensorRow[]): PrecisionChange | null {
  const groups = new Map<string, TensorRow[]>();
  for (const row of rows) {
    if (!row.isCompared || row.oldDtype === '' || row.newDtype === '' || row.oldDtype === row.newDtype) continue;
    const key = `${row.oldDtype}\n${row.newDtype}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  if (groups.size === 0) return null;
  const conversions = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]): Conversion => {
      const [from = '', to = ''] = key.split('\n');
      const forwards = roundingError(from, to) ?? 0;
      const backwards = roundingError(to, from) ?? 0;
      const isReverse =
        forwards === 0 &&
        backwards > 0 &&
        members.some((row) => row.change > underflowError(row)) &&
        members.every((row) => row.change <= TOLERANCE * backwards);
      const underflow = members.reduce((most, row) => (row.change > 0 ? Math.max(most, underflowError(row)) : most), 0);
      const expected = isReverse ? backwards : Math.max(forwards, underflow);
      const exceeding = members
        .filter((row) => row.change > (isReverse ? TOLERANCE * expected : roundingBound(row)))
        .map((row) => row.name);
      return { from, to, tensors: members.length, expected, isReverse, exceeding };
    });
  const isExplained = conversions.every(({ exceeding }) => exceeding.length === 0);
  return { conversions, onlyRounding: isExplained ? likelihood(rows) : 0 };
}

/** Share of the changed elements in matrices whose change is what rounding makes, at most 0.99; 0 when another tensor changed too. */
function likelihood(rows: readonly TensorRow[]): number {
  const changed = rows.filter((row) => row.isCompared && row.change > 0);
  if (changed.length === 0) return 1;
  if (changed.some((row) => row.oldDtype === row.newDtype)) return 0;
  const measured = selectMeasured(rows).filter((row) => row.change > 0);
  const isTypical = (row: TensorRow): boolean => {
    const error = roundingError(row.oldDtype, row.newDtype) || roundingError(row.newDtype, row.oldDtype) || Infinity;
    return row.change > 0.7 * error || row.change <= underflowError(row);
  };
  const count = (list: readonly TensorRow[]): number => sumOf(list, (row) => row.elements || 0);
  return Math.min(0.99, count(measured.filter((row) => isTypical(row))) / count(measured));
}
