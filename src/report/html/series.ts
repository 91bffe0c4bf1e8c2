import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesResult } from '../../series/types.ts';
import { formatBytes, formatCount, formatNoun, formatPercent, formatRest } from '../../wording/numbers.ts';
import { showFoot } from './sections/explain.ts';
import { LONG_VERDICT } from './sections/head.ts';
import { html, type Markup } from './view/markup.ts';
import { showName } from './view/name.ts';
import { writePage } from './page.ts';
import { TOOL } from '../../tool.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { describeGroup, describeTensorEvent, type EventGroup, groupEvents } from '../event-groups.ts';
import { describeSeriesOrigin } from '../provenance.ts';
import { showCharts } from './series-charts.ts';
import { rankTensors } from '../rank-series.ts';
import { describeScope, formatTwoDigits, STEP_COLUMNS } from '../step-columns.ts';
import { SERIES_TERMS } from './series-terms.ts';

/** The series as one HTML page. */
export function writeSeriesHtml(
  series: SeriesResult,
  rows: number = 50,
  provenance: SeriesProvenance | null = null,
): Iterable<string> {
  const { checkpoints, verdict } = series;
  const [first, last] = [checkpoints[0]?.name ?? '', checkpoints.at(-1)?.name ?? ''];
  const count = formatNoun(checkpoints.length, 'checkpoint');
  return writePage({
    title: `${truncateMiddle(first, 80)} → ${truncateMiddle(last, 80)} · ${count} · ${TOOL.name}`,
    colorScheme: 'default',
    kind: 'series',
    data: [],
    body: [
      html`<header>
<h1>${showName(first)}<span class="arrow"> → </span>${showName(last)}, ${count}</h1>
<p class="verdict${verdict.length > LONG_VERDICT ? ' long' : null}">${truncateMiddle(verdict, 2000)}</p>
</header>
<main>
${showCharts(series)}
${showEvents(series, rows)}
${showSteps(series)}
${showTensors(series, rows)}
${showCheckpoints(series)}
${showTerms()}
</main>
${showFoot(describeSeriesOrigin(provenance))}`,
    ],
  });
}

function showSteps(series: SeriesResult): Markup {
  const { checkpoints, steps } = series;
  return html`<section>
<h2>Steps</h2>
<p class="note">${describeScope(series)}</p>
${table(
  'Steps',
  ['step', 'to', ...STEP_COLUMNS.map(({ title }) => title)],
  2,
  steps.map(
    (step) =>
      html`<tr><td>${step.step}</td><th scope="row">${showName(checkpoints[step.step]?.name ?? '')}</th>${STEP_COLUMNS.map(({ read }) => html`<td class="number">${read(step)}</td>`)}</tr>\n`,
  ),
)}
</section>`;
}

function showEvents(series: SeriesResult, rows: number): Markup {
  const groups = groupEvents(series);
  if (groups.length === 0) return html``;
  return html`<section>
<h2>Events</h2>
<ul class="insights">
${groups.map((group) => showGroup(series, group, rows))}</ul>
</section>`;
}

function showGroup({ checkpoints }: SeriesResult, group: EventGroup, rows: number): Markup {
  const shown = group.tensors.slice(0, rows);
  const rest = formatRest(group.tensors.length - shown.length, 'tensor');
  const names = shown.map(
    (event) =>
      html`<li>${showName(event.tensor ?? '')} <span class="shape">${truncateMiddle(describeTensorEvent(event), 300)}</span></li>\n`,
  );
  const list = html`<details${group.tensors.length <= 5 ? html` open` : null}><summary>${formatNoun(group.tensors.length, 'tensor')}</summary><ul class="names">
${names}</ul>${rest === '' ? null : html`<p class="rest">${rest}</p>`}</details>`;
  return html`<li><span class="severity ${group.severity}">${group.severity}</span><div>
<h3>${showName(checkpoints[group.step]?.name ?? '')} (step ${group.step})</h3>
<p>${describeGroup(group)}</p>
${group.tensors.length === 0 ? null : list}</div></li>\n`;
}

function showTensors(series: SeriesResult, rows: number): Markup {
  const shown = rankTensors(series, rows);
  const rest = formatRest(series.tensors.names.length - shown.length, 'tensor');
  if (shown.length === 0) return html``;
  return html`<section>
<h2>Furthest from the start</h2>
${table(
  'Furthest from the start',
  ['tensor', 'from start', 'straightness'],
  1,
  shown.map(
    ({ name, relativeDistance, straightness }) =>
      html`<tr><th scope="row">${showName(name)}</th><td class="number">${formatPercent(relativeDistance, 3)}</td><td class="number">${formatTwoDigits(straightness)}</td></tr>\n`,
  ),
)}
${rest === '' ? null : html`<p class="rest">${rest}</p>`}
</section>`;
}

function showCheckpoints({ checkpoints }: SeriesResult): Markup {
  return html`<section>
<h2>Checkpoints</h2>
${table(
  'Checkpoints',
  ['checkpoint', 'tensors', 'parameters', 'size'],
  1,
  checkpoints.map(
    (checkpoint) =>
      html`<tr><th scope="row">${showName(checkpoint.name)}</th><td class="number">${formatCount(checkpoint.tensors)}</td><td class="number">${formatCount(checkpoint.parameters)}</td><td class="number">${formatBytes(checkpoint.sizeBytes)}</td></tr>\n`,
  ),
)}
</section>`;
}

function showTerms(): Markup {
  return html`<section>
<h2>How to read this report</h2>
<dl class="explain">
${SERIES_TERMS.map(([term, sentence]) => html`<div><dt>${term}</dt><dd>${sentence}</dd></div>\n`)}</dl>
</section>`;
}

/** A table whose first `texts` columns are words and the others numbers. */
function table(label: string, titles: readonly string[], texts: number, rows: readonly Markup[]): Markup {
  const head = titles.map((title, index) => html`<th scope="col"${index < texts ? null : html` class="number"`}>${title}</th>`);
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}
