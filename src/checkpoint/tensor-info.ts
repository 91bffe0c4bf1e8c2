import type { Columns, NativeCheckpoint } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { toNullable } from '../nullable.ts';
import type { TensorTable } from './tensor-table.ts';
import type { CheckpointTensor, TensorInfo, TensorJson } from './types.ts';

/** Statistics of one tensor, as the one pass over it gives them. */
export type TensorStatistics = Pick<TensorInfo, 'mean' | 'std' | 'min' | 'max' | 'sparsity' | 'nanCount' | 'infCount'>;

const STATISTICS = [
  'mean',
  'std',
  'min',
  'max',
  'sparsity',
  'nanCount',
  'infCount',
] as const satisfies readonly (keyof TensorStatistics)[];

/** Statistics of a tensor that cannot be read. */
export const NO_STATISTICS: TensorStatistics = {
  mean: Number.NaN,
  std: Number.NaN,
  min: Number.NaN,
  max: Number.NaN,
  sparsity: Number.NaN,
  nanCount: Number.NaN,
  infCount: Number.NaN,
};

/** One row of a table of statistics; `prefix` names the side in a table of pairs. */
export function readStatistics(column: (name: string) => Float64Array, row: number, prefix = ''): TensorStatistics {
  const at = (name: string): number => column(prefix + name)[row] ?? Number.NaN;
  return {
    mean: at('mean'),
    std: at('std'),
    min: at('min'),
    max: at('max'),
    sparsity: at('zeros') / at('elements'),
    nanCount: at('nan'),
    infCount: at('inf'),
  };
}

/** Statistics of one tensor, read on the calling thread. */
export function readStatisticsOf(native: NativeCheckpoint, table: TensorTable, row: number): TensorStatistics {
  if (table.errors.has(row) || table.raw.has(row)) return NO_STATISTICS;
  return readStatistics(columnReader(unwrap(native.statistics(row))), 0);
}

/** A column of a table of the binding, without a copy. */
export function columnReader(table: Columns): (name: string) => Float64Array {
  return (name) => {
    const column = table.names.indexOf(name);
    return table.values.subarray(column * table.rows, (column + 1) * table.rows);
  };
}

/** What a checkpoint says of a tensor, without statistics. */
export type TensorDescription = Omit<TensorInfo, keyof TensorStatistics>;

/** One row of the descriptions of a checkpoint. */
export function describeTensor(table: TensorTable, row: number): TensorDescription {
  return {
    name: table.names[row] ?? '',
    shape: table.shape(row),
    dtype: table.dtype(row),
    numElements: table.elements[row] ?? 0,
    sizeBytes: table.bytes[row] ?? 0,
    error: table.errors.get(row)?.message ?? null,
  };
}

/** Where descriptions get their statistics. */
export interface StatisticsSource {
  /** Reads the tensor where they are not known yet. */
  readonly read: (row: number) => TensorStatistics;
  /** What is known without another look at the data. */
  readonly known: (row: number) => TensorStatistics | undefined;
}

/**
 * The description of a tensor, whose statistics are read when they are first asked for. They are own enumerable accessors, so that
 * spreading, cloning and listing the keys of a description keep every field; all descriptions share them.
 */
export class LazyTensorInfo implements CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TensorInfo['dtype'];
  readonly numElements: number;
  readonly sizeBytes: number;
  declare readonly mean: number;
  declare readonly std: number;
  declare readonly min: number;
  declare readonly max: number;
  declare readonly sparsity: number;
  declare readonly nanCount: number;
  declare readonly infCount: number;
  readonly error: string | null;
  readonly #source: StatisticsSource;
  readonly #row: number;

  static readonly #ACCESSORS: readonly (readonly [name: string, accessor: PropertyDescriptor])[] = STATISTICS.map((statistic) => [
    statistic,
    {
      enumerable: true,
      get(this: object): number {
        // What inherits from a description has its accessors, but not its fields.
        return #row in this ? this.#source.read(this.#row)[statistic] : Number.NaN;
      },
    },
  ]);

  constructor(description: TensorDescription, source: StatisticsSource, row: number) {
    this.name = description.name;
    this.shape = description.shape;
    this.dtype = description.dtype;
    this.numElements = description.numElements;
    this.sizeBytes = description.sizeBytes;
    this.error = description.error;
    this.#source = source;
    this.#row = row;
    // One by one: `defineProperties` would read all descriptors anew for each description, and take twice the time.
    for (const [name, accessor] of LazyTensorInfo.#ACCESSORS) Object.defineProperty(this, name, accessor);
  }

  toJSON(): TensorJson {
    const known = this.#source.known(this.#row);
    return {
      name: this.name,
      shape: this.shape,
      dtype: this.dtype,
      num_elements: this.numElements,
      size_bytes: this.sizeBytes,
      mean: toNullable(known?.mean),
      std: toNullable(known?.std),
      min: toNullable(known?.min),
      max: toNullable(known?.max),
      sparsity: toNullable(known?.sparsity),
      nan_count: toNullable(known?.nanCount),
      inf_count: toNullable(known?.infCount),
      error: this.error,
    };
  }
}
