import type { PairMetrics, ProbeMetrics, SideMetrics } from './metrics.ts';
import { mapPairMetrics, mapProbeMetrics, mapSideMetrics } from './metrics.ts';

/** How a tensor of one checkpoint relates to the tensor of the same name in the other. */
export type ChangeType = 'unchanged' | 'modified' | 'added' | 'removed' | 'shape_changed';

/** All change types, in the order of their codes in {@link TensorColumns.changeType}. */
export const CHANGE_TYPES: readonly ChangeType[] = ['unchanged', 'modified', 'added', 'removed', 'shape_changed'];

/**
 * Every compared tensor, listed or not, as columns: entry i of each array belongs to `names[i]`.
 * A number that does not exist is NaN here (null in `ParameterDiff` and in JSON). Plain data: `structuredClone` takes it.
 */
export interface TensorColumns extends PairMetrics<Float64Array> {
  readonly names: readonly string[];
  /** Index into {@link CHANGE_TYPES}. */
  readonly changeType: Uint8Array;
  /** Elements of the tensor; of the new side where there is no old one. */
  readonly totalElements: Float64Array;
  /** 1 when every element is equal by value. */
  readonly identical: Uint8Array;
  readonly dtypeChanged: Uint8Array;
  readonly old: SideColumns;
  readonly new: SideColumns;
  /** Message by row, only for rows that could not be compared. */
  readonly errors: ReadonlyMap<number, string>;
  /** What the rounding model says of each row; absent in columns made by hand. */
  readonly rounding?: RoundingColumns;
  /** How the sizes of the changes are distributed; only with `histogram`. */
  readonly histogram?: HistogramColumns;
  /** What a second look at some of the tensors told; absent when none was needed. */
  readonly probes?: ProbeMetrics<Float64Array>;
  /** Only where hashes were compared and no values, as a side was a manifest: what is known of the changes then. */
  readonly bounds?: BoundColumns;
}

/**
 * Between what the change of a tensor lies that is not identical, by the norms of both sides: | |new| - |old| | to |old| + |new|. NaN for
 * tensors that are, or that are not on both sides with one shape.
 */
export interface BoundColumns {
  readonly l2DiffMin: Float64Array;
  readonly l2DiffMax: Float64Array;
}

/** One side of every row of {@link TensorColumns}; a row without this side has dtype '' and NaN. */
export interface SideColumns extends SideMetrics<Float64Array> {
  readonly dtype: readonly string[];
  readonly shape: readonly (readonly number[])[];
  readonly numElements: Float64Array;
  readonly sizeBytes: Float64Array;
  /**
   * Index into the `files` of the side ({@link ComparedSide}); NaN for tensors in memory, and for those whose elements cannot be found. Absent
   * in columns made by hand, in those that `filter` leaves, and in reports of earlier versions; so is `offset`.
   */
  readonly file?: Float64Array;
  /**
   * Bytes from the start of that file to the first element of the tensor; of a record that lies in an archive as it is, in the archive.
   * What follows need not lie behind it (views, fields of structures). NaN where the element does not lie there as it is: in compressed
   * records, and in arrays that a pickle holds as text; for sparse tensors, and those without elements.
   */
  readonly offset?: Float64Array;
}

/**
 * Elements by the size of their change, row after row: `bins` counts for each tensor. Bin 0 holds changes of less than
 * 2^`firstExponent`, no change too; bin i those from 2^(`firstExponent` + i - 1) up to twice that, and the last one everything above.
 */
export interface HistogramColumns {
  readonly firstExponent: number;
  readonly bins: number;
  readonly counts: Float64Array;
}

/** What rounding to the storage dtype alone would leave unchanged. */
export interface RoundingColumns {
  /** Fraction of elements expected to change if a dense update of the measured size were rounded to the dtype; NaN where unknown. */
  readonly expectedChanged: Float64Array;
  /** Estimated size of the update before rounding, relative to the old tensor's root mean square; NaN where unknown. */
  readonly updateSize: Float64Array;
  /** Index into {@link ROUNDING_SHAPES}: how the share of changed elements depends on the size of the old value. */
  readonly shape: Uint8Array;
}

/**
 * How the share of changed elements depends on the size of the old value. `one_rounding`: as a dense update gives it that is rounded once;
 * `cliff`: nearly all small ones changed and no large one, as when each of many steps is rounded; `flat`: up to a constant share whatever
 * the size, a mask; `undecided`: as several of these would; `unknown`: too few elements, or no float type.
 */
export type RoundingShape = 'unknown' | 'one_rounding' | 'cliff' | 'flat' | 'undecided';

