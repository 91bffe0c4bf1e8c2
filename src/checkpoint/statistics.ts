import type { Columns } from '../native/binding.ts';
import { columnReader } from './tensor-info.ts';
import type { TensorStatistics } from './tensor-info.ts';

interface KnownColumns {
  /** 1 for rows whose statistics are known. */
  readonly isKnown: Uint8Array;
  readonly columns: Readonly<Record<keyof TensorStatistics, Float64Array>>;
}

/** What is known of the tensors of a checkpoint, by row. Kept as columns: 100,000 objects would be more than all else of a checkpoint. */
export class StatisticsStore {
  readonly #rows: number;
  #known: KnownColumns | undefined;

  /** @param rows number of tensors */
  constructor(rows: number) {
    this.#rows = rows;
  }

  get(row: number): TensorStatistics | undefined {
    if (this.#known?.isKnown[row] !== 1) return undefined;
    const { mean, std, min, max, sparsity, nanCount, infCount } = this.#known.columns;
    const at = (column: Float64Array): number => column[row] ?? Number.NaN;
    return {
      mean: at(mean),
      std: at(std),
      min: at(min),
      max: at(max),
      sparsity: at(sparsity),
      nanCount: at(nanCount),
      infCount: at(infCount),
    };
  }

  /**
   * Takes over statistics that a pass has found.
   * @param rows row of the checkpoint for each row of the table, or negative where there is none
   * @param prefix names the side in a table of pairs
   */
  put(table: Columns, rows: ArrayLike<number>, prefix = ''): void {
    const column = columnReader(table);
    const { isKnown, columns } = (this.#known ??= this.#allocate());
    const elements = column(`${prefix}elements`);
    // A tensor that could not be read has no count.
    const isRead = (item: number): boolean => (rows[item] ?? -1) >= 0 && Number.isFinite(elements[item]);
    const copy = (name: string, target: Float64Array): void => {
      const values = column(prefix + name);
      for (let item = 0; item < rows.length; item += 1) if (isRead(item)) target[rows[item] ?? -1] = values[item] ?? Number.NaN;
    };
    copy('mean', columns.mean);
    copy('std', columns.std);
    copy('min', columns.min);
    copy('max', columns.max);
    copy('zeros', columns.sparsity);
    copy('nan', columns.nanCount);
    copy('inf', columns.infCount);
    for (let item = 0; item < rows.length; item += 1) {
      if (!isRead(item)) continue;
      const row = rows[item] ?? -1;
      isKnown[row] = 1;
      columns.sparsity[row] = (columns.sparsity[row] ?? Number.NaN) / (elements[item] ?? Number.NaN);
    }
  }

  #allocate(): KnownColumns {
    const column = (): Float64Array => new Float64Array(this.#rows);
    const columns = {
      mean: column(),
      std: column(),
      min: column(),
      max: column(),
      sparsity: column(),
      nanCount: column(),
      infCount: column(),
    };
    return { isKnown: new Uint8Array(this.#rows), columns };
  }
}
