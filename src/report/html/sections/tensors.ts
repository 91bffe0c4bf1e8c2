import { formatCount, formatRest } from '../../../wording/numbers.ts';
import { rankModified } from '../../rank.ts';
import type { Report } from '../../report.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { html, type Markup } from '../view/markup.ts';
import { drawHead, drawRow, FIRST_COLUMNS, pickColumns, scaleBars } from '../view/tensor-row.ts';

/** The table of tensors: the most changed ones, in whose place the script puts all. @param tensors of all rows of the report */
export function showTensors({ columns, summary }: Report, tensors: PageTensors, rows: number): Markup {
  if (tensors.count === 0) return html``;
  const shown = rankModified(columns, rows);
  const scale = scaleBars(tensors);
  const picked = pickColumns(FIRST_COLUMNS);
  const rest = formatRest(summary.modifiedTensors - shown.length, 'modified tensor');
  const words =
    shown.length === 0
      ? 'No tensor changed its values.'
      : `The ${shown.length < summary.modifiedTensors ? `top ${formatCount(shown.length)} of ${formatCount(summary.modifiedTensors)}` : formatCount(shown.length)} modified, by relative change.`;
  return html`<section id="tensors">
<h2>Tensors <small id="count" role="status">${words}</small></h2>
<div class="search live"><input id="search" type="search" placeholder="q_proj   layers.3?.mlp.*   /regex/   block:10-20   rel&gt;5%" aria-label="Search tensors" autocomplete="off" spellcheck="false" aria-describedby="search-help"><span class="chips" id="chips" role="group" aria-label="Kinds of tensors"></span></div>
<p class="note live" id="search-help"><span id="problem" class="alarm"></span><span id="hint">Words, globs, /expressions/ and conditions, all of which hold: <code>is:changed</code> <code>dtype:bf16</code> <code>block:10-20</code> <code>module:q_proj</code> <code>type:norm</code> <code>rel&gt;5%</code> <code>-word</code> for not. Press <kbd>/</kbd> to search.</span></p>
<div class="table-tools live"><details id="columns"><summary>Columns</summary><div class="menu"></div></details><span class="room"></span><button data-take="csv">CSV</button><button data-take="json">JSON</button><button data-take="copy">Copy</button></div>
<div class="scroll" id="table" role="region" aria-label="Tensors" tabindex="0"><table>
<thead>${drawHead(picked, null)}</thead>
<tbody>${Array.from(shown, (row) => drawRow(tensors, row, picked, scale, null))}</tbody>
</table></div>
${rest === '' ? null : html`<p class="rest static">${rest}</p>`}
</section>`;
}
