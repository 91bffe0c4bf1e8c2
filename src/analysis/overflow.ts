import { roundingBound } from './precision.ts';
import type { TensorRow } from './tensor-row.ts';

/** NaN or Inf that a conversion made of values beyond the range of the new dtype. */
export interface Overflow {
  readonly from: string;
  readonly to: string;
  /** In order of depth. */
  readonly tensors: readonly string[];
  /** What the values became. */
  readonly became: 'NaN' | 'Inf';
  /** Elements that became that. */
  readonly elements: number;
  /** Largest finite magnitude in old. */
  readonly largestOld: number;
  /** Largest finite magnitude that the new dtype holds. */
  readonly limit: number;
}

interface Range {
  readonly limit: number;
  readonly beyond: 'nan' | 'inf';
}

/** Largest finite magnitudes, and what values beyond them are converted to. */
const RANGES: ReadonlyMap<string, Range> = new Map([
  ['f32', { limit: (2 - 2 ** -23) * 2 ** 127, beyond: 'inf' }],
  ['bf16', { limit: (2 - 2 ** -7) * 2 ** 127, beyond: 'inf' }],
  ['f16', { limit: 65504, beyond: 'inf' }],
  ['f8_e5m2', { limit: 57344, beyond: 'inf' }],
  ['f8_e4m3fn', { limit: 448, beyond: 'nan' }],
]);

/** Groups the rows whose NaN or Inf a conversion explains, by conversion. */
export function findOverflows(rows: readonly TensorRow[]): Overflow[] {
  const groups = new Map<string, Overflow>();
  for (const row of rows) {
    const { oldDtype: from, newDtype: to } = row;
    const range = RANGES.get(to);
    if (range === undefined || !isOverflow(row, range)) continue;
    const key = `${from}\n${to}`;
    const before = groups.get(key);
    groups.set(key, {
      from,
      to,
      tensors: [...(before?.tensors ?? []), row.name],
      became: range.beyond === 'nan' ? 'NaN' : 'Inf',
      elements: (before?.elements ?? 0) + row.readSide('new')[range.beyond] - row.readSide('old')[range.beyond],
      largestOld: Math.max(before?.largestOld ?? 0, largestOf(row)),
      limit: range.limit,
    });
  }
  return [...groups.values()];
}

/** Whether old has values that the new dtype cannot hold, nothing else was lost, and the rest changed by no more than rounding. */
function isOverflow(row: TensorRow, range: Range): boolean {
  if (!row.isCompared || row.oldDtype === row.newDtype || !(largestOf(row) > range.limit)) return false;
  const [old, fresh] = [row.readSide('old'), row.readSide('new')];
  const other = range.beyond === 'nan' ? 'inf' : 'nan';
  if (!(fresh[range.beyond] > old[range.beyond]) || fresh[other] > old[other]) return false;
  // Where nothing finite is left, no value may have been within the range.
  if (Number.isNaN(row.change)) return old.min > range.limit || old.max < -range.limit;
  return row.change <= roundingBound(row);
}

function largestOf(row: TensorRow): number {
  const { min, max } = row.readSide('old');
  return Math.max(Math.abs(min), Math.abs(max));
}
