import { formatBytes, formatNoun, formatRest } from '../../wording/numbers.ts';
import { selectDtypeChanged, selectRows } from '../rank.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { describeUnconfigured } from '../configuration.ts';
import type { Report } from '../report.ts';
import { describeNotes, describeShapes } from '../text/notes.ts';
import { truncateMiddle } from '../text/width.ts';
import { html, type Markup } from './markup.ts';
import { showName } from './name.ts';

const SIGNS = { times: '×', arrow: ' → ' };

/** Tensors that could not be compared, each with the reason. */
export function showFailed({ columns, summary }: Report, rows: number): Markup {
  if (summary.failedTensors === 0) return html``;
  const failed = [...columns.errors].sort(([a], [b]) => a - b);
  const shown = failed.slice(0, rows);
  return html`<section>
<h2>Could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}</h2>
<div class="scroll" role="region" aria-label="Could not be compared" tabindex="0"><table>
<thead><tr><th scope="col">tensor</th><th scope="col">reason</th></tr></thead>
<tbody>${shown.map(([row, message]) => html`<tr><th scope="row">${showName(columns.names[row] ?? '')}</th><td class="error">${truncateMiddle(message, 600)}</td></tr>\n`)}</tbody>
</table></div>
${showRest(summary.failedTensors - shown.length, 'failed tensor')}
</section>`;
}

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function showStructure(report: Report, rows: number): Markup {
  const { columns, summary } = report;
  const dtypes = selectDtypeChanged(columns);
  const unchanged = report.listsUnchanged ? selectRows(columns, 'unchanged') : new Uint32Array();
  const groups = [
    {
      title: 'Reshaped',
      noun: 'reshaped tensor',
      sign: '!',
      found: selectRows(columns, 'shape_changed'),
      total: summary.reshapedTensors,
    },
    { title: 'Added', noun: 'added tensor', sign: '+', found: selectRows(columns, 'added'), total: summary.addedTensors },
    { title: 'Removed', noun: 'removed tensor', sign: '−', found: selectRows(columns, 'removed'), total: summary.removedTensors },
    { title: 'Same values in another dtype', noun: 'such tensor', sign: '!', found: dtypes, total: dtypes.length },
    { title: 'Unchanged', noun: 'unchanged tensor', sign: '=', found: unchanged, total: unchanged.length },
  ].filter((group) => group.total > 0);
  if (groups.length === 0) return html``;
  return html`<section>
<h2>Structure</h2>
${groups.map(
  (group) => html`<h3>${group.title}: ${formatNoun(group.total, 'tensor')}</h3>
<div class="scroll" role="region" aria-label="${group.title}" tabindex="0"><table>
<thead><tr><th><span aria-hidden="true"></span></th><th scope="col">tensor</th><th scope="col">shape</th><th scope="col">dtype</th><th scope="col" class="number">size</th></tr></thead>
<tbody>${Array.from(group.found.subarray(0, rows), (row) => showTensor(report, row, group.sign))}</tbody>
</table></div>
${showRest(group.total - Math.min(rows, group.found.length), group.noun)}\n`,
)}
</section>`;
}

/** Keys of the configuration files that differ. */
export function showConfiguration({ summary }: Report, rows: number): Markup {
  const changes = summary.configChanges;
  const notes = summary.unconfigured.map((side) => html`<p class="rest">${describeUnconfigured(side)}</p>\n`);
  if (changes.length === 0 && notes.length === 0) return html``;
  if (changes.length === 0)
    return html`<section>
<h2>Configuration</h2>
${notes}</section>`;
  const value = (of: unknown): Markup =>
    of === undefined
      ? html`<span class="shape">absent</span>`
      : html`<code class="name">${truncateMiddle(spellConfigValue(of), 400)}</code>`;
  return html`<section>
<h2>Configuration</h2>
<div class="scroll" role="region" aria-label="Configuration" tabindex="0"><table>
<thead><tr><th scope="col">key</th><th scope="col">old</th><th scope="col">new</th></tr></thead>
<tbody>${changes.slice(0, rows).map((change) => html`<tr><th scope="row">${showName(change.key)}</th><td>${value(change.old)}</td><td>${value(change.new)}</td></tr>\n`)}</tbody>
</table></div>
${showRest(changes.length - rows, 'changed key')}
</section>`;
}

function showTensor({ columns }: Report, row: number, sign: string): Markup {
  const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
  const dtype = columns.dtypeChanged[row] === 1 ? describeNotes(columns, row, SIGNS) : (side.dtype[row] ?? '');
  return html`<tr><td class="sign">${sign}</td><th scope="row">${showName(columns.names[row] ?? '')}</th><td class="shape">${describeShapes(columns, row, SIGNS)}</td><td><code>${dtype}</code></td><td class="number">${formatBytes(side.sizeBytes[row] ?? null)}</td></tr>\n`;
}

function showRest(rest: number, noun: string): Markup | null {
  return rest > 0 ? html`<p class="rest">${formatRest(rest, noun)}</p>` : null;
}
