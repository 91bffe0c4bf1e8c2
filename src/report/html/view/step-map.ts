/** Draws the map of a series: a row for each part of the model, a column for each step. */
import { formatCount, formatEvenPercent, formatNoun, formatRest, MISSING } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { PageSeries } from '../data/page-series.ts';
import { drawKinds, drawPath, drawPatterns, drawRect, drawScale, LONGEST_PATH } from './cell-marks.ts';
import { html, type Markup } from './markup.ts';
import { makeSizeRamp, type Ramp } from './ramp.ts';
import { round } from './round.ts';
import type { StepCell, StepColumn, StepRow } from './step-rows.ts';

/** How a map is drawn. */
export interface StepMapOptions {
  /** Room for all of it, in pixels. */
  readonly width: number;
  /** Whether the screen is so narrow that labels are short and there are no bars; the style decides at the same width. */
  readonly isNarrow: boolean;
  /** For the identifiers of the picture. */
  readonly id: string;
  /** Whether labels can be pressed: the browser draws them so, and hears what happens to the cells. */
  readonly isLive: boolean;
  /** Rows that are drawn. */
  readonly most: number;
}

/** Heights in pixels; the style has the same for the labels. */
const ROW = 22;
const GAP = 8;
const HEAD = 18;
const BARS = 130;
/** Cells of at least this width show their value. */
const WORDY = 46;
const WIDEST = 118;
/** Most room of the labels, and that of one of their letters. */
const LABELS = { wide: 226, narrow: 132, character: 7.1 };
/** Above so many cells they have no words of their own: the browser tells them where the pointer is. */
const MOST_TITLES = 1500;
/** Of a letter of a column's head. */
const CHARACTER = 5.9;

/** The map with its legend. */
export function drawStepMap(
  series: PageSeries,
  rows: readonly StepRow[],
  columns: readonly StepColumn[],
  options: StepMapOptions,
): Markup {
  const { id, isLive, most } = options;
  const shown = rows.slice(0, most);
  const cells = rows.flatMap((row) => row.cells);
  const ramp = makeSizeRamp(
    cells
      .filter(({ broken, most: value }) => broken === 0 && value > 0 && value < Infinity)
      .map((cell) => cell.most)
      .sort((a, b) => a - b),
  );
  const tops = place(shown);
  const rest = formatRest(rows.length - shown.length, 'row');
  const kinds = new Set(cells.map((cell) => classify(cell, ramp)));
  return html`<div class="map">
<div class="map-labels h18">${shown.map((row, at) => drawLabel(row, at, shown[at - 1], isLive))}</div>
<div class="map-scroll"${isLive ? null : html` tabindex="0" role="group" aria-label="Map of the steps"`}>${drawCells(series, { rows: shown, columns, tops, ramp }, options)}</div>
${drawBars(shown, tops)}
</div>
${rest === '' ? null : html`<p class="rest">${rest}${isLive ? html` <button class="link" data-all-rows>show all</button>` : null}</p>`}
<div class="legend">${drawScale(ramp, { format: percent })}${drawKinds(LEGEND, kinds, id)}</div>`;
}

const LEGEND: readonly (readonly [kind: string, words: string])[] = [
  ['same', 'no change'],
  ['nan', 'NaN or Inf'],
  ['none', 'no size: not on both sides, or stored as codes'],
];

function percent(value: number): string {
  return formatEvenPercent(value, 3);
}

function place(rows: readonly StepRow[]): number[] {
  const tops: number[] = [];
  let top = HEAD;
  for (const [at, row] of rows.entries()) {
    if (startsGroup(row, rows[at - 1])) top += GAP;
    tops.push(top);
    top += ROW;
  }
  return [...tops, top];
}

function startsGroup(row: StepRow, before: StepRow | undefined): boolean {
  return before !== undefined && before.group !== row.group;
}

