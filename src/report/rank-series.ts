import type { SeriesResult } from '../series/types.ts';

/** A tensor of a series as the tables of the reports show it. */
export interface RankedTensor {
  readonly name: string;
  /** Last known distance from the start, beside the norm there; null where there is none. */
  readonly relativeDistance: number | null;
  /** Last known straightness. */
  readonly straightness: number | null;
  /** By step; NaN where there is none. */
  readonly relativeSteps: Float64Array;
}

/** Rows of all tensors, the one that went furthest from where it began first, by their last known relative distance. */
export function rankRows({ tensors, steps }: SeriesResult): number[] {
  const distances = tensors.names.map((_, tensor) => lastOf(tensors.relativeDistance, tensor, steps.length) ?? -1);
  return [...tensors.names.keys()].sort((a, b) => (distances[b] ?? 0) - (distances[a] ?? 0) || a - b);
}

/** The tensors that went furthest. */
export function rankTensors(series: SeriesResult, most: number): RankedTensor[] {
  const { tensors, steps } = series;
  const count = steps.length;
  return rankRows(series)
    .slice(0, most)
    .map((tensor) => ({
      name: tensors.names[tensor] ?? '',
      relativeDistance: lastOf(tensors.relativeDistance, tensor, count),
      straightness: lastOf(tensors.straightness, tensor, count),
      relativeSteps: tensors.relativeStep.subarray(tensor * count, (tensor + 1) * count),
    }));
}

function lastOf(column: Float64Array, tensor: number, count: number): number | null {
  return column.subarray(tensor * count, (tensor + 1) * count).findLast((value) => Number.isFinite(value)) ?? null;
}
