import { formatCount, formatNoun } from '../../../wording/numbers.ts';
import { type PageSeries, stepAt } from '../data/page-series.ts';
import { html, type Markup } from '../view/markup.ts';
import { drawStepMap } from '../view/step-map.ts';
import { chooseRows, joinSteps, makeStepRows, type RowsBy } from '../view/step-rows.ts';

/** Room for the map where no script measures it, in pixels, and rows that are drawn. */
const WIDTH = 850;
const MOST_ROWS = 60;

const WORDS: Readonly<Record<RowsBy, string>> = { module: 'modules', block: 'blocks', tensor: 'tensors' };

/** Which parts of the model changed in which step. @param isFixed whether the page holds only some of the tensors, and cannot draw it again */
export function showStepMap(series: PageSeries, isFixed: boolean): Markup {
  if (series.count === 0) return html``;
  const { first, all } = chooseRows(series);
  const columns = joinSteps(series);
  const rows = makeStepRows(series, first, columns);
  const partial = countPartial(series);
  const notes = [
    columns.length < series.steps.length
      ? `${formatCount(series.steps.length)} steps in ${formatCount(columns.length)} columns: each shows the largest of its steps.`
      : null,
    partial === 0
      ? null
      : `${formatNoun(partial, 'tensor')} ${partial === 1 ? 'has' : 'have'} no size in some steps: ${partial === 1 ? 'it was' : 'they were'} not on both sides, changed shape, or ${partial === 1 ? 'is' : 'are'} stored as codes.`,
  ].filter((note) => note !== null);
  return html`<section id="map">
<h2>Where it changed, and when <small>largest relative step of the tensors of a cell</small></h2>
${isFixed ? null : drawTools(first, all)}
<div id="maps">
${drawStepMap(series, rows, columns, { width: WIDTH, isNarrow: false, id: 'step-map', isLive: false, most: MOST_ROWS })}
</div>
${notes.map((note) => html`<p class="note">${note}</p>\n`)}
</section>`;
}

/** What the script hears. */
function drawTools(first: RowsBy, all: readonly RowsBy[]): Markup {
  return html`<div class="map-tools live"><label>Rows <select id="by">${all.map((by) => html`<option value="${by}"${by === first ? html` selected` : null}>${WORDS[by]}</option>`)}</select></label><span class="hint" id="chosen">Press a row to see its tensors, a cell or a column to sort them by that step.</span></div>`;
}

/** Tensors without a size in some step, though nothing in them is NaN. */
function countPartial(series: PageSeries): number {
  let count = 0;
  for (let row = 0; row < series.count; row += 1) {
    const isPartial = series.steps.some(
      (_, step) => Number.isNaN(stepAt(series, 'step', row, step)) && !(stepAt(series, 'nonfinite', row, step) > 0),
    );
    if (isPartial) count += 1;
  }
  return count;
}
