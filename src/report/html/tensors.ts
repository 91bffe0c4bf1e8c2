import type { TensorColumns } from '../../comparison/columns.ts';
import { describeRow, findTop } from '../describe.ts';
import { formatCount, formatExponent, formatNoun, formatPercent, formatRest } from '../../wording/numbers.ts';
import { rankModified } from '../rank.ts';
import type { Report } from '../report.ts';
import { describeNotes, describeShapes } from '../text/notes.ts';
import { html, type Markup } from './markup.ts';
import { showName } from './name.ts';

const SIGNS = { times: '×', arrow: ' → ' };

/** The modified tensors, most changed first. */
export function showModified({ columns, summary }: Report, rows: number): Markup {
  if (summary.modifiedTensors === 0) return html``;
  const shown = rankModified(columns, rows);
  const top = findTop(columns, shown);
  const rest = formatRest(summary.modifiedTensors - shown.length, 'modified tensor');
  return html`<section>
<h2>Most changed tensors</h2>
<p class="note">${describeShown(shown.length, summary.modifiedTensors)}</p>
<div class="scroll" role="region" aria-label="Most changed tensors" tabindex="0"><table>
<thead><tr><th scope="col">tensor</th><th scope="col" class="number">relative change</th><th class="spark" aria-hidden="true"></th><th scope="col" class="number">cosine</th><th scope="col" class="number">elements changed</th><th scope="col" class="number">largest |d|</th><th scope="col">shape</th></tr></thead>
<tbody>${Array.from(shown, (row) => showRow(columns, row, top))}</tbody>
</table></div>
${rest === '' ? null : html`<p class="rest">${rest}</p>`}
</section>`;
}

function describeShown(shown: number, modified: number): string {
  if (shown < modified) return `${formatNoun(shown, 'tensor')} of ${formatCount(modified)} modified ones, by relative change.`;
  return modified === 1 ? 'The only modified tensor.' : `All ${formatNoun(modified, 'modified tensor')}, by relative change.`;
}

/** Layers and layer types by their change. */
export function showLayers({ summary, analysis }: Report): Markup {
  const types = Object.values(analysis.layerAnalysis)
    .filter((type) => type.count > 0)
    .sort((a, b) => b.avgChange - a.avgChange);
  const top = types[0]?.avgChange ?? 0;
  if (types.length === 0) return html``;
  const lists = [
    ['Most changed layers', summary.mostChangedLayers],
    ['Least changed layers', summary.leastChangedLayers],
  ] as const;
  return html`<section>
<h2>By kind of layer</h2>
<div class="scroll" role="region" aria-label="By kind of layer" tabindex="0"><table>
<thead><tr><th scope="col">layer type</th><th scope="col" class="number">modified tensors</th><th scope="col" class="number">change</th><th class="spark" aria-hidden="true"></th><th scope="col" class="number">largest</th></tr></thead>
<tbody>${types.map((type) => html`<tr><th scope="row">${showName(type.layerType)}</th><td class="number">${type.count}</td><td class="number">${formatPercent(type.avgChange, 3)}</td>${drawSpark(top > 0 ? type.avgChange / top : 0)}<td class="number">${formatPercent(type.maxChange, 3)}</td></tr>\n`)}</tbody>
</table></div>
<div class="pair">${lists.map(([title, layers]) => listLayers(title, layers))}</div>
</section>`;
}

function listLayers(title: string, layers: readonly (readonly [string, number])[]): Markup {
  if (layers.length === 0) return html``;
  return html`<div><h3>${title}</h3><table><thead><tr><th scope="col">layer</th><th scope="col" class="number">change</th></tr></thead>
<tbody>${layers.map(([name, change]) => html`<tr><th scope="row">${showName(name)}</th><td class="number">${formatPercent(change, 3)}</td></tr>\n`)}</tbody></table></div>\n`;
}

function showRow(columns: TensorColumns, row: number, top: number): Markup {
  const words = describeRow(columns, row, top, (change) => formatPercent(change, 3));
  const notes = describeNotes(columns, row, SIGNS);
  return html`<tr><th scope="row">${showName(columns.names[row] ?? '')}${notes === '' ? null : html` <span class="flag">${notes}</span>`}</th><td class="number">${words.relative}</td>${drawSpark(words.share)}<td class="number">${words.cosine}</td><td class="number">${words.changed}</td><td class="number">${formatExponent(columns.maxDiff[row] ?? null)}</td><td class="shape">${describeShapes(columns, row, SIGNS)}</td></tr>\n`;
}

function drawSpark(share: number): Markup {
  return html`<td class="spark" aria-hidden="true"><svg viewBox="0 0 100 8" preserveAspectRatio="none"><rect width="${Math.max(share > 0 ? 1 : 0, Math.round(share * 100))}" height="8"/></svg></td>`;
}