function drawLabel(row: StepRow, at: number, before: StepRow | undefined, isLive: boolean): Markup {
  const title = truncateMiddle(row.title, 240);
  const words = drawPath(row.path);
  // A name of a tensor says nothing without its block, however narrow the screen is.
  const isNamed = row.title !== row.path;
  return html`<div class="map-label${startsGroup(row, before) ? ' gap' : null}${isNamed ? ' named' : null}">${
    isLive
      ? html`<button data-row-label="${at}" title="${title}">${words}</button>`
      : html`<span title="${title}">${words}</span>`
  }</div>`;
}

/** What is drawn of a map. */
interface Drawn {
  readonly rows: readonly StepRow[];
  readonly columns: readonly StepColumn[];
  readonly tops: readonly number[];
  readonly ramp: Ramp | null;
}

/** Room that the labels and bars leave for the cells. */
function measureCells(rows: readonly StepRow[], { width, isNarrow }: StepMapOptions): number {
  const longest = rows.reduce((most, { path }) => Math.max(most, Math.min(path.length, LONGEST_PATH)), 0);
  const labels = Math.min(isNarrow ? LABELS.narrow : LABELS.wide, longest * LABELS.character + 16);
  return Math.max(160, width - labels - (isNarrow ? 4 : BARS + 10));
}

function drawCells(series: PageSeries, drawn: Drawn, options: StepMapOptions): Markup {
  const { id, isLive } = options;
  const { rows, columns, tops, ramp } = drawn;
  const room = measureCells(rows, options) / Math.max(1, columns.length);
  const pitch = Math.max(8, Math.min(WIDEST, Math.floor(room * 10) / 10));
  const size = round(pitch - (pitch > 12 ? 2 : 1));
  const height = tops.at(-1) ?? HEAD;
  const all = round(pitch * columns.length);
  const hasTitles = !isLive && rows.length * columns.length <= MOST_TITLES;
  const drawnRows = rows.map((row, at) => {
    const cells = row.cells.map((cell, column) => {
      const x = round(pitch * column);
      const kind = classify(cell, ramp);
      const words = hasTitles ? html`<title>${describeCell(series, row, columns, column)}</title>` : null;
      const value = pitch >= WORDY ? spell(cell, kind) : '';
      const text = value === '' ? null : html`<text class="value on-${kind}" x="${round(x + size / 2)}" y="14">${value}</text>`;
      return html`${drawRect(kind, id, html`x="${x}" width="${size}" height="${ROW - 2}" data-col="${column}"`, words)}${text}`;
    });
    return html`<g data-row="${at}" transform="translate(0,${tops[at] ?? 0})">${cells}</g>\n`;
  });
  const role = isLive ? html` role="application" aria-roledescription="map" tabindex="0" data-live` : html` role="img"`;
  return html`<svg class="cells" id="${id}"${role} aria-label="${describeMap(rows, columns)}" width="${all}" height="${height}" viewBox="0 0 ${all} ${height}">
<defs>${drawPatterns(id)}</defs>
<g>${drawHeads(series, columns, pitch)}</g>
${drawnRows}</svg>`;
}

/** Names of the checkpoints above their columns where all have room, numbers of the steps otherwise; in red where something grave happened. */
function drawHeads({ steps, events }: PageSeries, columns: readonly StepColumn[], pitch: number): Markup[] {
  const names = columns.map(({ first }) => steps[first]?.name ?? '');
  const hasNames =
    columns.every(({ first, last }) => first === last) && names.every((name) => name.length * CHARACTER + 6 <= pitch);
  const longest = String(steps.length).length;
  const every = [1, 2, 4, 5, 10, 20].find((step) => step * pitch >= longest * 7 + 6) ?? 50;
  const grave = new Set(events.flatMap(({ step, severity }) => (severity === 'critical' ? [step - 1] : [])));
  return columns.map(({ first, last }, at) => {
    if (!hasNames && at % every !== 0) return html``;
    const isGrave = Array.from({ length: last - first + 1 }, (_, step) => first + step).some((step) => grave.has(step));
    return html`<text class="depth${isGrave ? ' alarm' : null}" x="${round(pitch * (at + 0.5) - 1)}" y="13" data-head="${at}">${hasNames ? (names[at] ?? '') : first + 1}</text>`;
  });
}

