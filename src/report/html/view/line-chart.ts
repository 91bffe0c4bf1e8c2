import { truncateMiddle } from '../../../wording/width.ts';
import type { Scale } from './chart-scale.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';

/** One line of a chart; a null is a gap. */
export interface Line {
  readonly title: string;
  /** Told apart by colour and by dashes. */
  readonly style: 'first' | 'second';
  /** One value a step. */
  readonly values: readonly (number | null)[];
}

/** A step that something happened in, with the event that it leads to. */
export interface Marker {
  /** From 1 on; 0 for the start. */
  readonly step: number;
  readonly severity: string;
  /** What happened, for who does not see it. */
  readonly words: string;
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
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly markers: readonly Marker[];
}

/** Space around the plot, in pixels. */
const EDGE = { top: 8, right: 14, bottom: 22, left: 52 };
/** Height of the badges above the plot, and the room that one takes. */
const BADGE = { height: 24, width: 22 };
/** Of a letter of a label. */
const CHARACTER = 6.2;
const LONGEST_LABEL = 18;
/** Above so many points they are drawn without a dot of their own. */
const MOST_DOTS = 120;

/** The lines as an SVG picture with a title, a description, and words on each point; above them, a badge for each marker, which leads to its event. */
export function drawLines(chart: LineChart): Markup {
  const { id, title, lines, labels, scale, formatTick, formatValue, width, height, markers } = chart;
  const top = EDGE.top + (markers.length > 0 ? BADGE.height : 0);
  const plot = { width: width - EDGE.left - EDGE.right, height: height - top - EDGE.bottom };
  const pitch = plot.width / Math.max(1, labels.length);
  const x = (index: number): number => round(EDGE.left + Math.max(0, pitch * (index + 0.5)));
  const y = (value: number): number => round(top + plot.height * (1 - Math.min(1, Math.max(0, scale.place(value)))));
  const bottom = height - EDGE.bottom;
  const point = (line: Line, value: number | null, index: number): Markup =>
    value === null
      ? html``
      : html`<circle class="${line.style}" cx="${x(index)}" cy="${y(value)}" r="${labels.length > MOST_DOTS ? 1.5 : 3}"><title>${truncateMiddle(labels[index] ?? '', 80)}: ${line.title} ${formatValue(value)}</title></circle>\n`;
  return html`<svg class="chart" role="group" aria-labelledby="${id}-title ${id}-description" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${lines.map((line) => describeLine(line, formatValue)).join(' ')}</desc>
${scale.ticks.map((tick) => html`<path class="grid" d="M${EDGE.left} ${y(tick)}H${width - EDGE.right}"/><text class="tick end" x="${EDGE.left - 8}" y="${y(tick) + 4}">${formatTick(tick)}</text>\n`)}
${markers.map(({ step, severity }) => html`<path class="event ${severity}" d="M${x(step - 1)} ${EDGE.top + BADGE.height - 6}V${bottom}"/>`)}
${lines.flatMap((line) => splitAtGaps(line.values).map((run) => html`<polyline class="${line.style}" points="${run.map(([index, value]) => `${x(index)},${y(value)}`).join(' ')}"/>\n`))}
${labels.map((_, index) => html`<rect class="hit" data-step="${index + 1}" x="${round(EDGE.left + pitch * index)}" y="${top}" width="${round(pitch)}" height="${bottom - top}"/>`)}
${lines.toReversed().flatMap((line) => line.values.map((value, index) => point(line, value, index)))}
${chooseLabels(labels, pitch).map((index) => drawLabel(labels[index] ?? '', x(index), height, width))}
${chooseBadges(markers, x).map(({ step, severity, words }) => html`<a href="#event-${step}" aria-label="Events of step ${step}: ${truncateMiddle(words, 300)}"><circle class="badge ${severity}" cx="${x(step - 1)}" cy="${EDGE.top + 6}" r="10"/><text class="badge-number" x="${x(step - 1)}" y="${EDGE.top + 10}">${step}</text></a>\n`)}
</svg>`;
}

/** As many labels as there is room for; the last one always, which may stand further left than its point. */
function chooseLabels(labels: readonly string[], pitch: number): number[] {
  const longest = labels.reduce((most, label) => Math.max(most, Math.min(label.length, LONGEST_LABEL)), 0);
  const every = Math.max(1, Math.ceil(((longest + 1.5) * CHARACTER) / pitch));
  const last = labels.length - 1;
  const shift = Math.max(0, (longest * CHARACTER) / 2 - pitch / 2 - EDGE.right);
  const isNear = (index: number): boolean => index < last && (last - index) * pitch - shift < (longest + 1) * CHARACTER;
  return [...labels.keys()].filter((index) => (last - index) % every === 0 && !isNear(index));
}

/** Labels at the edges stay inside of the picture. */
function drawLabel(label: string, at: number, height: number, width: number): Markup {
  const short = truncateMiddle(label, LONGEST_LABEL);
  const half = (short.length * CHARACTER) / 2;
  return html`<text class="tick" x="${round(Math.max(half, Math.min(at, width - half)))}" y="${height - 6}">${short}</text>\n`;
}

/** Badges that do not hide each other: of several that are close the gravest, or else the first. */
function chooseBadges(markers: readonly Marker[], x: (index: number) => number): Marker[] {
  const chosen: Marker[] = [];
  for (const marker of markers) {
    const before = chosen.at(-1);
    if (before === undefined || x(marker.step - 1) - x(before.step - 1) >= BADGE.width) chosen.push(marker);
    else if (marker.severity === 'critical' && before.severity !== 'critical') chosen.splice(-1, 1, marker);
  }
  return chosen;
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
