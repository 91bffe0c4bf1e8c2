import { html, type Markup } from './markup.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { Scale } from './chart-scale.ts';

/** One line of a chart; a null is a gap. */
export interface Line {
  readonly title: string;
  /** Told apart by colour and by dashes. */
  readonly style: 'first' | 'second';
  /** One value a step. */
  readonly values: readonly (number | null)[];
}

/** What a chart shows. */
export interface LineChart {
  /** For the identifiers of the picture. */
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** Under the points: the checkpoints that the steps lead to. */
  readonly labels: readonly string[];
  readonly scale: Scale;
  readonly formatTick: (value: number) => string;
  readonly formatValue: (value: number) => string;
}

/** Size of the view box and the space around the plot, in its units. */
const BOX = { width: 800, height: 260, top: 30, right: 16, bottom: 34, left: 70 };
const CHARACTER = 6.4;

/** The lines as an SVG picture with a title, a description, and a tooltip on each point. */
export function drawLines({ id, title, lines, labels, scale, formatTick, formatValue }: LineChart): Markup {
  const plot = { width: BOX.width - BOX.left - BOX.right, height: BOX.height - BOX.top - BOX.bottom };
  const pitch = plot.width / Math.max(1, labels.length);
  const x = (index: number): number => round(BOX.left + pitch * (index + 0.5));
  const y = (value: number): number => round(BOX.top + plot.height * (1 - Math.min(1, Math.max(0, scale.place(value)))));
  const longest = labels.reduce((most, label) => Math.max(most, Math.min(label.length, 16)), 0);
  const every = Math.max(1, Math.ceil(((longest + 1.5) * CHARACTER) / pitch));
  const point = (line: Line, value: number | null, index: number): Markup =>
    value === null
      ? html``
      : html`<circle class="${line.style}" cx="${x(index)}" cy="${y(value)}" r="3"><title>${truncateMiddle(labels[index] ?? '', 80)}: ${line.title} ${formatValue(value)}</title></circle>\n`;
  return html`<svg class="chart" role="img" aria-labelledby="${id}-title ${id}-description" viewBox="0 0 ${BOX.width} ${BOX.height}" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${lines.map((line) => describeLine(line, formatValue)).join(' ')}</desc>
${lines.map((line, index) => html`<line class="${line.style}" x1="${BOX.left + index * 220}" x2="${BOX.left + 28 + index * 220}" y1="12" y2="12"/><text x="${BOX.left + 36 + index * 220}" y="16">${line.title}</text>\n`)}
${scale.ticks.map((tick) => html`<g class="tick"><line x1="${BOX.left}" x2="${BOX.width - BOX.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${BOX.left - 8}" y="${y(tick) + 4}" text-anchor="end">${formatTick(tick)}</text></g>\n`)}
${lines.flatMap((line) => splitAtGaps(line.values).map((run) => html`<polyline class="${line.style}" points="${run.map(([index, value]) => `${x(index)},${y(value)}`).join(' ')}"/>\n`))}
${lines.flatMap((line) => line.values.map((value, index) => point(line, value, index)))}
${labels.map((label, index) => (index % every === 0 ? html`<text class="label" x="${x(index)}" y="${BOX.height - 14}" text-anchor="middle">${truncateMiddle(label, 16)}</text>\n` : html``))}
</svg>`;
}

/** Runs of neighbouring values, with their indices. */
export function splitAtGaps(values: readonly (number | null)[]): (readonly [index: number, value: number])[][] {
  const runs: (readonly [number, number])[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push([index, value]);
  }
  return runs.filter((run) => run.length > 1);
}

function describeLine({ title, values }: Line, formatValue: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return `${title}: no value.`;
  return `${title}: from ${formatValue(first)} to ${formatValue(last)}.`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
