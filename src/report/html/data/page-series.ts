/**
 * Everything that the page of a series is drawn from, once while the report is written and again in the browser. Columns with a number a
 * tensor and step have that of tensor t and step s (from 0) at `t * steps.length + s`.
 */
import type { SeriesEventKind, SeriesStep } from '../../../series/types.ts';
import type { Severity } from '../../../checkpoint/types.ts';
import type { PlacedTensors } from './placed-tensors.ts';

/** Numbers with one for every tensor and step; NaN where there is none. */
export const STEP_NUMBERS = ['step', 'nonfinite'] as const;
/** Numbers of a tensor at the end, or the last known ones; NaN where there is none. */
export const END_NUMBERS = ['distance', 'straightness', 'growth'] as const;
/** Places of a tensor in its network. */
export const SERIES_PLACES = ['tower', 'module', 'column', 'expert', 'type'] as const;

/** A step of the measured tensors as a whole. */
export type PageStep = Pick<
  SeriesStep,
  'relativeStep' | 'relativeDistance' | 'straightness' | 'stepCosine' | 'wayCosine' | 'normGrowth' | 'nan' | 'inf'
> & {
  /** What the checkpoint is called that the step leads to. */
  readonly name: string;
};

/** Events of one kind in one step. */
export interface PageEvent {
  /** From 1 on; 0 for what the first checkpoint has already. */
  readonly step: number;
  readonly kind: SeriesEventKind;
  readonly severity: Severity;
  /** Rows of the tensors that it happened to. */
  readonly tensors: readonly number[];
}

/** See the head of this file. */
export interface PageSeries extends PlacedTensors {
  readonly steps: readonly PageStep[];
  readonly events: readonly PageEvent[];
  /** Relative steps, and NaN and Inf of the checkpoint that the step leads to. */
  readonly byStep: Readonly<Record<(typeof STEP_NUMBERS)[number], Float64Array>>;
  /** Relative distance from the start, straightness, and norm beside that of the first checkpoint. */
  readonly atEnd: Readonly<Record<(typeof END_NUMBERS)[number], Float64Array>>;
}

/** What the head of the data holds: all of a series that is no column. */
export interface SeriesHead extends Omit<PageSeries, 'byStep' | 'atEnd' | 'places'> {
  /** Tensors of the series that the page does not hold: the map, which is of all, is not drawn again then. */
  readonly left: number;
}

/** A number of a tensor in a step, from 0 on. */
export function stepAt({ byStep, steps }: PageSeries, column: (typeof STEP_NUMBERS)[number], row: number, step: number): number {
  return byStep[column][row * steps.length + step] ?? Number.NaN;
}
