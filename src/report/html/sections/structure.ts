import type { TrainingInsight } from '../../../analysis/types.ts';
import { formatBytes, formatNoun, formatRest } from '../../../wording/numbers.ts';
import { spellConfigValue } from '../../../wording/config-value.ts';
import { describeUnconfigured } from '../../configuration.ts';
import { capitalize } from '../../../wording/sentences.ts';
import { describeNotes, describeShapes } from '../../describe.ts';
import { listGroups, type TensorGroup } from '../../groups.ts';
import type { Report } from '../../report.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';

const SIGNS = { times: '×', arrow: ' → ' };

/** Tensors that could not be compared, each with the reason. */
export function showFailed({ columns, summary }: Report, rows: number): Markup {
  if (summary.failedTensors === 0) return html``;
  const failed = [...columns.errors].sort(([a], [b]) => a - b);
  const shown = failed.slice(0, rows);
  return html`<section id="failed">
<h2>Could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}</h2>
<div class="scroll" role="region" aria-label="Could not be compared" tabindex="0"><table>
<thead><tr><th scope="col">tensor</th><th scope="col">reason</th></tr></thead>
<tbody>${shown.map(([row, message]) => html`<tr><th scope="row">${showName(columns.names[row] ?? '')}</th><td class="error">${truncateMiddle(message, 600)}</td></tr>\n`)}</tbody>
</table></div>
${showRest(summary.failedTensors - shown.length, 'failed tensor')}
</section>`;
}

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function showStructure(report: Report, most: number): Markup {
  const groups = listGroups(report);
  if (groups.length === 0) return html``;
  return html`<section id="structure">
<h2>Structure</h2>
${groups.map(
  ({ kind, title, noun, rows, total }) => html`<h3>${capitalize(title)}: ${formatNoun(total, 'tensor')}</h3>
<div class="scroll" role="region" aria-label="${capitalize(title)}" tabindex="0"><table>
<thead><tr><td></td><th scope="col">tensor</th><th scope="col">shape</th><th scope="col">dtype</th><th scope="col" class="number">size</th></tr></thead>
<tbody>${Array.from(rows.subarray(0, most), (row) => showTensor(report, row, MARKS[kind]))}</tbody>
</table></div>
${showRest(total - Math.min(most, rows.length), noun)}\n`,
)}
</section>`;
}

/** How the tensors of each group are marked. */
const MARKS: Readonly<Record<TensorGroup['kind'], string>> = {
  reshaped: '!',
  added: '+',
  removed: '−',
  converted: '!',
  unchanged: '=',
};

/** Keys of the configuration files that differ. */
export function showConfiguration({ summary, analysis }: Report, rows: number): Markup {
  const changes = summary.configChanges;
  const telling = listTelling(analysis.insights);
  const notes = summary.unconfigured.map((side) => html`<p class="rest">${describeUnconfigured(side)}</p>\n`);
  if (changes.length === 0 && notes.length === 0) return html``;
  if (changes.length === 0)
    return html`<section id="configuration">
<h2>Configuration</h2>
${notes}</section>`;
  const value = (of: unknown): Markup =>
    of === undefined
      ? html`<span class="shape">absent</span>`
      : html`<code class="name">${truncateMiddle(spellConfigValue(of), 400)}</code>`;
  return html`<section id="configuration">
<h2>Configuration</h2>
<div class="scroll" role="region" aria-label="Configuration" tabindex="0"><table>
<thead><tr><th scope="col">key</th><th scope="col">old</th><th scope="col">new</th></tr></thead>
<tbody>${changes.slice(0, rows).map((change) => html`<tr><th scope="row">${showName(change.key)}${telling.has(change.key) ? html` <span class="severity warning">alters what the weights compute</span>` : null}</th><td class="was">${value(change.old)}</td><td class="is">${value(change.new)}</td></tr>\n`)}</tbody>
</table></div>
${notes}
${showRest(changes.length - rows, 'changed key')}
</section>`;
}

/** Keys whose change matters to whoever loads the weights, as the analysis found. */
function listTelling(insights: readonly TrainingInsight[]): ReadonlySet<string> {
  const evidence = insights.find(({ code }) => code === 'configuration_changed')?.evidence['telling'];
  const keys = Array.isArray(evidence) ? evidence.map((entry: unknown) => (Array.isArray(entry) ? String(entry[0]) : '')) : [];
  return new Set(keys);
}

function showTensor({ columns }: Report, row: number, sign: string): Markup {
  const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
  const dtype = columns.dtypeChanged[row] === 1 ? describeNotes(columns, row, SIGNS) : (side.dtype[row] ?? '');
  return html`<tr><td class="sign">${sign}</td><th scope="row">${showName(columns.names[row] ?? '')}</th><td class="shape">${describeShapes(columns, row, SIGNS)}</td><td><code>${dtype}</code></td><td class="number">${formatBytes(side.sizeBytes[row] ?? null)}</td></tr>\n`;
}

function showRest(rest: number, noun: string): Markup | null {
  return rest > 0 ? html`<p class="rest">${formatRest(rest, noun)}</p>` : null;
}
