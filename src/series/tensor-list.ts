import { classifyTensors } from '../layer-types/classify.ts';
import type { DescribedTensor } from './checkpoint-survey.ts';

/** A tensor of a series. */
export interface SeriesTensor {
  readonly name: string;
  /** What {@link TensorList.number} calls it. */
  readonly number: number;
  /** Whether the totals run over it. */
  readonly isMeasured: boolean;
}

/** Types that hold counters and masks. */
const COUNTERS: ReadonlySet<string> = new Set(['bool', 'i64', 'u64']);

/**
 * The tensors of a series while its checkpoints come in, and which of them the totals run over: matrices that training changes and
 * every checkpoint has with one shape; where there is none, all tensors that every checkpoint has with one shape.
 */
export class TensorList {
  readonly #numbers = new Map<string, number>();
  /** Names of the tensors that some checkpoint can read. */
  readonly #names = new Set<string>();
  /** Those of the first checkpoint that every one since has with the same shape. */
  #shared: Map<string, DescribedTensor> | undefined;
  /** What {@link describe} found, until something changes. */
  #described: readonly SeriesTensor[] | undefined;

  /** Enters the readable tensors of the next checkpoint. */
  add(tensors: ReadonlyMap<string, DescribedTensor>): void {
    const before = { names: this.#names.size, shared: this.#shared?.size };
    for (const name of tensors.keys()) this.#names.add(name);
    this.#shared ??= new Map(tensors);
    for (const [name, { shape }] of this.#shared) {
      if (tensors.get(name)?.shape.join() !== shape.join()) this.#shared.delete(name);
    }
    if (before.names !== this.#names.size || before.shared !== this.#shared.size) this.#described = undefined;
  }

  /** A number for each name, the same whenever it comes: a step keeps numbers, and every name is kept once. */
  number(names: readonly string[]): Int32Array {
    return Int32Array.from(names, (name) => {
      const number = this.#numbers.get(name) ?? this.#numbers.size;
      this.#numbers.set(name, number);
      return number;
    });
  }

  /** All tensors by name. */
  describe(): readonly SeriesTensor[] {
    this.#described ??= this.#describe();
    return this.#described;
  }

  #describe(): SeriesTensor[] {
    const names = [...this.#names].sort();
    const shared = names.flatMap((name) => {
      const tensor = this.#shared?.get(name);
      return tensor === undefined ? [] : [{ name, ...tensor }];
    });
    const classes = classifyTensors(shared);
    const matrices = shared.filter(({ shape, dtype }, at) => {
      const type = classes[at]?.type;
      return shape.length >= 2 && type !== 'buffer' && type !== 'quant' && !COUNTERS.has(dtype);
    });
    const measured = new Set((matrices.length > 0 ? matrices : shared).map(({ name }) => name));
    const numbers = this.number(names);
    return names.map((name, at) => ({ name, number: numbers[at] ?? -1, isMeasured: measured.has(name) }));
  }
}
