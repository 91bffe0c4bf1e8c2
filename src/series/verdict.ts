/**
 * The conclusion of a series in one short line: where it went wrong, if it did, and otherwise how its steps went. Every number in it is in
 * the steps or the events; `details.ts` says the rest.
 */
import type { SeriesEvent, SeriesEventKind, SeriesStep } from './types.ts';
import { median } from '../analysis/statistics.ts';
import { findLargest, formatFold, formatNoun, formatPercent } from '../wording/numbers.ts';
import { capitalize } from '../wording/sentences.ts';
import { readCosines } from './cosines.ts';
import { isPartial, listTensors, placeOf, type UnjudgedSeries } from './wording.ts';

/** A last step smaller or larger than the first by this factor is told as a trend. */
const TREND = 1.5;
/** Steps whose largest is at most this multiple of the smallest are all alike; above the second they are uneven. */
const SPREAD = { alike: 1.25, even: 3 };

/** Part of the elements that has to be in both checkpoints of a step for it to speak for the model. */
const LEAST_SHARE = 0.5;

/** What happened, and where it began. */
export function composeSeriesVerdict(series: UnjudgedSeries): string {
  const clauses = [
    describeShare(series),
    describeStart(series),
    describeOverflows(series),
    describeCodes(series),
    describeCourse(series),
    describeTensorJumps(series),
    countTensors(series, 'froze', 'stopped changing'),
    countTensors(series, 'failed', 'could not be compared'),
  ];
  return `${capitalize(clauses.filter((clause) => clause !== null).join('; '))}.`;
}

/** What speaks for less than half of the elements says so first. */
function describeShare(series: UnjudgedSeries): string | null {
  if (!series.tensors.isMeasured.includes(1)) return null;
  const shares = series.steps.map(({ totalElements }, at) => {
    const elements = [at, at + 1].map((index) => series.checkpoints[index]?.parameters ?? 0);
    return totalElements / findLargest(elements);
  });
  const least = findLeast(shares);
  if (!(least < LEAST_SHARE)) return null;
  const place = placeOf(series, shares.indexOf(least) + 1);
  return `only ${formatPercent(least)} of the elements could be followed to ${place}: names or shapes differ`;
}

function describeStart(series: UnjudgedSeries): string | null {
  const tensors = listTensors(series, 'non_finite', 0);
  return tensors.length === 0 ? null : `NaN or Inf from the start in ${formatNoun(tensors.length, 'tensor')}`;
}

/** NaN and Inf that a conversion made. */
function describeOverflows(series: UnjudgedSeries): string | null {
  const events = series.events.filter(({ kind, message }) => kind === 'non_finite' && message !== null);
  const [first] = events;
  if (first === undefined) return null;
  return `${first.message ?? ''} at ${placeOf(series, first.step)}: NaN or Inf in ${formatNoun(events.length, 'tensor')}`;
}

/** Quantised tensors, whose steps have no size. */
function describeCodes(series: UnjudgedSeries): string | null {
  const events = series.events.filter(({ kind }) => kind === 'codes');
  const [first] = events;
  if (first === undefined) return null;
  return `stored as codes at ${placeOf(series, first.step)}: ${formatNoun(events.length, 'tensor')} that cannot be compared by value`;
}

/** The main clause; null where there is nothing to measure, and another clause says why. */
function describeCourse(series: UnjudgedSeries): string | null {
  const { checkpoints, steps, tensors, events } = series;
  if (!tensors.isMeasured.includes(1)) return 'nothing in common: no tensor is in every checkpoint with one shape';
  const total = (kind: SeriesEventKind): SeriesEvent | undefined =>
    events.find((event) => event.kind === kind && event.tensor === null);
  const nonfinite = events.find((event) => event.kind === 'non_finite' && event.step > 0 && event.message === null);
  const troubles = [total('jumped'), total('norm_jumped'), nonfinite].filter((event) => event !== undefined);
  if (troubles.length > 0) return describeTrouble(series, troubles);
  if (steps.every((step) => step.changedTensors === 0))
    return isPartial(series)
      ? `no change in what all ${checkpoints.length} checkpoints have; other tensors come or go`
      : `no change: all ${checkpoints.length} checkpoints are equal in every value`;
  const sizes = steps.map((step) => step.relativeStep).filter((size) => size !== null);
  if (sizes.length > 0) return describeTraining(series, sizes);
  return events.some(({ kind }) => kind === 'codes') ? null : 'no step has a size';
}

