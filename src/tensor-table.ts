import { toError } from './native.ts';
import type { TensorTable as NativeTable } from './native.ts';
import type { ModelDiffError } from './errors.ts';

/** Descriptions of all tensors of a checkpoint, by row. */
export interface TensorTable {
  readonly names: readonly string[];
  readonly rows: ReadonlyMap<string, number>;
  readonly elements: Float64Array;
  readonly bytes: Float64Array;
  /** Rows that cannot be read, and why. */
  readonly errors: ReadonlyMap<number, ModelDiffError>;
  /** Rows of a type that is not known: only their bytes can be compared. */
  readonly raw: ReadonlySet<number>;
  readonly dtype: (row: number) => string;
  readonly shape: (row: number) => readonly number[];
}

/** Unpacks the columns of the binding. */
export function readTensorTable(table: NativeTable): TensorTable {
  const names = readNames(table.names, table.nameEnds);
  return {
    names,
    rows: new Map(names.map((name, row) => [name, row])),
    elements: table.elements,
    bytes: table.bytes,
    errors: new Map(table.failures.map(({ row, failure }) => [row, toError(failure)])),
    raw: new Set(table.raw),
    dtype: (row) => table.dtypes[table.dtype[row] ?? -1] ?? '',
    shape: (row) => [...table.dims.subarray(table.dimEnds[row - 1] ?? 0, table.dimEnds[row])],
  };
}

function readNames(bytes: Uint8Array, ends: Uint32Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(ends, (end, row) => buffer.toString('utf8', ends[row - 1] ?? 0, end));
}
