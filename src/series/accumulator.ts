import { mapTensorColumns } from './tensor-columns.ts';
import type { SeriesTensor } from './tensor-list.ts';
import type { SeriesStep, SeriesTensors } from './types.ts';

/** A series while its steps are entered, once it is known which tensors there are and how many steps. */
export interface SeriesAccumulator {
  /** Number of steps that there will be. */
  readonly count: number;
  /** Rows of `tensors` by the numbers that steps call them by. */
  readonly rows: ReadonlyMap<number, number>;
  readonly tensors: SeriesTensors;
  readonly steps: SeriesStep[];
  /** Rows that the totals run over. */
  readonly measured: readonly number[];
  /** 1 for tensors that had neither NaN nor Inf so far. */
  readonly finiteSoFar: Uint8Array;
  readonly failures: { readonly step: number; readonly tensor: string; readonly message: string }[];
  /** Why a tensor has NaN or Inf from a step on, where a conversion made them; by {@link placeKey}. */
  readonly overflows: Map<string, string>;
  /** The first checkpoint in which a tensor is stored as codes, by name. */
  readonly codes: Map<string, number>;
}

/** A tensor in a step, as a key. */
export function placeKey(step: number, tensor: string): string {
  return `${step} ${tensor}`;
}

/** An empty series. */
export function startSeries(list: readonly SeriesTensor[], count: number): SeriesAccumulator {
  return {
    count,
    rows: new Map(list.map(({ number }, row) => [number, row])),
    tensors: {
      names: list.map(({ name }) => name),
      isMeasured: Uint8Array.from(list, ({ isMeasured }) => (isMeasured ? 1 : 0)),
      startNonfinite: new Float64Array(list.length).fill(Number.NaN),
      ...mapTensorColumns(() => new Float64Array(list.length * count).fill(Number.NaN)),
      identical: new Uint8Array(list.length * count),
    },
    steps: [],
    measured: [...list.keys()].filter((row) => list[row]?.isMeasured === true),
    finiteSoFar: new Uint8Array(list.length).fill(1),
    failures: [],
    overflows: new Map(),
    codes: new Map(),
  };
}

/** Row of a step for each tensor of the series; -1 where the step does not have it. */
export function alignStep({ rows, tensors }: SeriesAccumulator, numbers: Int32Array): Int32Array {
  const aligned = new Int32Array(tensors.names.length).fill(-1);
  for (const [row, number] of numbers.entries()) {
    const target = rows.get(number);
    if (target !== undefined) aligned[target] = row;
  }
  return aligned;
}

/** Whether a tensor has no NaN and no Inf in these checkpoints: then all comparisons run over the same elements. */
export function isFiniteIn({ tensors, count }: SeriesAccumulator, tensor: number, checkpoints: readonly number[]): boolean {
  return checkpoints.every(
    (index) => (index === 0 ? tensors.startNonfinite[tensor] : tensors.nonfinite[tensor * count + index - 1]) === 0,
  );
}
