/**
 * The conclusion of a series in one sentence: where it went wrong, if it did, and otherwise how its steps went.
 * Every number in it is in the steps or the events.
 */
import type { SeriesEvent, SeriesEventKind, SeriesStep } from './types.ts';
import { median } from '../analysis/statistics.ts';
import { formatNoun, formatPercent } from '../wording/numbers.ts';
import { capitalize, joinWords, listNames } from '../wording/sentences.ts';
import { describeRise, formatStepCosine, listTensors, placeOf, type UnjudgedSeries } from './wording.ts';

/** A last step smaller or larger than the first by this factor is told as a trend. */
const TREND = 1.5;
/** Typical cosines between successive steps: above the first a straight drift, then ordinary training, a random walk, and oscillation. */
const READINGS = { drift: 0.5, ordinary: 0.1, walk: -0.1 };

/** What happened, and where it began. */
export function composeSeriesVerdict(series: UnjudgedSeries): string {
  const clauses = [
    describeStart(series),
    describeOverflows(series),
    describeCourse(series),
    describeTensorJumps(series),
    describeFreezes(series),
    describeRest(series),
  ];
  return `${capitalize(clauses.filter((clause) => clause !== null).join('; '))}.`;
}

function describeStart(series: UnjudgedSeries): string | null {
  const tensors = listTensors(series, 'non_finite', 0);
  return tensors.length === 0
    ? null
    : `NaN or Inf in the start already, in ${formatNoun(tensors.length, 'tensor')}: ${listNames(tensors)}`;
}

/** NaN and Inf that a conversion made, by step. */
function describeOverflows(series: UnjudgedSeries): string | null {
  const events = series.events.filter(({ kind, message }) => kind === 'non_finite' && message !== null);
  const [first] = events;
  if (first === undefined) return null;
  return `${first.message ?? ''} at ${placeOf(series, first.step)}: NaN or Inf in ${formatNoun(events.length, 'tensor')}, first in ${first.tensor ?? ''}`;
}

/** The main clause. */
function describeCourse(series: UnjudgedSeries): string {
  const { checkpoints, steps, tensors } = series;
  if (!tensors.isMeasured.includes(1)) return 'nothing in common: no tensor is in every checkpoint with one shape';
  const total = (kind: SeriesEventKind): SeriesEvent | undefined =>
    series.events.find((event) => event.kind === kind && event.tensor === null);
  const nonfinite = series.events.find((event) => event.kind === 'non_finite' && event.step > 0 && event.message === null);
  const [norm, jump] = [total('norm_jumped'), total('jumped')];
  const troubles = [jump, norm, nonfinite].filter((event) => event !== undefined);
  if (troubles.length > 0) return describeTrouble(series, troubles);
  const changed = steps.filter((step) => step.changedTensors > 0);
  if (changed.length === 0) return `no change: all ${checkpoints.length} checkpoints are equal in every value`;
  return describeTraining(series);
}

function describeTrouble(series: UnjudgedSeries, troubles: readonly SeriesEvent[]): string {
  const began = Math.min(...troubles.map(({ step }) => step));
  const isDiverging = troubles.some(({ kind }) => kind !== 'jumped');
  const here = troubles.filter(({ step }) => step === began).map((event) => describeEvent(series, event, ''));
  const later = troubles
    .filter(({ step }) => step > began)
    .toSorted((a, b) => a.step - b.step)
    .map((event) => `; ${describeEvent(series, event, ` at ${placeOf(series, event.step)}`)}`);
  const lead = isDiverging ? 'diverging run' : 'jump in an otherwise steady run';
  return `${lead}: it began at ${placeOf(series, began)}, where ${joinWords(here)}${later.join('')}`;
}

function describeEvent(series: UnjudgedSeries, event: SeriesEvent, where: string): string {
  const { kind, step, value } = event;
  const tensors = listTensors(series, kind, step);
  if (kind === 'norm_jumped') return `the norm rose to ${describeRise(event)} the median before it${where}`;
  if (kind === 'jumped') {
    const all = formatNoun(series.tensors.names.length, 'tensor');
    // Where most jumped, three names say no more than one.
    const isWide = tensors.length * 2 > series.tensors.names.length;
    const part =
      tensors.length === 0 ? '' : ` (in ${tensors.length} of ${all}, most in ${joinWords(tensors.slice(0, isWide ? 1 : 3))})`;
    return `the relative step jumped to ${formatPercent(value ?? 0)} of the weights${where}, ${describeRise(event)} the median before it${part}`;
  }
  const last = series.steps.at(-1)?.nonfiniteTensors ?? 0;
  const spread = last > tensors.length && step < series.steps.length ? `, in ${last} at the end` : '';
  return `NaN or Inf appeared${where}, first in ${formatNoun(tensors.length, 'tensor')}: ${listNames(tensors, 5)}${spread}`;
}