function describeTrouble(series: UnjudgedSeries, troubles: readonly SeriesEvent[]): string {
  const ordered = troubles.toSorted((a, b) => a.step - b.step);
  const [first] = ordered;
  if (first === undefined) return '';
  const jumps = series.events.filter(({ kind, tensor }) => kind === 'jumped' && tensor === null).length;
  const isDiverging = troubles.some(({ kind }) => kind !== 'jumped');
  const lead = !isDiverging
    ? jumps > 1
      ? `${jumps} jumps, the first at`
      : 'jump at'
    : first.kind === 'non_finite'
      ? 'broken from'
      : 'diverged at';
  const parts = ordered
    // A jump of the step says more than that of the norm which it brings.
    .filter(({ kind, step }) => kind !== 'norm_jumped' || !ordered.some((other) => other.kind === 'jumped' && other.step <= step))
    .map((event) => describeEvent(series, event, first.step));
  return `${lead} ${placeOf(series, first.step)}: ${parts.join('; ')}${isDiverging ? '' : describeOthers(series)}`;
}

/** @param began step that is said already */
function describeEvent(series: UnjudgedSeries, event: SeriesEvent, began: number): string {
  const { kind, step, value, reference } = event;
  const isHere = step === began;
  if (kind === 'non_finite') {
    const tensors = listTensors(series, kind, step).length;
    const word = nameNonfinite(series.steps[step - 1]);
    return isHere
      ? `${word} in ${tensors} of ${formatNoun(series.tensors.names.length, 'tensor')}`
      : `${word} from ${placeOf(series, step)}`;
  }
  const where = isHere ? '' : ` at ${placeOf(series, step)}`;
  if (kind === 'norm_jumped') return `norm ${formatFold(reference)} → ${formatFold(value)} of that at the start${where}`;
  const before = series.steps[step - 2]?.relativeStep;
  return `step size ${formatPercent(before === undefined || before === 0 ? reference : (before ?? reference))} → ${formatPercent(value)}${where}`;
}

/** Of the steps without the jumps. */
function describeOthers({ steps, events }: UnjudgedSeries): string {
  const jumps = new Set(events.flatMap(({ kind, tensor, step }) => (kind === 'jumped' && tensor === null ? [step] : [])));
  const sizes = steps.flatMap(({ step, relativeStep }) => (jumps.has(step) || relativeStep === null ? [] : [relativeStep]));
  return sizes.length === 0 ? '' : `; the other steps ${describeRange(sizes)}`;
}

function nameNonfinite(step: SeriesStep | undefined): string {
  if (step === undefined || (step.nan > 0 && step.inf > 0)) return 'NaN and Inf';
  return step.nan > 0 ? 'NaN' : 'Inf';
}

function describeTraining({ steps }: UnjudgedSeries, sizes: readonly number[]): string {
  const [first = 0, last = 0] = [sizes[0], sizes.at(-1)];
  if (sizes.length === 1) return `one step of ${formatPercent(first)} of the weights`;
  const away = steps.at(-1)?.relativeDistance ?? null;
  const end = away === null ? '' : `; ${formatPercent(away)} from the start after ${formatNoun(steps.length, 'step')}`;
  const reading = readCosines(steps);
  if (reading === 'steps undo each other') return `oscillating: steps of ${describeRange(sizes)} undo each other${end}`;
  if (last * TREND < first) return `converging: steps shrink from ${formatPercent(first)} to ${formatPercent(last)}${end}`;
  if (last > first * TREND) return `steps grow from ${formatPercent(first)} to ${formatPercent(last)}${end}`;
  const [least, most] = findRange(sizes);
  if (most <= least * SPREAD.alike) return `steady: every step about ${formatPercent(median(sizes))}${end}`;
  return `${most <= least * SPREAD.even ? 'steady' : 'uneven'}: steps of ${describeRange(sizes)}${end}`;
}

/** `0.8% to 1.1%`, or one number where both ends read the same. */
function describeRange(sizes: readonly number[]): string {
  return [...new Set(findRange(sizes).map((size) => formatPercent(size)))].join(' to ');
}

function findRange(sizes: readonly number[]): readonly [least: number, most: number] {
  return [findLeast(sizes), findLargest(sizes)];
}

function findLeast(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Infinity);
}

/** Jumps of single tensors in a run that did not jump as a whole. */
function describeTensorJumps({ events }: UnjudgedSeries): string | null {
  const jumps = events.filter(({ kind }) => kind === 'jumped');
  if (jumps.length === 0 || jumps.some(({ tensor }) => tensor === null)) return null;
  return `${formatNoun(new Set(jumps.map(({ tensor }) => tensor)).size, 'tensor')} jumped alone`;
}

function countTensors({ events }: UnjudgedSeries, kind: SeriesEventKind, what: string): string | null {
  const count = events.filter((event) => event.kind === kind).length;
  return count === 0 ? null : `${formatNoun(count, 'tensor')} ${what}`;
}
