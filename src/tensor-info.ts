import type { Columns } from './native.ts';
import type { TensorInfo } from './types.ts';

/** Statistics of one tensor, as the one pass over it gives them. */
export interface TensorStatistics {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly sparsity: number;
  readonly nanCount: number;
  readonly infCount: number;
}

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

/** NaN stands for "does not exist" in columns, null everywhere else; numbers beyond f64 do not exist either. */
export function toNullable(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

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

/** A column of a table of the binding, without a copy. */
export function columnReader(table: Columns): (name: string) => Float64Array {
  return (name) => {
    const column = table.names.indexOf(name);
    return table.values.subarray(column * table.rows, (column + 1) * table.rows);
  };
}

/** Description that reads its statistics when they are first asked for. */
export class LazyTensorInfo implements TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly numElements: number;
  readonly sizeBytes: number;
  readonly error: string | null;
  readonly #statistics: () => TensorStatistics;

  constructor(description: Omit<TensorInfo, keyof TensorStatistics>, statistics: () => TensorStatistics) {
    this.name = description.name;
    this.shape = description.shape;
    this.dtype = description.dtype;
    this.numElements = description.numElements;
    this.sizeBytes = description.sizeBytes;
    this.error = description.error;
    this.#statistics = statistics;
  }

  get mean(): number {
    return this.#statistics().mean;
  }

  get std(): number {
    return this.#statistics().std;
  }

  get min(): number {
    return this.#statistics().min;
  }

  get max(): number {
    return this.#statistics().max;
  }

  get sparsity(): number {
    return this.#statistics().sparsity;
  }

  get nanCount(): number {
    return this.#statistics().nanCount;
  }

  get infCount(): number {
    return this.#statistics().infCount;
  }
}
