import type { SeriesResult } from '../../../series/types.ts';
import { formatCount, formatRest } from '../../../wording/numbers.ts';
import { rankRows } from '../../rank-series.ts';
import type { PageSeries } from '../data/page-series.ts';
import { html, type Markup } from '../view/markup.ts';
import { drawSeriesHead, drawSeriesRow, scaleSparks } from '../view/series-row.ts';

/** The table of tensors: those furthest from the start, in whose place the script puts all. @param page of all rows of the series */
export function showSeriesTensors(series: SeriesResult, page: PageSeries, rows: number): Markup {
  const shown = rankRows(series).slice(0, rows);
  const count = page.count;
  if (count === 0) return html``;
  const last = page.steps.length;
  const scale = scaleSparks(page);
  const rest = formatRest(count - shown.length, 'tensor');
  return html`<section id="tensors">
<h2>Tensors <small id="count" role="status">${shown.length < count ? `The ${formatCount(shown.length)} furthest from the start, of ${formatCount(count)}.` : `${formatCount(count)}, the furthest from the start first.`}</small></h2>
<div class="search live"><input id="search" type="search" placeholder="q_proj   layers.3?.mlp.*   /regex/   block:10-20   max&gt;5%" aria-label="Search tensors" autocomplete="off" spellcheck="false" aria-describedby="search-help"><span class="chips" id="chips" role="group" aria-label="Kinds of tensors"></span></div>
<p class="note live" id="search-help"><span id="problem" class="alarm"></span><span id="hint">Words, globs, /expressions/ and conditions, all of which hold: <code>is:jumped</code> <code>event:3</code> <code>block:10-20</code> <code>module:q_proj</code> <code>type:norm</code> <code>max&gt;5%</code> <code>start&lt;1%</code> <code>-word</code> for not. Press <kbd>/</kbd> to search.</span></p>
<div class="table-tools live"><span class="room"></span><button data-take="csv">CSV</button><button data-take="json">JSON</button><button data-take="copy">Copy</button></div>
<div class="scroll" id="table" role="region" aria-label="Tensors" tabindex="0"><table>
<thead>${drawSeriesHead(last, null)}</thead>
<tbody>${shown.map((row) => drawSeriesRow(page, row, last, scale, null))}</tbody>
</table></div>
${rest === '' ? null : html`<p class="rest static">${rest}</p>`}
</section>`;
}
