import type { TensorTable as NativeTable } from '../native/binding.ts';
import { toError } from '../native/failure.ts';
import type { ModelDiffError } from '../errors.ts';

/** Descriptions of all tensors of a checkpoint, by row. */
export interface TensorTable {
  readonly names: readonly string[];
  readonly elements: Float64Array;
  readonly bytes: Float64Array;
  /** Index into the files of the checkpoint, NaN where there is none. */
  readonly file: Float64Array;
  /** Bytes from the start of that file to the first element, NaN where it has no place there. */
  readonly offset: Float64Array;
  /** Rows that cannot be read, and why. */
  readonly errors: ReadonlyMap<number, ModelDiffError>;
  /** Rows of a type that is not known: only their bytes can be compared. */
  readonly raw: ReadonlySet<number>;
  /** Row of a name; undefined where there is none. */
  readonly find: (name: string) => number | undefined;
  readonly dtype: (row: number) => string;
  /** Sizes of the dimensions; rows of one shape share the array. */
  readonly shape: (row: number) => readonly number[];
}

/** The row of a tensor that a checkpoint does not have: its dtype is '' and its shape empty. */
export const ABSENT = -1;

const NO_SHAPE: readonly number[] = Object.freeze([]);

/** Unpacks the columns of the binding. */
export function readTensorTable(table: NativeTable): TensorTable {
  const names = readNames(table.names, table.nameEnds);
  const { dims, dimEnds } = table;
  const shapes = Array.from(dimEnds, (end, shape) => Object.freeze([...dims.subarray(dimEnds[shape - 1] ?? 0, end)]));
  let rows: ReadonlyMap<string, number> | undefined;
  return {
    names,
    elements: table.elements,
    bytes: table.bytes,
    file: table.file,
    offset: table.offset,
    errors: new Map(table.failures.map(({ row, failure }) => [row, toError(failure)])),
    raw: new Set(table.raw),
    find: (name) => (rows ??= indexNames(names)).get(name),
    dtype: (row) => (row === ABSENT ? '' : (table.dtypes[table.dtype[row] ?? 0] ?? '')),
    shape: (row) => (row === ABSENT ? NO_SHAPE : (shapes[table.shape[row] ?? 0] ?? NO_SHAPE)),
  };
}

/** Rows by name; of equal names the last. */
export function indexNames(names: readonly string[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (let row = 0; row < names.length; row += 1) rows.set(names[row] ?? '', row);
  return rows;
}

function readNames(bytes: Uint8Array, ends: Uint32Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  let start = 0;
  for (const end of ends) {
    names.push(buffer.toString('utf8', start, end));
    start = end;
  }
  return names;
}