function describeTraining({ steps }: UnjudgedSeries): string {
  const sizes = steps.map((step) => step.relativeStep).filter((size) => size !== null);
  const last = steps.at(-1);
  const away = last?.relativeDistance ?? null;
  if (steps.length === 1) return `one step of ${formatPercent(sizes[0] ?? 0)} of the weights`;
  const cosines = steps.map((step) => step.stepCosine).filter((cosine) => cosine !== null);
  const reading = readCosines(steps);
  const parts = [
    formatNoun(steps.length, 'step'),
    describeSizes(sizes),
    reading === null ? null : `step cosine ${describeRange(cosines)} (${reading}${describeRounding(steps)})`,
    away === null ? null : `${formatPercent(away)} away from the start`,
    last?.straightness === null || last === undefined ? null : `straightness ${last.straightness.toFixed(2)}`,
  ];
  const lead = reading === OSCILLATING ? 'oscillating run' : 'steady training';
  return `${lead}: ${parts.filter((part) => part !== null).join(', ')}`;
}

const OSCILLATING = 'steps undo each other';

/**
 * How the steps stand to each other, judged by the median; what rounding alone may do is taken out where they oppose each other.
 * Null where no cosine is known.
 */
function readCosines(steps: readonly SeriesStep[]): string | null {
  const known = steps.filter((step) => step.stepCosine !== null);
  if (known.length === 0) return null;
  const typical = median(known.map((step) => step.stepCosine ?? 0));
  const unrounded = median(known.map((step) => (step.stepCosine ?? 0) - (step.roundingCosine ?? 0)));
  if (typical > READINGS.drift) return 'straight drift';
  if (typical >= READINGS.ordinary) return 'ordinary training';
  return typical >= READINGS.walk || unrounded >= READINGS.walk ? 'like a random walk' : OSCILLATING;
}

/** Only where rounding is a part of what is seen. */
function describeRounding(steps: readonly SeriesStep[]): string {
  const most = Math.min(0, ...steps.map((step) => step.roundingCosine ?? 0));
  return most > -0.005 ? '' : `; rounding alone can make ${formatStepCosine(most)}`;
}

function describeSizes(sizes: readonly number[]): string | null {
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (last * TREND < first) return `relative step shrinking from ${formatPercent(first)} to ${formatPercent(last)}`;
  if (last > first * TREND) return `relative step growing from ${formatPercent(first)} to ${formatPercent(last)}`;
  const sorted = new Float64Array(sizes).sort();
  return `relative step ${formatPercent(sorted[0] ?? 0)} to ${formatPercent(sorted.at(-1) ?? 0)}`;
}

function describeRange(cosines: readonly number[]): string {
  const sorted = new Float64Array(cosines).sort();
  const ends = [sorted[0] ?? 0, sorted.at(-1) ?? 0].map(formatStepCosine);
  return [...new Set(ends)].join(' to ');
}

/** Jumps of single tensors in a run that did not jump as a whole. */
function describeTensorJumps({ events, checkpoints }: UnjudgedSeries): string | null {
  const jumps = events.filter(({ kind, tensor }) => kind === 'jumped' && tensor !== null);
  const [first] = jumps;
  if (first === undefined || events.some(({ kind, tensor }) => kind === 'jumped' && tensor === null)) return null;
  const tensors = new Set(jumps.map(({ tensor }) => tensor)).size;
  return `${formatNoun(tensors, 'tensor')} jumped alone, first ${first.tensor ?? ''} at ${checkpoints[first.step]?.name ?? ''}`;
}

function describeFreezes({ events, checkpoints }: UnjudgedSeries): string | null {
  const freezes = events.filter(({ kind }) => kind === 'froze');
  const [first] = freezes;
  if (first === undefined) return null;
  return `${formatNoun(freezes.length, 'tensor')} stopped changing, first ${first.tensor ?? ''} at ${checkpoints[first.step]?.name ?? ''}`;
}

/** What is not in the numbers. */
function describeRest({ steps, tensors, events }: UnjudgedSeries): string | null {
  const count = steps.length;
  const never = tensors.names.filter((_, row) =>
    tensors.identical.subarray(row * count, (row + 1) * count).every((same) => same === 1),
  );
  const failed = events.filter(({ kind }) => kind === 'failed').length;
  const partial = steps.some((step) => step.addedTensors + step.removedTensors + step.reshapedTensors > 0);
  const parts = [
    never.length === 0 || never.length === tensors.names.length
      ? null
      : `${never.length} of ${formatNoun(tensors.names.length, 'tensor')} never changed`,
    partial ? 'tensors that are not in every checkpoint with one shape are left out of the totals' : null,
    failed === 0 ? null : `${formatNoun(failed, 'tensor')} could not be compared`,
  ];
  return joinWords(parts.filter((part) => part !== null)) || null;
}
