import type { SeriesResult } from '../../../series/types.ts';
import { formatBytes, formatCount } from '../../../wording/numbers.ts';
import { describeScope, STEP_COLUMNS } from '../../step-columns.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';

/** The numbers of every step, of all measured tensors together. */
export function showSteps(series: SeriesResult): Markup {
  const { checkpoints, steps } = series;
  return html`<section id="steps">
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

/** What the checkpoints hold. */
export function showSeriesCheckpoints({ checkpoints }: SeriesResult): Markup {
  return html`<section id="checkpoints">
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

/** A table whose first `texts` columns are words and the others numbers. */
function table(label: string, titles: readonly string[], texts: number, rows: readonly Markup[]): Markup {
  const head = titles.map((title, index) => html`<th scope="col"${index < texts ? null : html` class="number"`}>${title}</th>`);
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}
