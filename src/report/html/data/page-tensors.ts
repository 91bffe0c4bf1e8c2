/**
 * Every tensor of a page, as columns: entry i of each belongs to `names[i]`. The pages are drawn from this alone, once while the report
 * is written and again in the browser, so that both show the same.
 */
import { NOWHERE, type PlacedTensors } from './placed-tensors.ts';

/** What became of a tensor. */
export type Status = 'identical' | 'changed' | 'unchanged' | 'codes' | 'added' | 'removed' | 'reshaped' | 'failed';

/**
 * All of them, in the order of their codes in the places `status`. `unchanged` is within the threshold, but not identical; `codes`
 * are quantised weights that were not compared by value.
 */
export const STATUSES: readonly Status[] = [
  'identical',
  'changed',
  'unchanged',
  'codes',
  'added',
  'removed',
  'reshaped',
  'failed',
];

/** Numbers of a tensor, as columns of this name; NaN where there is none. `old` and `new` are of that side. */
export const NUMBERS = [
  'l2',
  // The least that it can be, where hashes were compared and no values.
  'least',
  'l1',
  'maxDiff',
  'meanDiff',
  'turn',
  'changed',
  'bitChanged',
  'elements',
  'expected',
  'update',
  'oldNorm',
  'newNorm',
  'oldMean',
  'newMean',
  'oldStd',
  'newStd',
  'oldMin',
  'newMin',
  'oldMax',
  'newMax',
  'oldZeros',
  'newZeros',
  'oldNan',
  'newNan',
  'oldInf',
  'newInf',
  'oldBytes',
  'newBytes',
  'oldOffset',
  'newOffset',
] as const;
/** Places of a tensor in lists, as columns of this name; {@link NOWHERE} where it has none. */
export const PLACES = [
  'status',
  'tower',
  'module',
  'column',
  'expert',
  'type',
  'cause',
  'oldShape',
  'newShape',
  'oldDtype',
  'newDtype',
  'oldFile',
  'newFile',
] as const;

export type NumberColumn = (typeof NUMBERS)[number];
export type PlaceColumn = (typeof PLACES)[number];

/** Counts of the sizes of |d|, `bins` for each tensor; as `HistogramColumns` of a comparison. */
export interface PageHistogram {
  readonly firstExponent: number;
  readonly bins: number;
  readonly counts: Float64Array;
}

/** See the head of this file. */
export interface PageTensors extends PlacedTensors {
  readonly numbers: Readonly<Record<NumberColumn, Float64Array>>;
  readonly places: Readonly<Record<PlaceColumn, Int32Array>>;
  /** Codes of explanations, shapes and dtypes that the places point to. */
  readonly causes: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly string[];
  /** Files of both sides. */
  readonly files: { readonly old: readonly string[]; readonly new: readonly string[] };
  /** Message by row. */
  readonly errors: ReadonlyMap<number, string>;
  readonly histogram: PageHistogram | null;
}

/** What became of a row. */
export function statusAt(tensors: PageTensors, row: number): Status {
  return STATUSES[placeAt(tensors, 'status', row)] ?? 'failed';
}

/** A number of a row; NaN where there is none. */
export function numberAt(tensors: PageTensors, column: NumberColumn, row: number): number {
  return tensors.numbers[column][row] ?? Number.NaN;
}

/** A place of a row; {@link NOWHERE} where it has none. */
export function placeAt(tensors: PageTensors, column: PlaceColumn, row: number): number {
  return tensors.places[column][row] ?? NOWHERE;
}
