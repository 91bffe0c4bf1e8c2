import type { SeriesCheckpoint, SeriesResult } from './types.ts';
import type { SeriesDraft } from './accumulator.ts';
import { findEvents } from './events.ts';
import { composeSeriesVerdict } from './verdict.ts';

export { describeTensors, type DescribedTensor } from './describe-tensors.ts';
export { type SeriesDraft, startSeries } from './accumulator.ts';
export { recordStep } from './record-step.ts';

/** Draws the conclusions of a series whose steps are all entered. */
export function finishSeries(draft: SeriesDraft, checkpoints: readonly SeriesCheckpoint[]): SeriesResult {
  const series = { checkpoints, steps: draft.steps, tensors: draft.tensors, events: findEvents(draft) };
  return { ...series, verdict: composeSeriesVerdict(series) };
}

/** The same series with other names for its checkpoints, in the verdict too; missing names stay. */
export function renameSeries(series: SeriesResult, names: readonly string[]): SeriesResult {
  const checkpoints = series.checkpoints.map((checkpoint, index) => ({ ...checkpoint, name: names[index] ?? checkpoint.name }));
  const renamed = { ...series, checkpoints };
  return { ...renamed, verdict: composeSeriesVerdict(renamed) };
}
