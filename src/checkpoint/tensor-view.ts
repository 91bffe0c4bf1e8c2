import { argumentError } from '../errors.ts';
import { binding, type NativeCheckpoint, type NativeStep } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { readTensor } from './read-tensor.ts';
import { describeTensor, LazyTensorInfo, readStatisticsOf, type TensorStatistics } from './tensor-info.ts';
import { readTensorTable, type TensorTable } from './tensor-table.ts';
import type { ReadOptions, TensorValues } from './types.ts';
import type { TensorView } from './view-types.ts';

/** A view as steps from stored tensors, which are run anew for each look at its elements: so it holds no file. */
export class LazyTensorView extends LazyTensorInfo implements TensorView {
  readonly #checkpoint: NativeCheckpoint;
  readonly #steps: readonly NativeStep[];
  readonly #table: TensorTable;

  /** @throws `ModelDiffError` when the steps do not fit the tensors. */
  constructor(checkpoint: NativeCheckpoint, name: string, steps: readonly NativeStep[]) {
    const table = readTensorTable(unwrap(binding().describeView(checkpoint, { name, steps: [...steps] })));
    let known: TensorStatistics | undefined;
    const read = (): TensorStatistics =>
      (known ??= withNative(checkpoint, name, steps, (native) => readStatisticsOf(native, table, 0)));
    super(describeTensor(table, 0), { read, known: () => known }, 0);
    this.#checkpoint = checkpoint;
    this.#steps = steps;
    this.#table = table;
  }

  read(options: ReadOptions & { readonly as: 'f32' }): Promise<TensorValues<Float32Array>>;
  read(options: ReadOptions & { readonly as: 'f64' }): Promise<TensorValues<Float64Array>>;
  read(options?: ReadOptions & { readonly as?: 'f32' | 'f64' }): Promise<TensorValues<Float32Array | Float64Array>>;
  read(options: ReadOptions): Promise<TensorValues>;
  async read(options: ReadOptions = {}): Promise<TensorValues> {
    return withNative(this.#checkpoint, this.name, this.#steps, (native) => readTensor(native, this.#table, 0, options, 'read'));
  }

  /** The steps, for a view of the same checkpoint. */
  stepsIn(checkpoint: NativeCheckpoint): readonly NativeStep[] {
    if (checkpoint !== this.#checkpoint)
      throw argumentError(
        `the view of tensor ${this.name} is one of another checkpoint`,
        'only views of one checkpoint, as its view() makes them, go together',
      );
    return this.#steps;
  }
}

/** Opens the view by itself for one use; a job that was started by then keeps its own hold. */
function withNative<T>(
  checkpoint: NativeCheckpoint,
  name: string,
  steps: readonly NativeStep[],
  use: (native: NativeCheckpoint) => T,
): T {
  const native = unwrap(binding().lookAt(checkpoint, { name, steps: [...steps] }));
  try {
    return use(native);
  } finally {
    native.close();
  }
}
