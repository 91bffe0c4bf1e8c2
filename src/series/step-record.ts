import { findOverflows } from '../analysis/overflow.ts';
import { roundingError } from '../analysis/precision.ts';
import { readRows } from '../analysis/rows.ts';
import { hasFinitePair, isCompared, type SideColumns, type TensorColumns } from '../comparison/columns.ts';
import { findCodes, isCodeType } from './find-codes.ts';
import { countStep, type StepCounts } from './step-counts.ts';

/** The comparisons that one step rests on; the same one may stand for several. */
export interface StepPairs {
  /** The checkpoint before and this one. */
  readonly last: TensorColumns;
  /** The first checkpoint and this one. */
  readonly start: TensorColumns;
  /** The checkpoint before the last one and this one; null in the first step. */
  readonly before: TensorColumns | null;
}

/** Sizes of one comparison by row of the step; NaN where a tensor is not in it, failed, or has no element that is finite on both sides. */
export interface PairSizes {
  /** Of the difference. */
  readonly length: Float64Array;
  readonly oldNorm: Float64Array;
  readonly newNorm: Float64Array;
  /** Rows that are stored as codes on a side: their numbers are no sizes. */
  readonly codes: ReadonlySet<number>;
}

/**
 * What is kept of a step: of the columns of its comparisons, which are let go of, only what totals and tensors are computed from once it
 * is known which tensors every checkpoint has. Rows are the tensors of the last two checkpoints, 81 bytes each.
 */
export interface StepRecord {
  /** Numbers of the tensors, as the series' list has them; shared with the step before where that has the same. */
  readonly tensors: Int32Array;
  readonly last: PairSizes;
  readonly start: PairSizes;
  /** Length of the difference from the checkpoint before the last one; null in the first step. */
  readonly before: Float64Array | null;
  /** Length of what rounding the last checkpoint to its dtype changes. */
  readonly rounding: Float64Array;
  /** NaN and Inf of the old side; null in later steps, where they are those of the new side of the step before. */
  readonly oldNonfinite: Float64Array | null;
  readonly newNonfinite: Float64Array;
  readonly changedElements: Float64Array;
  /** 1 where the step changed no element. */
  readonly identical: Uint8Array;
  readonly counts: StepCounts;
  /** Why tensors could not be compared, by name. */
  readonly failures: ReadonlyMap<string, string>;
  /** By name, the conversion that made a tensor's NaN and Inf: no sign of a run that diverged. */
  readonly overflows: ReadonlyMap<string, string>;
  /** The tensors that are stored as codes in this step by name, and whether the new side has them so. */
  readonly codes: ReadonlyMap<string, boolean>;
}

/** Takes from the comparisons of a step what is kept of them. */
export function keepStep({ last, start, before }: StepPairs, tensors: Int32Array): StepRecord {
  const rows = alignRows(last.names, last);
  const sizes = measureSizes(last, rows);
  const startSizes = start === last ? sizes : measureSizes(start, alignRows(last.names, start));
  return {
    tensors,
    last: sizes,
    start: startSizes,
    before:
      before === start ? startSizes.length : before && measureLengths(before, alignRows(last.names, before), findCodes(before)),
    rounding: sizes.oldNorm.map((norm, row) => (roundingError('f64', last.old.dtype[row] ?? '') ?? 0) * norm),
    oldNonfinite: before === null ? countNonfinite(last.old) : null,
    newNonfinite: countNonfinite(last.new),
    changedElements: last.changedElements,
    identical: last.identical.map((same, row) => (last.errors.has(row) ? 0 : same)),
    counts: countStep(last),
    failures: new Map(Array.from(last.errors, ([row, message]) => [last.names[row] ?? '', message])),
    overflows: describeOverflows(last),
    codes: new Map(Array.from(sizes.codes, (row) => [last.names[row] ?? '', isCodeType(last.new.dtype[row] ?? '')])),
  };
}

/** Rows of a comparison by name; -1 where it has none. Names of every comparison are in the same order. */
function alignRows(names: readonly string[], { names: found }: TensorColumns): Int32Array {
  if (found === names) return Int32Array.from(names.keys());
  let row = 0;
  return Int32Array.from(names, (name) => {
    while (row < found.length && (found[row] ?? '') < name) row += 1;
    return found[row] === name ? row : -1;
  });
}

function measureSizes(columns: TensorColumns, rows: Int32Array): PairSizes {
  const found = findCodes(columns);
  const read = (column: Float64Array): Float64Array =>
    Float64Array.from(rows, (row) => (isMeasurable(columns, row, found) ? (column[row] ?? Number.NaN) : Number.NaN));
  return {
    length: measureLengths(columns, rows, found),
    oldNorm: read(columns.old.norm),
    newNorm: read(columns.new.norm),
    codes: found.size === 0 ? found : new Set([...rows.keys()].filter((at) => found.has(rows[at] ?? -1))),
  };
}

function measureLengths(columns: TensorColumns, rows: Int32Array, codes: ReadonlySet<number>): Float64Array {
  return Float64Array.from(rows, (row) => {
    if (!isMeasurable(columns, row, codes)) return Number.NaN;
    const length = columns.identical[row] === 1 ? 0 : (columns.l2Diff[row] ?? Number.NaN);
    return Number.isFinite(length) ? length : Number.NaN;
  });
}

/** Whether a row was compared and an element is finite on both sides: then its sums are of something. */
function isMeasurable(columns: TensorColumns, row: number, codes: ReadonlySet<number>): boolean {
  return row >= 0 && isCompared(columns, row) && !codes.has(row) && hasFinitePair(columns, row);
}

function countNonfinite({ nan, inf }: SideColumns): Float64Array {
  return nan.map((count, row) => count + (inf[row] ?? Number.NaN));
}

function describeOverflows(columns: TensorColumns): Map<string, string> {
  const [old, fresh] = [countNonfinite(columns.old), countNonfinite(columns.new)];
  const isLossy = columns.dtypeChanged.some((changed, row) => changed === 1 && (fresh[row] ?? 0) > (old[row] ?? 0));
  // Rows are made only where there is something to find in them.
  const found = isLossy ? findOverflows(readRows(columns, null)) : [];
  return new Map(
    found.flatMap(({ from, to, tensors }) => tensors.map((name) => [name, `overflow of the conversion from ${from} to ${to}`])),
  );
}
