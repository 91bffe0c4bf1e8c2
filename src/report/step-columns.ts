import type { SeriesResult, SeriesStep } from '../series/types.ts';
import { MISSING, formatCount, formatExponent, formatNoun, formatPercent, isMissing } from '../wording/numbers.ts';

/** A column of the table of steps, the same in every format that people read. */
export interface StepColumn {
  readonly title: string;
  readonly read: (step: SeriesStep) => string;
}

/** The columns in their order. */
export const STEP_COLUMNS: readonly StepColumn[] = [
  { title: 'relative step', read: ({ relativeStep }) => formatPercent(relativeStep, 3) },
  { title: 'from start', read: ({ relativeDistance }) => formatPercent(relativeDistance, 3) },
  { title: 'straightness', read: ({ straightness }) => formatTwoDigits(straightness) },
  { title: 'step cosine', read: ({ stepCosine }) => formatTwoDigits(stepCosine) },
  { title: 'way cosine', read: ({ wayCosine }) => formatTwoDigits(wayCosine) },
  { title: 'norm', read: ({ normGrowth }) => formatGrowth(normGrowth) },
  { title: 'changed', read: readChanged },
  { title: 'NaN/Inf', read: ({ nan, inf }) => formatCount(nan + inf) },
];

/** Titles that a narrow terminal does without, the least important first. */
export const DISPENSABLE: readonly string[] = ['way cosine', 'straightness', 'changed', 'norm'];

/** A cosine or a ratio below 1. */
export function formatTwoDigits(value: number | null): string {
  if (isMissing(value)) return MISSING;
  const text = value.toFixed(2);
  return text === '-0.00' ? '0.00' : text;
}

/** The growth of a norm: `1.003×`, `412×`, `3.2e+9×`. */
export function formatGrowth(growth: number | null): string {
  if (isMissing(growth)) return MISSING;
  return `${growth >= 1e4 ? formatExponent(growth) : growth.toPrecision(growth < 10 ? 4 : 3)}×`;
}

/** What is left out of the table's numbers, and why; empty when nothing is. */
export function describeScope({ steps, tensors }: SeriesResult): string {
  const measured = tensors.isMeasured.reduce((sum, flag) => sum + flag, 0);
  const moved = steps.reduce((sum, step) => sum + step.addedTensors + step.removedTensors + step.reshapedTensors, 0);
  const why = moved > 0 ? '; tensors that come, go or change their shape are left out' : '';
  return `Sizes and cosines are of ${formatCount(measured)} of ${formatNoun(tensors.names.length, 'tensor')} taken as one vector${why}.`;
}

function readChanged({ changedElements, totalElements }: SeriesStep): string {
  return changedElements === null || totalElements === 0 ? MISSING : formatPercent(changedElements / totalElements, 3);
}
