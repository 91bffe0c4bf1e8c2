import type { SeriesAccumulator } from './accumulator.ts';
import { findEvents } from './events.ts';
import type { SeriesCheckpoint, SeriesResult } from './types.ts';
import { composeSeriesVerdict } from './verdict.ts';

/** Draws the conclusions of a series whose steps are all entered. */
export function finishSeries(accumulator: SeriesAccumulator, checkpoints: readonly SeriesCheckpoint[]): SeriesResult {
  const { steps, tensors } = accumulator;
  const series = { checkpoints, steps, tensors, events: findEvents(accumulator) };
  return { ...series, verdict: composeSeriesVerdict(series) };
}

/** The same series with other names for its checkpoints, in the verdict too; missing names stay. */
export function renameSeries(series: SeriesResult, names: readonly string[]): SeriesResult {
  const checkpoints = series.checkpoints.map((checkpoint, index) => ({ ...checkpoint, name: names[index] ?? checkpoint.name }));
  const renamed = { ...series, checkpoints };
  return { ...renamed, verdict: composeSeriesVerdict(renamed) };
}
