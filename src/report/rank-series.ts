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

/** The tensors that went furthest from where they began, by their last known relative distance. */
export function rankTensors({ tensors, steps }: SeriesResult, most: number): RankedTensor[] {
  const count = steps.length;
  const lastOf = (column: Float64Array, tensor: number): number | null =>
    column.subarray(tensor * count, (tensor + 1) * count).findLast((value) => Number.isFinite(value)) ?? null;
  const distances = tensors.names.map((_, tensor) => lastOf(tensors.relativeDistance, tensor) ?? -1);
  const order = [...tensors.names.keys()].sort((a, b) => (distances[b] ?? 0) - (distances[a] ?? 0) || a - b);
  return order.slice(0, most).map((tensor) => ({
    name: tensors.names[tensor] ?? '',
    relativeDistance: lastOf(tensors.relativeDistance, tensor),
    straightness: lastOf(tensors.straightness, tensor),
    relativeSteps: tensors.relativeStep.subarray(tensor * count, (tensor + 1) * count),
  }));
}
