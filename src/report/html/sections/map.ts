import { formatNoun } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { FIRST_MEASURE, makeMap, type MapRow, type Measure, MEASURES, type TowerMap } from '../view/cells.ts';
import { drawMap } from '../view/map.ts';
import { html, type Markup } from '../view/markup.ts';

/** Widths of the labels and bars beside the cells, and the height of a row, in pixels. */
const BESIDE = 330;
const ROW = 22;

/** How much room the map has. */
export interface MapRoom {
  /** Of the whole map, in pixels. */
  readonly width: number;
  /** Of its rows, in pixels. */
  readonly height: number;
  /** Whether the browser cannot draw the map again, since the page holds only some of the tensors. */
  readonly isFixed: boolean;
}

/** Where it changed: a map for each tower. */
export function showMap(tensors: PageTensors, { width, height, isFixed }: MapRoom): Markup {
  if (tensors.count === 0) return html``;
  const maps = tensors.towers.map((_, tower) => makeMap(tensors, tower));
  const hasModel = tensors.numbers.expected.some((expected) => !Number.isNaN(expected));
  const measures = MEASURES.filter(({ key }) => key !== 'expected' || hasModel);
  const drawn = maps.map((map, tower) => {
    const blocks = map.tower.columns.length;
    return html`<div class="tower" data-tower="${tower}">
${tensors.towers.length > 1 ? html`<h3>${map.tower.name}</h3>` : null}
${drawMap(map, {
  measure: FIRST_MEASURE,
  width: Math.max(160, width - BESIDE),
  id: `map-${tower}`,
  label: describeMap(map, FIRST_MEASURE),
  isLive: isFixed,
  hasTitles: true,
  most: isFixed ? Infinity : Math.max(4, Math.floor(height / ROW)),
  opened: -1,
})}
${blocks > map.columns.length ? html`<p class="note">${blocks} blocks in ${map.columns.length} columns: each is of ${describeJoined(map.columns)} neighbours.</p>` : null}
</div>`;
  });
  const hint = isFixed
    ? 'Press a cell, a row or a column to see its tensors.'
    : 'Press a cell, a row or a column to see its tensors; shift for a range.';
  return html`<section id="map">
<h2>Where it changed</h2>
<div class="map-tools live"><label>Show <select id="measure"${isFixed ? html` disabled` : null}>${measures.map(({ key, title }) => html`<option value="${key}">${title}</option>`)}</select></label><span class="tabs" id="towers"></span><span id="chosen">${hint}</span></div>
<div id="maps">
${drawn}
</div>
</section>`;
}

function describeJoined(columns: readonly { readonly first: number; readonly last: number }[]): string {
  const sizes = columns.map(({ first, last }) => last - first + 1);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most ? String(most) : `${least} to ${most}`;
}

/** The map in a sentence. */
function describeMap({ rows, outside, columns }: TowerMap, measure: Measure): string {
  const all = [...rows, ...outside];
  const sized = all.filter(({ total }) => total.sized > 0 && total.identical < total.tensors);
  const top = sized.reduce<MapRow | undefined>(
    (best, row) => (best === undefined || measure.read(row.total) > measure.read(best.total) ? row : best),
    undefined,
  );
  const most =
    top === undefined
      ? 'nothing changed'
      : `most in ${truncateMiddle(top.module.path, 80)}, ${measure.format(measure.read(top.total))}`;
  return `${measure.title} of ${formatNoun(all.length, 'module')}${columns.length > 0 ? ` in ${formatNoun(columns.length, 'column')}` : ''}: ${most}`;
}
