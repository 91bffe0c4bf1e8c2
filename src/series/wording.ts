import type { SeriesEvent, SeriesEventKind, SeriesResult } from './types.ts';
import { formatFold } from '../wording/numbers.ts';
import { truncateMiddle } from '../wording/width.ts';

/** What is known of a series before its verdict. */
export type UnjudgedSeries = Omit<SeriesResult, 'verdict'>;

/** A longer name of a checkpoint is shortened in the middle: the verdict is one line. */
export const LONGEST_NAME = 32;

/** What a step leads to: `diverge-3`. */
export function nameOf({ checkpoints }: UnjudgedSeries, step: number): string {
  return truncateMiddle(checkpoints[step]?.name ?? '', LONGEST_NAME);
}

/** `step 2 (diverge-3)`. */
export function placeOf(series: UnjudgedSeries, step: number): string {
  return step === 0 ? 'the start' : `step ${step} (${nameOf(series, step)})`;
}

/** Whether tensors come, go or change their shape. */
export function isPartial({ steps }: UnjudgedSeries): boolean {
  return steps.some((step) => step.addedTensors + step.removedTensors + step.reshapedTensors > 0);
}

/** How far a value is above what was before: `5,936 times` or `41×`. */
export function describeRise({ value, reference }: SeriesEvent): string {
  const fold = (value ?? Number.NaN) / (reference ?? Number.NaN);
  if (!Number.isFinite(fold)) return 'far above';
  return formatFold(fold);
}

/** A cosine in two digits behind the point. */
export function formatStepCosine(cosine: number): string {
  const text = cosine.toFixed(2);
  return text === '-0.00' ? '0.00' : text;
}

/** Names of tensors in events of one kind and step, in the order of the events; without those that a conversion explains. */
export function listTensors({ events }: UnjudgedSeries, kind: SeriesEventKind, step: number): string[] {
  return events.flatMap((event) =>
    event.kind === kind && event.step === step && event.tensor !== null && (kind === 'failed' || event.message === null)
      ? [event.tensor]
      : [],
  );
}
