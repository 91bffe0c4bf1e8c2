/** The numbers of one tensor of a series that its page shows, sorts and searches by, each stated once. */
import { formatCount, formatEvenPercent, MISSING } from '../../../wording/numbers.ts';
import { formatGrowth, formatTwoDigits } from '../../step-columns.ts';
import { type PageSeries, stepAt } from '../data/page-series.ts';

/** A column of the table. */
export interface SeriesColumn {
  /** In searches and addresses. */
  readonly key: string;
  /** Head of the column. @param step that is chosen, from 1 on */
  readonly title: (step: number) => string;
  /** NaN where there is none. */
  readonly read: (series: PageSeries, row: number, step: number) => number;
  readonly format: (value: number) => string;
}

const percent = (value: number): string => (value === Infinity ? 'from 0' : formatEvenPercent(value, 3));
const finite = (format: (value: number | null) => string) => (value: number) => (Number.isNaN(value) ? MISSING : format(value));

/** The largest step of a tensor, NaN where none has a size, and its number from 1 on, NaN where nothing changed. */
function findPeak(series: PageSeries, row: number): { readonly most: number; readonly step: number } {
  let [most, at] = [Number.NaN, Number.NaN];
  for (const step of series.steps.keys()) {
    const size = stepAt(series, 'step', row, step);
    if (size > 0 && !(size <= most)) [most, at] = [size, step + 1];
    else if (size === 0 && Number.isNaN(most)) most = 0;
  }
  return { most, step: at };
}

/** NaN and Inf of the last checkpoint that has the tensor. */
function countBroken(series: PageSeries, row: number): number {
  for (let step = series.steps.length - 1; step >= 0; step -= 1) {
    const count = stepAt(series, 'nonfinite', row, step);
    if (!Number.isNaN(count)) return count;
  }
  return Number.NaN;
}

export const SERIES_COLUMNS: readonly SeriesColumn[] = [
  {
    key: 'max',
    title: () => 'largest step',
    read: (series, row) => findPeak(series, row).most,
    format: percent,
  },
  {
    key: 'peak',
    title: () => 'in step',
    read: (series, row) => findPeak(series, row).step,
    format: finite(formatCount),
  },
  {
    key: 'step',
    title: (step) => `step ${step}`,
    read: (series, row, step) => stepAt(series, 'step', row, step - 1),
    format: percent,
  },
  { key: 'start', title: () => 'from start', read: ({ atEnd }, row) => atEnd.distance[row] ?? Number.NaN, format: percent },
  {
    key: 'straight',
    title: () => 'straightness',
    read: ({ atEnd }, row) => atEnd.straightness[row] ?? Number.NaN,
    format: finite(formatTwoDigits),
  },
  { key: 'norm', title: () => 'norm', read: ({ atEnd }, row) => atEnd.growth[row] ?? Number.NaN, format: finite(formatGrowth) },
  { key: 'nan', title: () => 'NaN/Inf', read: countBroken, format: finite(formatCount) },
];
