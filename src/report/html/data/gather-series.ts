import { classifyTensors } from '../../../layer-types/classify.ts';
import type { SeriesResult } from '../../../series/types.ts';
import { groupEvents } from '../../event-groups.ts';
import { Dictionary } from './dictionary.ts';
import type { PageSeries } from './page-series.ts';
import { placeTensors } from './place-tensors.ts';

/** The tensors of a series as a page has them: those of the given rows, or all. */
export function gatherSeries(series: SeriesResult, rows: readonly number[] | null = null): PageSeries {
  const { checkpoints, steps, tensors } = series;
  const all = rows ?? [...tensors.names.keys()];
  const count = steps.length;
  const types = new Dictionary<string>(String);
  const classes = classifyTensors(tensors.names.map((name) => ({ name, shape: null })));
  const placing = placeTensors(classes);
  const pick = (places: Int32Array): Int32Array => Int32Array.from(all, (row) => places[row] ?? 0);
  const pickSteps = (column: Float64Array): Float64Array => {
    if (rows === null) return column;
    const picked = new Float64Array(all.length * count);
    for (const [at, row] of all.entries()) picked.set(column.subarray(row * count, (row + 1) * count), at * count);
    return picked;
  };
  const pickLast = (column: Float64Array): Float64Array =>
    Float64Array.from(all, (row) => column.subarray(row * count, (row + 1) * count).findLast(Number.isFinite) ?? Number.NaN);
  const rowOf = new Map(all.map((row, at) => [tensors.names[row] ?? '', at] as const));
  return {
    count: all.length,
    names: all.map((row) => tensors.names[row] ?? ''),
    places: {
      tower: pick(placing.tower),
      module: pick(placing.module),
      column: pick(placing.column),
      expert: pick(placing.expert),
      type: Int32Array.from(all, (row) => types.find(classes[row]?.type ?? null)),
    },
    towers: placing.towers,
    types: types.values,
    steps: steps.map(({ step, relativeStep, relativeDistance, straightness, stepCosine, wayCosine, normGrowth, nan, inf }) => ({
      name: checkpoints[step]?.name ?? '',
      ...{ relativeStep, relativeDistance, straightness, stepCosine, wayCosine, normGrowth, nan, inf },
    })),
    events: groupEvents(series).map(({ step, kind, severity, tensors: found }) => ({
      step,
      kind,
      severity,
      tensors: found.flatMap(({ tensor }) => rowOf.get(tensor ?? '') ?? []),
    })),
    byStep: { step: pickSteps(tensors.relativeStep), nonfinite: pickSteps(tensors.nonfinite) },
    atEnd: {
      distance: pickLast(tensors.relativeDistance),
      straightness: pickLast(tensors.straightness),
      growth: pickLast(tensors.normGrowth),
    },
  };
}
