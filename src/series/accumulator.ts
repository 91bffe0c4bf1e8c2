import type { TensorColumns } from '../comparison/columns.ts';
import type { SeriesStep, SeriesTensors } from './types.ts';

/** The comparisons that one step rests on; the same one may stand for several. */
export interface StepPairs {
  /** The checkpoint before and this one. */
  readonly last: TensorColumns;
  /** The first checkpoint and this one. */
  readonly start: TensorColumns;
  /** The checkpoint before the last one and this one; null in the first step. */
  readonly before: TensorColumns | null;
}

/** The pairs of a step, aligned. */
export type AlignedPairs = {
  readonly [Key in keyof StepPairs]: StepPairs[Key] extends TensorColumns ? AlignedPair : AlignedPair | null;
};

/** A series while its steps come in. */
export interface SeriesDraft {
  /** Number of steps that there will be. */
  readonly count: number;
  readonly rows: ReadonlyMap<string, number>;
  readonly tensors: SeriesTensors;
  readonly steps: SeriesStep[];
  /** Tensors that the totals run over. */
  readonly measured: readonly number[];
  /** 1 for tensors that had neither NaN nor Inf so far. */
  readonly finiteSoFar: Uint8Array;
  /** Reasons by step and tensor. */
  readonly failures: { readonly step: number; readonly tensor: string; readonly message: string }[];
  /** Why a tensor has NaN or Inf from a step on, where a conversion made them; by {@link placeKey}. */
  readonly overflows: Map<string, string>;
}

/** A tensor in a step, as a key. */
export function placeKey(step: number, tensor: string): string {
  return `${step} ${tensor}`;
}

/** A tensor as the descriptions of the checkpoints give it. */
export interface SeriesTensor {
  readonly name: string;
  readonly isMeasured: boolean;
}

/** An empty series. */
export function startSeries(described: readonly SeriesTensor[], count: number): SeriesDraft {
  const column = (): Float64Array => new Float64Array(described.length * count).fill(Number.NaN);
  const names = described.map(({ name }) => name);
  return {
    count,
    rows: new Map(names.map((name, row) => [name, row])),
    tensors: {
      names,
      isMeasured: Uint8Array.from(described, ({ isMeasured }) => (isMeasured ? 1 : 0)),
      startNonfinite: new Float64Array(described.length).fill(Number.NaN),
      stepSize: column(),
      relativeStep: column(),
      distance: column(),
      relativeDistance: column(),
      pathLength: column(),
      straightness: column(),
      stepCosine: column(),
      wayCosine: column(),
      normGrowth: column(),
      changedElements: column(),
      nonfinite: column(),
      identical: new Uint8Array(described.length * count),
    },
    steps: [],
    measured: [...described.keys()].filter((row) => described[row]?.isMeasured === true),
    finiteSoFar: new Uint8Array(described.length).fill(1),
    failures: [],
    overflows: new Map(),
  };
}

/** A comparison, and the row of each of the draft's tensors in it; -1 where it is not in it. */
export interface AlignedPair {
  readonly columns: TensorColumns;
  readonly rows: Int32Array;
}

/** Finds the draft's tensors in a comparison. */
export function alignPair({ rows, tensors }: SeriesDraft, columns: TensorColumns): AlignedPair {
  const aligned = new Int32Array(tensors.names.length).fill(-1);
  for (const [row, name] of columns.names.entries()) {
    const target = rows.get(name);
    if (target !== undefined) aligned[target] = row;
  }
  return { columns, rows: aligned };
}

/** NaN and Inf of one side of a row; NaN where there is no such side. */
export function countNonfinite(columns: TensorColumns, row: number, side: 'old' | 'new'): number {
  return (columns[side].nan[row] ?? Number.NaN) + (columns[side].inf[row] ?? Number.NaN);
}

/** Whether a row was compared and an element is finite on both sides: then its sums are of something. */
export function isMeasurable(columns: TensorColumns, row: number): boolean {
  if (row < 0 || columns.errors.has(row) || !((columns.changeType[row] ?? 2) < 2)) return false;
  const elements = columns.totalElements[row] ?? 0;
  const lost = Math.max(countNonfinite(columns, row, 'old'), countNonfinite(columns, row, 'new'));
  return elements === 0 || !(lost >= elements);
}

/** Length of the difference of a row; NaN where nothing is known of it. */
export function lengthAt(columns: TensorColumns, row: number): number {
  if (!isMeasurable(columns, row)) return Number.NaN;
  const length = columns.identical[row] === 1 ? 0 : (columns.l2Diff[row] ?? Number.NaN);
  return Number.isFinite(length) ? length : Number.NaN;
}