/** What a cell is drawn as: the class of its colour, or of what it is instead. */
function classify({ most, broken, sized, still }: StepCell, ramp: Ramp | null): string {
  if (broken > 0) return 'nan';
  if (sized === 0) return 'none';
  return still === sized ? 'same' : (ramp?.classOf(most) ?? 'none');
}

function spell({ most }: StepCell, kind: string): string {
  if (kind === 'nan') return 'NaN';
  return kind === 'same' || kind === 'none' ? '' : percent(most);
}

/** How far the tensors of each row are from the start. */
function drawBars(rows: readonly StepRow[], tops: readonly number[]): Markup {
  const most = rows.reduce((top, { distance }) => (distance > top && distance < Infinity ? distance : top), 0);
  const height = tops.at(-1) ?? HEAD;
  const bars = rows.map(({ distance }, at) => {
    const length = most > 0 && distance > 0 ? Math.max(1, Math.round(Math.min(1, distance / most) * 56)) : 0;
    const y = tops[at] ?? 0;
    return html`<rect class="bar" x="0" y="${y + 6}" width="${length}" height="8" rx="1"/><text class="${distance > 0 ? 'plain' : 'quiet'}" x="62" y="${y + 14}">${Number.isNaN(distance) ? MISSING : percent(distance)}</text>`;
  });
  return html`<svg class="map-bars" aria-hidden="true" width="${BARS}" height="${height}" viewBox="0 0 ${BARS} ${height}"><text x="0" y="13">from the start</text>${bars}</svg>`;
}

/** `step 3 (diverge-3)`, or `steps 9–12`. */
export function nameSteps({ steps }: PageSeries, { first, last }: StepColumn): string {
  return first === last
    ? `step ${first + 1} (${truncateMiddle(steps[first]?.name ?? '', 60)})`
    : `steps ${formatCount(first + 1)}–${formatCount(last + 1)}`;
}

/** A cell in words. */
export function describeCell(series: PageSeries, row: StepRow, columns: readonly StepColumn[], column: number): string {
  const cell = row.cells[column];
  const steps = columns[column];
  if (cell === undefined || steps === undefined) return '';
  const { most, sized, still, broken } = cell;
  const count = row.tensors.length;
  const parts = [
    sized === 0
      ? broken > 0
        ? ''
        : 'no size'
      : still === sized && broken === 0
        ? 'no change'
        : count === 1
          ? percent(most)
          : `at most ${percent(most)}`,
    broken > 0 ? (count === 1 ? 'NaN or Inf' : `NaN or Inf in ${formatNoun(broken, 'tensor')}`) : '',
    still > 0 && still < sized ? `${formatNoun(still, 'tensor')} without change` : '',
  ].filter((part) => part !== '');
  const of = count > 1 ? `; ${formatNoun(count, 'tensor')}` : '';
  return `${truncateMiddle(row.title, 80)}, ${nameSteps(series, steps)}: ${parts.join(', ')}${of}`;
}

/** The map in a sentence. */
function describeMap(rows: readonly StepRow[], columns: readonly StepColumn[]): string {
  let [most, where] = [0, ''];
  for (const { cells, path } of rows)
    for (const cell of cells) if (cell.most > most && cell.most < Infinity) [most, where] = [cell.most, path];
  const top = most > 0 ? `largest in ${truncateMiddle(where, 80)}, ${percent(most)}` : 'nothing changed';
  return `Relative steps of ${formatNoun(rows.length, 'row')} in ${formatNoun(columns.length, 'column')}: ${top}`;
}
