import type { DepthPoint } from '../../analysis/types.ts';
import { findLargest, formatNoun, formatPercent } from '../../wording/numbers.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { html, type Markup } from './markup.ts';
import { chooseTicks, formatTick } from './ticks.ts';

/** One bar of the chart. */
export interface Bar {
  /** Under the bar. */
  readonly label: string;
  /** Full words, for the tooltip and the table. */
  readonly words: string;
  /** Relative change R. */
  readonly change: number;
  /** Bars of one group stand together. */
  readonly group: string;
}

/** What the chart shows: the blocks by depth, or the layer types where there are no blocks. */
export interface ChartData {
  readonly title: string;
  /** Head of the first column of the chart's table. */
  readonly entry: string;
  readonly bars: readonly Bar[];
}

/** Chooses the bars; null where nothing changed that a chart could show. */
export function chooseBars({ analysis }: Report): ChartData | null {
  const { depthProfile } = analysis;
  const bars = combineDepths(depthProfile);
  if (bars.length > 1 && bars.length <= MOST_BARS && bars.some((bar) => bar.change > 0)) {
    return { title: 'Change by depth', entry: 'block', bars };
  }
  const types = Object.values(analysis.layerAnalysis).filter((type) => type.count > 0 && type.avgChange > 0);
  if (types.length === 0) return null;
  const ofTypes = types
    .sort((a, b) => b.avgChange - a.avgChange)
    .map(({ layerType, avgChange }) => ({ label: layerType, words: layerType, change: avgChange, group: '' }));
  return { title: 'Change by layer type', entry: 'layer type', bars: ofTypes.slice(0, MOST_BARS) };
}

/** More bars than these are too thin to be seen. */
const MOST_BARS = 400;

/** One bar a block; of very deep stacks one bar for neighbours, as high as the highest of them. */
function combineDepths(profile: readonly DepthPoint[]): Bar[] {
  const together = Math.ceil(profile.length / MOST_BARS);
  const bars: Bar[] = [];
  for (let first = 0; first < profile.length;) {
    const { stack = '', depth = 0 } = profile[first] ?? {};
    let next = first + 1;
    while (next < first + together && profile[next]?.stack === stack) next += 1;
    const points = profile.slice(first, next);
    const last = points.at(-1)?.depth ?? depth;
    bars.push({
      label: String(depth),
      words: last === depth ? `${stack}.${depth}` : `${stack}.${depth} to ${last}`,
      change: findLargest(points.map((point) => point.change)),
      group: stack,
    });
    first = next;
  }
  return bars;
}

/** Space around the plot, in units of the view box. */
const MARGIN = { top: 14, right: 8, bottom: 46, left: 58 };
const CHARACTER = 6.4;

/** The bars as an SVG picture with a title, a description, and a tooltip on each bar. */
export function drawChart({ title, bars }: ChartData, width: number, height: number): Markup {
  const plot = {
    width: Math.max(40, width - MARGIN.left - MARGIN.right),
    height: Math.max(20, height - MARGIN.top - MARGIN.bottom),
  };
  const groups = [...new Set(bars.map((bar) => bar.group))];
  const slots = bars.length + (groups.length - 1) * 1.5;
  const pitch = plot.width / Math.max(slots, 4);
  const ticks = chooseTicks(findLargest(bars.map((bar) => bar.change)), Math.max(2, Math.floor(plot.height / 60)));
  const top = ticks.at(-1) ?? 1;
  const y = (change: number): number => MARGIN.top + plot.height * (1 - change / top);
  const x = (index: number): number => MARGIN.left + pitch * (index + groups.indexOf(bars[index]?.group ?? '') * 1.5);
  const labelEvery = Math.ceil(((findLargest(bars.map((bar) => Math.min(bar.label.length, 14))) + 1.5) * CHARACTER) / pitch);
  const base = MARGIN.top + plot.height;
  return html`<svg class="chart" role="img" aria-labelledby="chart-title chart-description" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg">
<title id="chart-title">${title}</title>
<desc id="chart-description">${describe(bars)}</desc>
${ticks.map((tick) => html`<g class="tick"><line x1="${MARGIN.left}" x2="${round(MARGIN.left + plot.width)}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${MARGIN.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${formatTick(tick)}</text></g>\n`)}
${bars.map((bar, index) => html`<rect class="bar" x="${round(x(index) + pitch * 0.12)}" y="${round(y(bar.change))}" width="${round(Math.min(pitch * 0.76, 64))}" height="${round(base - y(bar.change))}" rx="${pitch > 8 ? 2 : 0}"><title>${truncateMiddle(bar.words, 120)}: ${formatPercent(bar.change, 3)}</title></rect>\n`)}
${bars.map((bar, index) => (index % labelEvery === 0 ? html`<text class="label" x="${round(x(index) + pitch * 0.12 + Math.min(pitch * 0.76, 64) / 2)}" y="${round(base + 17)}" text-anchor="middle">${truncateMiddle(bar.label, 14)}</text>\n` : html``))}
${groups.filter((group) => group !== '').map((group) => nameGroup(group, bars, x, pitch, base))}
</svg>`;
}

/** The same numbers as a table, for those who cannot see the chart. */
export function tabulateBars({ entry, bars }: ChartData): Markup {
  return html`<details><summary>Numbers in the chart</summary><div class="scroll" role="region" aria-label="Numbers in the chart" tabindex="0"><table><thead><tr><th scope="col">${entry}</th><th scope="col" class="number">change</th></tr></thead>
<tbody>${bars.map((bar) => html`<tr><th scope="row"><code class="name">${truncateMiddle(bar.words, 240)}</code></th><td class="number">${formatPercent(bar.change, 3)}</td></tr>\n`)}</tbody></table></div></details>`;
}

function nameGroup(group: string, bars: readonly Bar[], x: (index: number) => number, pitch: number, base: number): Markup {
  const first = bars.findIndex((bar) => bar.group === group);
  const last = bars.findLastIndex((bar) => bar.group === group);
  const room = x(last) + pitch - x(first);
  return html`<text class="group" x="${round(x(first) + room / 2)}" y="${round(base + 37)}" text-anchor="middle">${truncateMiddle(group, Math.max(6, Math.floor(room / CHARACTER)))}</text>\n`;
}

function describe(bars: readonly Bar[]): string {
  const sorted = [...bars].sort((a, b) => b.change - a.change);
  const say = (bar: Bar | undefined): string =>
    bar === undefined ? '' : `${truncateMiddle(bar.words, 80)}, ${formatPercent(bar.change, 3)}`;
  return `${formatNoun(bars.length, 'bar')}. Highest: ${say(sorted[0])}. Lowest: ${say(sorted.at(-1))}.`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
