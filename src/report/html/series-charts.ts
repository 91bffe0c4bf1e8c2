import type { SeriesResult } from '../../series/types.ts';
import { formatPercent } from '../../wording/numbers.ts';
import { html, type Markup } from './view/markup.ts';
import { formatTick } from './view/ticks.ts';
import { COSINE_SCALE, scaleSizes } from './view/chart-scale.ts';
import { drawLines } from './view/line-chart.ts';
import { formatTwoDigits } from '../step-columns.ts';

/** How far the steps went, and in which direction. */
export function showCharts({ checkpoints, steps }: SeriesResult): Markup {
  const labels = steps.map(({ step }) => checkpoints[step]?.name ?? '');
  const sizes = [
    { title: 'relative step', style: 'first', values: steps.map((step) => step.relativeStep) },
    { title: 'distance from the start', style: 'second', values: steps.map((step) => step.relativeDistance) },
  ] as const;
  const cosines = [
    { title: 'cosine with the step before', style: 'first', values: steps.map((step) => step.stepCosine) },
    { title: 'cosine with the way so far', style: 'second', values: steps.map((step) => step.wayCosine) },
  ] as const;
  const known = sizes.flatMap(({ values }) => values.filter((value) => value !== null));
  const scale = scaleSizes(known);
  if (known.length === 0) return html``;
  const direction = drawLines({
    id: 'cosines',
    title: 'Step cosine',
    lines: cosines,
    labels,
    scale: COSINE_SCALE,
    formatTick: String,
    formatValue: formatTwoDigits,
  });
  const hasDirection = cosines.some(({ values }) => values.some((value) => value !== null));
  return html`<section>
<h2>Size of the steps</h2>
<p class="note">Of the weights, as one vector${scale.isLogarithmic ? '; equal factors have equal room' : ''}.</p>
<figure>${drawLines({ id: 'sizes', title: 'Relative step and distance from the start', lines: sizes, labels, scale, formatTick, formatValue: formatPercent })}</figure>
</section>
${
  hasDirection
    ? html`<section>
<h2>Direction of the steps</h2>
<p class="note">1: the same direction; 0: unrelated; -1: back again.</p>
<figure>${direction}</figure>
</section>`
    : null
}`;
}
