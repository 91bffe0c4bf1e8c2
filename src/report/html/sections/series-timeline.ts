import type { PageSeries } from '../data/page-series.ts';
import { html, type Markup } from '../view/markup.ts';
import { drawTimeline } from '../view/timeline.ts';

/** Room for the charts where no script measures it, in pixels. */
const WIDTH = 850;

/** How far the steps went, and in which direction; null where there is one step, of which the first line says all. */
export function showTimeline(series: PageSeries): Markup | null {
  if (series.steps.length < 2) return null;
  return html`<section id="timeline">
<h2>Timeline</h2>
<div class="charts" id="charts" role="group" aria-label="Charts of the steps" tabindex="0">
${drawTimeline(series, WIDTH)}
</div>
</section>`;
}
