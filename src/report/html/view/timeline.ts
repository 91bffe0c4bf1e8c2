/** How far the steps of a series went, and in which direction, as charts. */
import { formatCount, formatNoun, formatPercent } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { formatTwoDigits } from '../../step-columns.ts';
import type { PageEvent, PageSeries } from '../data/page-series.ts';
import { COSINE_SCALE, scaleSizes } from './chart-scale.ts';
import { drawLines, type Line, type Marker } from './line-chart.ts';
import { html, type Markup } from './markup.ts';
import { formatTick } from './ticks.ts';

const HEIGHT = { sizes: 240, cosines: 130 };

/** Lines of the charts, by their titles. */
const SIZES = ['size of the step', 'distance from the start'] as const;
const COSINES = ['cosine with the step before', 'cosine with the way so far'] as const;

/** The charts. @param width in pixels */
export function drawTimeline({ steps, events }: PageSeries, width: number): Markup {
  const labels = steps.map(({ name }) => name);
  const sizes = pairLines(SIZES, [steps.map((step) => step.relativeStep), steps.map((step) => step.relativeDistance)]);
  const cosines = pairLines(COSINES, [steps.map((step) => step.stepCosine), steps.map((step) => step.wayCosine)]);
  const known = listKnown(sizes);
  if (!known.some((size) => size > 0))
    return html`<p class="note">${known.length === 0 ? 'No step has a size.' : 'Nothing changed.'}</p>`;
  const scale = scaleSizes(known);
  const direction = html`<p class="chart-head"><b>Direction</b> ${drawKeys(COSINES)} <span class="dim">1: the same way; 0: unrelated; -1: back again</span></p>
${drawLines({
  id: 'cosines',
  title: 'Direction of the steps',
  lines: cosines,
  labels,
  scale: COSINE_SCALE,
  formatTick: String,
  formatValue: formatTwoDigits,
  width,
  height: HEIGHT.cosines,
  markers: [],
})}`;
  return html`<p class="chart-head">${drawKeys(SIZES)} <span class="dim">of the weights${scale.isLogarithmic ? ', log scale' : null}</span></p>
${drawLines({
  id: 'sizes',
  title: 'Size of the steps and distance from the start',
  lines: sizes,
  labels,
  scale,
  formatTick,
  formatValue: formatPercent,
  width,
  height: HEIGHT.sizes,
  markers: markSteps(events),
})}
${listKnown(cosines.slice(0, 1)).length > 1 ? direction : null}`;
}

function pairLines(titles: readonly [string, string], values: readonly [Line['values'], Line['values']]): Line[] {
  return [
    { title: titles[0], style: 'first', values: values[0] },
    { title: titles[1], style: 'second', values: values[1] },
  ];
}

function listKnown(lines: readonly Line[]): number[] {
  return lines.flatMap(({ values }) => values.filter((value) => value !== null));
}

function drawKeys(titles: readonly [string, string]): Markup {
  const key = (style: string, title: string): Markup =>
    html`<span class="key"><svg class="chart-key" width="26" height="10" aria-hidden="true"><path class="${style}" d="M0 5h26"/><circle class="${style}" cx="13" cy="5" r="3"/></svg> ${title}</span>`;
  return html`${key('first', titles[0])} ${key('second', titles[1])}`;
}

/** One marker for each step that something happened in, with the gravest of it. */
function markSteps(events: readonly PageEvent[]): Marker[] {
  const steps = [...new Set(events.map(({ step }) => step))].sort((a, b) => a - b);
  return steps.map((step) => {
    const own = events.filter((event) => event.step === step);
    const isGrave = own.some(({ severity }) => severity === 'critical');
    const severity = isGrave ? 'critical' : own.some((event) => event.severity === 'warning') ? 'warning' : 'info';
    return { step, severity, words: own.map(describeEvent).join('; ') };
  });
}

const EVENT_WORDS: Readonly<Record<PageEvent['kind'], string>> = {
  failed: 'could not be compared',
  non_finite: 'NaN or Inf',
  norm_jumped: 'the norm jumped',
  jumped: 'the step jumped',
  codes: 'stored as codes',
  froze: 'no change any more',
};

function describeEvent({ kind, tensors }: PageEvent): string {
  return tensors.length === 0 ? EVENT_WORDS[kind] : `${EVENT_WORDS[kind]} (${formatNoun(tensors.length, 'tensor')})`;
}

/** All numbers of a step in a line. @param step from 1 on */
export function describeStep({ steps }: PageSeries, step: number): string {
  const known = steps[step - 1];
  if (known === undefined) return '';
  const { name, relativeStep, relativeDistance, stepCosine, nan, inf } = known;
  const parts = [
    `step ${formatPercent(relativeStep, 3)}`,
    `${formatPercent(relativeDistance, 3)} from the start`,
    stepCosine === null ? '' : `cosine ${formatTwoDigits(stepCosine)}`,
    nan + inf === 0 ? '' : `${formatCount(nan + inf)} NaN or Inf`,
  ];
  return `${step}: ${truncateMiddle(name, 80)} – ${parts.filter((part) => part !== '').join(', ')}`;
}
