/** How the changes of the tensors are spread: a histogram of the logarithm of the relative change. */
import { formatCount, formatNoun, formatPercent } from '../../../wording/numbers.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';
import { CHANGES_BOX } from './changes-box.ts';
import { countNonfinite, readRelative } from './quantities.ts';

/** Sizes of changes and where they begin, as relative changes. */
export interface SizeBand {
  readonly name: string;
  readonly from: number;
  readonly below: number;
}

/** Bins of equal factors. */
export interface ChangeHistogram {
  /** Logarithm to base 10 of the lower edge of the first bin. */
  readonly start: number;
  /** Bins in a factor of ten. */
  readonly perDecade: number;
  readonly counts: readonly number[];
  /** Tensors that changed, but from zero or by an unknown size. */
  readonly without: number;
}

const MOST_BINS = 48;

/** Counts the changed tensors of the given rows by size; null where none has one. */
export function countChanges(tensors: PageTensors, rows: Iterable<number>): ChangeHistogram | null {
  const logs: number[] = [];
  let without = 0;
  for (const row of rows) {
    if (countNonfinite(tensors, 'new', row) > 0) continue;
    const change = readRelative(tensors, row);
    if (change > 0 && change < Infinity) logs.push(Math.log10(change));
    else if (change === Infinity) without += 1;
  }
  if (logs.length === 0) return null;
  const lowest = Math.floor(logs.reduce((least, log) => Math.min(least, log), Infinity));
  const highest = Math.max(lowest + 1, Math.ceil(logs.reduce((most, log) => Math.max(most, log), -Infinity) + 1e-9));
  const perDecade = Math.max(1, Math.min(16, Math.floor(MOST_BINS / (highest - lowest))));
  const counts = Array.from({ length: (highest - lowest) * perDecade }, () => 0);
  for (const log of logs) {
    const bin = Math.min(counts.length - 1, Math.floor((log - lowest) * perDecade));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { start: lowest, perDecade, counts, without };
}

/** The histogram with the bands of size behind it. */
export function drawChanges(histogram: ChangeHistogram, bands: readonly SizeBand[]): Markup {
  const { start, perDecade, counts, without } = histogram;
  const { width, height, left, right, top, bottom } = CHANGES_BOX;
  const inner = width - left - right;
  const decades = counts.length / perDecade;
  const x = (log: number): number => round(left + (Math.min(decades, Math.max(0, log - start)) / decades) * inner);
  const base = height - bottom;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const pitch = inner / counts.length;
  const shown = bands
    .map(({ name, from, below }) => ({ name, from: x(from > 0 ? Math.log10(from) : -Infinity), to: x(Math.log10(below)) }))
    .filter(({ from, to }) => to > from);
  const every = Math.ceil(decades / 6);
  const ticks = Array.from({ length: Math.floor(decades / every) + 1 }, (_, at) => start + at * every);
  const bars = counts.map((count, at) => {
    const size = count === 0 ? 0 : Math.max(1.5, ((base - top) * count) / most);
    const [from, to] = [10 ** (start + at / perDecade), 10 ** (start + (at + 1) / perDecade)];
    return count === 0
      ? html``
      : html`<rect class="bar" x="${round(left + at * pitch + 0.5)}" y="${round(base - size)}" width="${round(Math.max(1, pitch - 1))}" height="${round(size)}"><title>${formatPercent(from)} to ${formatPercent(to)}: ${formatNoun(count, 'tensor')}</title></rect>`;
  });
  return html`<svg class="changes" data-start="${start}" data-decades="${decades}" role="img" aria-label="Tensors by relative change, from ${formatPercent(10 ** start)} to ${formatPercent(10 ** (start + decades))}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${shown.map(({ name, from, to }, at) => html`<rect class="band${at % 2 === 0 ? null : ' odd'}" x="${from}" y="${top}" width="${round(to - from)}" height="${base - top}"/>${to - from > name.length * 6 ? html`<text class="band-name" x="${round((from + to) / 2)}" y="12">${name}</text>` : null}`)}
${bars}
<path class="axis" d="M${left} ${base}h${inner}"/>
${ticks.map((log, at) => html`<text class="tick${at === 0 ? ' first' : at === ticks.length - 1 && log - start === decades ? ' last' : null}" x="${x(log)}" y="${base + 15}">${formatPercent(10 ** log, 1)}</text>`)}
</svg>${without > 0 ? html`<p class="note">${formatCount(without)} more changed from zero.</p>` : null}`;
}
