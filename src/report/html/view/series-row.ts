/** One row of the table of a series. */
import { type PageSeries, stepAt } from '../data/page-series.ts';
import { html, type Markup } from './markup.ts';
import { showName } from './name.ts';
import { round } from './round.ts';
import { SERIES_COLUMNS } from './series-columns.ts';

/** Sizes that fill a bar of the little pictures, by factors. */
export interface SparkScale {
  readonly low: number;
  readonly high: number;
}

const SPARK = { width: 112, height: 18, widest: 10, most: 56 };

/** The scale of the pictures of all tensors: what is among the smallest twentieth has the lowest bar. */
export function scaleSparks({ byStep }: PageSeries): SparkScale {
  const sizes = byStep.step.filter((size) => size > 0 && size < Infinity).sort();
  const high = sizes.at(-1) ?? 0;
  return { low: Math.min(sizes[Math.floor(sizes.length / 20)] ?? 0, high / 10), high };
}

/** The row; the browser gives it a place among all. @param step that is chosen, from 1 on */
export function drawSeriesRow(series: PageSeries, row: number, step: number, scale: SparkScale, index: number | null): Markup {
  const place = index === null ? null : html` aria-rowindex="${index + 2}" data-tensor="${row}"`;
  const name = showName(series.names[row] ?? '');
  const cells = SERIES_COLUMNS.map(({ key, read, format }) => {
    const value = read(series, row, step);
    return html`<td class="number${key === 'nan' && value > 0 ? ' alarm' : null}">${format(value)}</td>`;
  });
  return html`<tr${place}><th scope="row">${index === null ? name : html`<span class="open" tabindex="-1">${name}</span>`}</th><td>${drawSpark(series, row, scale)}</td>${cells}</tr>\n`;
}

/** Bars of the steps on a logarithmic scale; hollow and red where there is NaN. */
function drawSpark(series: PageSeries, row: number, { low, high }: SparkScale): Markup {
  const { length } = series.steps;
  const together = Math.ceil(length / SPARK.most);
  const count = Math.ceil(length / together);
  const pitch = Math.min(SPARK.widest, SPARK.width / count);
  const bars = Array.from({ length: count }, (_, at) => {
    let [most, isBroken] = [Number.NaN, false];
    for (let step = at * together; step < Math.min(length, (at + 1) * together); step += 1) {
      const size = stepAt(series, 'step', row, step);
      if (Number.isNaN(most) || size > most) most = size;
      isBroken ||= stepAt(series, 'nonfinite', row, step) > 0;
    }
    const x = round(pitch * at);
    const width = round(Math.max(0.6, pitch - 1.5));
    if (isBroken)
      return html`<rect class="nan" x="${x + 0.5}" y="0.5" width="${round(Math.max(0.6, width - 1))}" height="${SPARK.height - 1}"/>`;
    if (Number.isNaN(most)) return html``;
    const share = high > 0 ? Math.log(most / low) / Math.log(high / low) : 0;
    const height = most > 0 ? round(2 + (SPARK.height - 2) * Math.min(1, Math.max(0, share))) : 1;
    return html`<rect class="${most > 0 ? 'bar' : 'still'}" x="${x}" y="${round(SPARK.height - height)}" width="${width}" height="${height}"/>`;
  });
  return html`<svg class="steps" width="${SPARK.width}" height="${SPARK.height}" aria-hidden="true">${bars}</svg>`;
}

/** Heads of the columns; in the browser they sort. */
export function drawSeriesHead(step: number, sort: { readonly key: string; readonly isDown: boolean } | null): Markup {
  const head = (key: string, title: string, kind: Markup | null): Markup => {
    if (sort === null) return html`<th scope="col"${kind}>${title}</th>`;
    const isSorted = sort.key === key;
    const order = isSorted ? (sort.isDown ? 'descending' : 'ascending') : 'none';
    return html`<th scope="col"${kind} aria-sort="${order}"><button data-sort="${key}">${title}<span aria-hidden="true">${isSorted ? (sort.isDown ? ' ▾' : ' ▴') : null}</span></button></th>`;
  };
  const numbers = SERIES_COLUMNS.map(({ key, title }) => head(key, title(step), html` class="number"`));
  return html`<tr${sort === null ? null : html` aria-rowindex="1"`}>${head('name', 'tensor', null)}<th scope="col">steps</th>${numbers}</tr>`;
}