/** All shapes, in the order of their codes in {@link RoundingColumns.shape}. */
export const ROUNDING_SHAPES: readonly RoundingShape[] = ['unknown', 'one_rounding', 'cliff', 'flat', 'undecided'];

/** The change type of a row. */
export function changeTypeAt(columns: TensorColumns, row: number): ChangeType {
  return CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged';
}

/** Sizes of the dimensions of a side; null where it is absent. */
export function shapeAt(side: SideColumns, row: number): readonly number[] | null {
  return side.dtype[row] ? (side.shape[row] ?? null) : null;
}

/** Whether both sides of a row are there with one shape and could be read. */
export function isCompared(columns: TensorColumns, row: number): boolean {
  const type = changeTypeAt(columns, row);
  return (type === 'unchanged' || type === 'modified') && !columns.errors.has(row);
}

/** Whether a row differs and nobody knows by how much: its hashes were compared. */
export function isUnmeasured(columns: TensorColumns, row: number): boolean {
  return columns.bounds !== undefined && columns.identical[row] !== 1 && isCompared(columns, row);
}

/** The least that a row changed by, relative to the norm of old, where that is all that is known; NaN elsewhere. */
export function leastChangeAt(columns: TensorColumns, row: number): number {
  const norm = columns.old.norm[row] ?? Number.NaN;
  return norm > 0 ? (columns.bounds?.l2DiffMin[row] ?? Number.NaN) / norm : Number.NaN;
}

/** Whether any element is finite on both sides, as far as the counts tell. Where none is, changes and angles are of nothing. */
export function hasFinitePair(columns: TensorColumns, row: number): boolean {
  const total = columns.totalElements[row] ?? 0;
  const count = ({ nan, inf }: SideColumns): number => (nan[row] ?? 0) + (inf[row] ?? 0);
  return !(total > 0 && (count(columns.old) >= total || count(columns.new) >= total));
}

/**
 * Columns of the given rows, in the given order. Where their tensors lie is left out: what is left of a comparison does not tell of files.
 * What is solved when it is first asked for stays so. */
export function selectColumns(columns: TensorColumns, rows: readonly number[]): TensorColumns {
  const numbers = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row] ?? Number.NaN);
  const flags = (values: Uint8Array): Uint8Array => Uint8Array.from(rows, (row) => values[row] ?? 0);
  const side = (values: SideColumns): SideColumns => ({
    dtype: rows.map((row) => values.dtype[row] ?? ''),
    shape: rows.map((row) => values.shape[row] ?? []),
    numElements: numbers(values.numElements),
    sizeBytes: numbers(values.sizeBytes),
    ...mapSideMetrics((metric) => numbers(values[metric])),
  });
  const { histogram, probes, bounds } = columns;
  let rounding: RoundingColumns | undefined;
  return {
    names: rows.map((row) => columns.names[row] ?? ''),
    changeType: flags(columns.changeType),
    totalElements: numbers(columns.totalElements),
    ...mapPairMetrics((metric) => numbers(columns[metric])),
    identical: flags(columns.identical),
    dtypeChanged: flags(columns.dtypeChanged),
    old: side(columns.old),
    new: side(columns.new),
    errors: new Map(
      rows.flatMap((row, at) => {
        const error = columns.errors.get(row);
        return error === undefined ? [] : [[at, error] as const];
      }),
    ),
    ...('rounding' in columns && {
      get rounding() {
        const { expectedChanged, updateSize, shape } = columns.rounding ?? NO_ROUNDING;
        return (rounding ??= {
          expectedChanged: numbers(expectedChanged),
          updateSize: numbers(updateSize),
          shape: flags(shape),
        });
      },
    }),
    ...(histogram !== undefined && { histogram: selectHistogram(histogram, rows) }),
    ...(probes !== undefined && { probes: mapProbeMetrics((metric) => numbers(probes[metric])) }),
    ...(bounds !== undefined && { bounds: { l2DiffMin: numbers(bounds.l2DiffMin), l2DiffMax: numbers(bounds.l2DiffMax) } }),
  };
}

const NO_ROUNDING: RoundingColumns = {
  expectedChanged: new Float64Array(),
  updateSize: new Float64Array(),
  shape: new Uint8Array(),
};

function selectHistogram({ firstExponent, bins, counts }: HistogramColumns, rows: readonly number[]): HistogramColumns {
  const selected = new Float64Array(rows.length * bins);
  for (const [at, row] of rows.entries()) selected.set(counts.subarray(row * bins, (row + 1) * bins), at * bins);
  return { firstExponent, bins, counts: selected };
}
