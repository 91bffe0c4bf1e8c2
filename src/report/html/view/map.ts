/** Draws the map of a tower: labels, cells with the depth profile above them, and a bar for each module. */
import { formatCount, formatNoun, formatRest, MISSING } from '../../../wording/numbers.ts';
import { quoteBlank } from '../../../wording/escape.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { PageBlock, PageTower } from '../data/placed-tensors.ts';
import { countStacks, type MapColumn, type MapRow, type Measure, type Sums, type TowerMap } from './cells.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';
import { drawKinds, drawPath, drawPatterns, drawRect, drawScale } from './cell-marks.ts';
import { makeRamp, type Ramp } from './ramp.ts';

/** How a map is drawn. */
export interface MapOptions {
  readonly measure: Measure;
  /** Room for the cells, in pixels. */
  readonly width: number;
  /** For the identifiers of the picture. */
  readonly id: string;
  /** What it shows, in words. */
  readonly label: string;
  /** Whether labels can be pressed: the browser draws them so, and hears what happens to the cells. */
  readonly isLive: boolean;
  /** Whether cells say what they are where the pointer rests on them; a script tells it otherwise. */
  readonly hasTitles: boolean;
  /** Rows that are drawn. */
  readonly most: number;
  /** Place of the module whose experts have rows of their own; -1 for none. */
  readonly opened: number;
}

/** Heights in pixels. The style has the same for the labels. */
const ROW = 22;
const GAP = 8;
const PROFILE = 46;
const DEPTHS = 18;
const STACKS = 16;
const BARS = 120;
/** Cells of at least this width show their value. */
const WORDY = 44;
/** Above so many cells they have no words of their own: the browser tells them where the pointer is. */
const MOST_TITLES = 1500;

/** Whether a module has something to see: what only one row of many says is not drawn. */
interface Drawn {
  readonly rows: readonly MapRow[];
  readonly columns: readonly MapColumn[];
  readonly profile: readonly Sums[];
  /** Whether the columns are blocks. */
  readonly hasBlocks: boolean;
  /** Height of what stands above the cells: the profile where something changed, the depths, the stacks. */
  readonly head: number;
}

/** The map with its legend; where the tower has no blocks, a row for each module. */
export function drawMap(map: TowerMap, options: MapOptions): Markup {
  const drawn = chooseDrawn(map);
  const rows = drawn.rows.slice(0, options.most);
  const everything = [...map.rows, ...map.outside].flatMap(({ cells, total }) => (drawn.hasBlocks ? [...cells, total] : [total]));
  const ramp = makeRamp(options.measure, everything);
  const tops = place(rows);
  const hasCorners = rows.some(({ cells }) => cells.some((sums) => sums !== null && isPartlyIdentical(sums)));
  const rest = formatRest(drawn.rows.length - rows.length, 'module');
  const left = formatRest(map.outside.length - MOST_OUTSIDE, 'module');
  return html`<div class="map">
<div class="map-labels h${drawn.head}">${rows.map((row, at) => drawLabel(row, rows[at - 1], options))}</div>
<div class="map-scroll"${options.isLive ? null : html` tabindex="0" role="group" aria-label="Map of ${map.tower.name}"`}>${drawCells(map, { ...drawn, rows }, tops, ramp, options)}</div>
${drawBars({ ...drawn, rows }, tops, ramp, options)}
</div>
${rest === '' ? null : html`<p class="rest">${rest}${options.isLive ? html` <button class="link" data-all-modules>show all</button>` : null}</p>`}
${drawn.hasBlocks && map.outside.length > 0 ? html`<div class="outside" role="group" aria-label="Outside of the blocks">${map.outside.slice(0, MOST_OUTSIDE).map((row) => drawOutside(row, ramp, options))}${left === '' ? null : html`<span class="rest">${left}</span>`}</div>` : null}
${drawLegend(everything, hasCorners, ramp, options)}`;
}

const MOST_OUTSIDE = 24;

function chooseDrawn({ rows, columns, profile, outside, tower }: TowerMap): Drawn {
  if (columns.length > 0) {
    const isStill = profile.every(({ energy, broken }) => energy === 0 && broken === 0);
    const head = (isStill ? 0 : PROFILE) + DEPTHS + (countStacks(tower.columns) > 1 ? STACKS : 0);
    return { rows, columns, profile: isStill ? [] : profile, hasBlocks: true, head };
  }
  const flat = outside.map((row) => ({ ...row, cells: [row.total] }));
  return { rows: flat, columns: [{ first: 0, last: 0 }], profile: [], hasBlocks: false, head: 0 };
}

/** Top of each row, and the bottom of the last one: groups stand apart. */
function place(rows: readonly MapRow[]): number[] {
  const tops: number[] = [];
  let top = 0;
  for (const [at, row] of rows.entries()) {
    if (startsGroup(row, rows[at - 1])) top += GAP;
    tops.push(top);
    top += ROW;
  }
  return [...tops, top];
}

function startsGroup(row: MapRow, before: MapRow | undefined): boolean {
  return before !== undefined && before.module.group !== row.module.group;
}

function drawLabel(row: MapRow, before: MapRow | undefined, { isLive, opened }: MapOptions): Markup {
  const gap = startsGroup(row, before) ? ' gap' : null;
  const words = row.expert === null ? drawPath(row.module.path) : html`<span class="dim">expert</span> ${row.expert}`;
  const label = isLive
    ? html`<button data-row-label="${row.at}" data-expert="${row.expert ?? ''}" title="${truncateMiddle(row.module.path, 240)}">${words}</button>`
    : html`<span title="${truncateMiddle(row.module.path, 240)}">${words}</span>`;
  const opener =
    isLive && row.experts > 1
      ? html`<button class="opener" data-open="${row.at}" aria-expanded="${String(row.at === opened)}" aria-label="${formatCount(row.experts)} experts of ${truncateMiddle(row.module.path, 80)}">${row.at === opened ? '▾' : '▸'}</button>`
      : null;
  return html`<div class="map-label${gap}${row.expert === null ? null : ' expert'}">${opener}${label}</div>`;
}

function drawCells(
  map: TowerMap,
  { rows, columns, profile, hasBlocks, head }: Drawn,
  tops: readonly number[],
  ramp: Ramp | null,
  options: MapOptions,
): Markup {
  const { width, id, measure, isLive } = options;
  const pitch = Math.max(8, Math.min(120, Math.floor((width / Math.max(1, columns.length)) * 10) / 10));
  const size = { width: round(pitch - (pitch > 12 ? 2 : 1)), height: ROW - 2 };
  const height = head + (tops.at(-1) ?? 0);
  const all = round(pitch * columns.length);
  const hasTitles = options.hasTitles && rows.length * columns.length <= MOST_TITLES;
  const rowsDrawn = rows.map((row, at) => {
    const cells = row.cells.map((sums, column) => {
      if (sums === null) return html``;
      const block = columns[column];
      const words = hasTitles
        ? html`<title>${nameCell(row, block === undefined || !hasBlocks ? null : nameBlocks(map.tower, block))}: ${describe(sums, measure)}</title>`
        : null;
      const x = round(pitch * column);
      const kind = classify(sums, measure, ramp);
      const text = pitch >= WORDY ? writeValue(sums, measure, x + size.width / 2, kind) : null;
      return html`${drawRect(kind, id, html`x="${x}" width="${size.width}" height="${size.height}" data-col="${column}"`, words)}${text}${isPartlyIdentical(sums) ? html`<path class="frozen" d="M${round(x + size.width - 5)} 0h5v5z"/>` : null}`;
    });
    return html`<g data-row="${row.at}" data-expert="${row.expert ?? ''}" transform="translate(0,${head + (tops[at] ?? 0)})">${cells}</g>\n`;
  });
  return html`<svg class="cells" id="${id}"${isLive ? LIVE : STILL} aria-label="${options.label}" width="${all}" height="${height}" viewBox="0 0 ${all} ${height}">
<defs>${drawPatterns(id)}</defs>
${hasBlocks ? html`${drawProfile(profile, measure, pitch, size.width)}${drawDepths(map, columns, pitch, profile.length > 0 ? PROFILE : 0)}` : null}
${rowsDrawn}</svg>`;
}

const STILL: Markup = html` role="img"`;
/** The script hears keys and pointers on it. */
const LIVE: Markup = html` role="application" aria-roledescription="map" tabindex="0" data-live`;

/** What a cell is drawn as, the worst first: the class of its colour, or of what it is instead. */
function classify(sums: Sums, measure: Measure, ramp: Ramp | null): string {
  if (sums.broken > 0) return 'nan';
  if (sums.failed > 0) return 'failed';
  if (sums.identical === sums.tensors) return 'same';
  if (sums.codes > 0) return 'codes';
  if (sums.sized === 0) return sums.added + sums.removed + sums.reshaped > 0 ? 'dots' : 'none';
  const value = measure.read(sums);
  if (Number.isNaN(value)) return 'none';
  if (value === 0) return measure.isRatio === true ? 'none' : 'c0';
  return ramp?.classOf(value) ?? 'none';
}

/** Whether a corner is drawn: some of the tensors did not change. */
function isPartlyIdentical({ identical, tensors }: Sums): boolean {
  return identical > 0 && identical < tensors;
}

function writeValue(sums: Sums, measure: Measure, x: number, kind: string): Markup | null {
  const words = kind === 'same' ? '' : spell(sums, measure, kind);
  return words === '' ? null : html`<text class="value on-${kind}" x="${round(x)}" y="14">${words}</text>`;
}

/** The value of some tensors, or what they are instead. */
function spell(sums: Sums, measure: Measure, kind: string): string {
  if (kind === 'same') return 'identical';
  if (kind === 'nan') return 'NaN';
  if (sums.sized > 0) return measure.format(measure.read(sums));
  return kind === 'dots' ? `${sums.added > 0 ? '+' : ''}${sums.removed > 0 ? '−' : ''}${sums.reshaped > 0 ? '≠' : ''}` : MISSING;
}

/** A cell in words. */
export function describe(sums: Sums, measure: Measure): string {
  const parts: string[] = [];
  if (sums.broken > 0) parts.push(`NaN or Inf in ${formatNoun(sums.broken, 'tensor')}`);
  if (sums.failed > 0) parts.push(`${formatNoun(sums.failed, 'tensor')} could not be compared`);
  for (const kind of ['added', 'removed', 'reshaped'] as const)
    if (sums[kind] > 0) parts.push(`${formatNoun(sums[kind], 'tensor')} ${kind}`);
  if (sums.codes > 0) parts.push('stored as codes, not compared by value');
  if (sums.identical === sums.tensors)
    parts.push(sums.tensors === 1 ? 'identical' : `all ${formatCount(sums.tensors)} tensors identical`);
  else if (sums.sized > 0) {
    parts.unshift(`${measure.title} ${measure.format(measure.read(sums))}`);
    if (sums.tensors > 1)
      parts.push(
        `${formatNoun(sums.tensors, 'tensor')}${sums.identical > 0 ? `, ${formatCount(sums.identical)} identical` : ''}`,
      );
    if (sums.tensors > 1 && measure.key === 'rel' && sums.most > 0 && sums.least < sums.most)
      parts.push(`from ${measure.format(sums.least)} to ${measure.format(sums.most)}`);
  }
  return parts.join('; ');
}

/** `q_proj, block 8`. */
export function nameCell(row: Pick<MapRow, 'module' | 'expert'>, blocks: string | null): string {
  const name = row.expert === null ? row.module.path : row.module.path.replace('*', String(row.expert));
  return `${truncateMiddle(name, 80)}${blocks === null ? '' : `, ${blocks}`}`;
}

/** `block 8`, `blocks 8–11`, with the stack where there are several. */
export function nameBlocks(tower: PageTower, { first, last }: MapColumn): string {
  const [from, to] = [tower.columns[first], tower.columns[last]];
  if (from === undefined || to === undefined) return '';
  const stack = countStacks(tower.columns) > 1 ? `${truncateMiddle(from.stack, 40)} ` : '';
  return first === last
    ? `${stack}block ${from.depth}`
    : `${stack}blocks ${from.depth}–${from.stack === to.stack ? to.depth : `${truncateMiddle(to.stack, 40)} ${to.depth}`}`;
}

/** One bar for each block. */
function drawProfile(profile: readonly Sums[], measure: Measure, pitch: number, width: number): Markup {
  const share = shareOfMost(profile, measure);
  const bars = profile.map((sums, at) => {
    const length = share(sums);
    const height = sums.broken > 0 ? PROFILE - 6 : Math.max(1, Math.round(length * (PROFILE - 6)));
    const kind = sums.broken > 0 ? 'nan' : length > 0 ? 'bar' : 'still';
    return html`<rect class="${kind}" x="${round(pitch * at)}" y="${PROFILE - height}" width="${width}" height="${height}" data-depth="${at}"/>`;
  });
  return html`<g class="profile">${bars}</g>\n`;
}

/** Lengths of bars, 0 to 1: of ratios by how far they are from 1. */
function shareOfMost(all: readonly Sums[], measure: Measure): (sums: Sums) => number {
  const size = (sums: Sums): number => {
    const value = sums.sized === 0 || sums.identical === sums.tensors ? 0 : measure.read(sums);
    return measure.isRatio === true ? Math.abs(Math.log(value || 1)) : value;
  };
  const most = all.reduce((top, sums) => (size(sums) < Infinity ? Math.max(top, size(sums)) : top), 0);
  return (sums) => (most > 0 ? Math.min(1, size(sums) / most) || 0 : 0);
}

/** Numbers of the blocks, as many as there is room for, and the names of the stacks where there are several. */
function drawDepths({ tower }: TowerMap, columns: readonly MapColumn[], pitch: number, top: number): Markup {
  const blocks = columns.map(({ first }) => tower.columns[first]);
  const longest = blocks.reduce((most, block) => Math.max(most, String(block?.depth ?? '').length), 1);
  const every = [1, 2, 4, 5, 8, 10, 16, 20, 32].find((step) => step * pitch >= longest * 7 + 6) ?? 64;
  const labels = blocks.map((block, at) =>
    block === undefined || !isLabelled(blocks, at, every)
      ? html``
      : html`<text class="depth" x="${round(pitch * (at + 0.5) - 1)}" y="${top + 13}" data-depth="${at}">${block.depth}</text>`,
  );
  if (countStacks(tower.columns) <= 1) return html`<g>${labels}</g>\n`;
  const stacks = blocks.flatMap((block, at) => {
    if (block === undefined || (at > 0 && blocks[at - 1]?.stack === block.stack)) return [];
    const next = blocks.findIndex((other, index) => index > at && other?.stack !== block.stack);
    const room = ((next < 0 ? blocks.length : next) - at) * pitch;
    const name = room < 24 ? '' : truncateMiddle(block.stack, Math.floor(room / 6.6));
    return [
      html`<text class="stack" x="${round(pitch * at)}" y="${top + DEPTHS + 11}">${name}</text>${at === 0 ? null : html`<path class="edge" d="M${round(pitch * at - 1)} ${top}v${DEPTHS + STACKS}"/>`}`,
    ];
  });
  return html`<g>${labels}${stacks}</g>\n`;
}

/** Every so many blocks of each stack, from its first on. */
function isLabelled(blocks: readonly (PageBlock | undefined)[], at: number, every: number): boolean {
  const stack = blocks[at]?.stack;
  let start = at;
  while (start > 0 && blocks[start - 1]?.stack === stack) start -= 1;
  return (at - start) % every === 0;
}

/** A bar for each module over all blocks, with its value. */
function drawBars({ rows, hasBlocks, head }: Drawn, tops: readonly number[], ramp: Ramp | null, { measure }: MapOptions): Markup {
  if (!hasBlocks) return html``;
  const share = shareOfMost(
    rows.map(({ total }) => total),
    measure,
  );
  const height = head + (tops.at(-1) ?? 0);
  const bars = rows.map((row, at) => {
    const y = head + (tops[at] ?? 0);
    const kind = classify(row.total, measure, ramp);
    const length = kind === 'nan' ? 0 : share(row.total);
    const words = spell(row.total, measure, kind);
    return html`<rect class="bar" y="${y + 6}" width="${length > 0 ? Math.max(1, Math.round(length * 56)) : 0}" height="8" rx="1"/><text class="${kind === 'same' ? 'quiet' : kind === 'nan' ? 'alarm' : 'plain'}" x="62" y="${y + 14}">${words}</text>`;
  });
  return html`<svg class="map-bars" aria-hidden="true" width="${BARS}" height="${height}" viewBox="0 0 ${BARS} ${height}"><text class="depth start" x="0" y="${head - 5}">all blocks</text>${bars}</svg>`;
}

/** A module outside of blocks: its colour, name and value. */
function drawOutside(row: MapRow, ramp: Ramp | null, { measure, id, isLive }: MapOptions): Markup {
  const kind = classify(row.total, measure, ramp);
  const words = spell(row.total, measure, kind);
  const inside = html`<svg width="16" height="16" aria-hidden="true">${drawRect(kind, id, html`width="16" height="16"`, null)}</svg> <code>${truncateMiddle(quoteBlank(row.module.path), 48)}</code> <span class="${kind === 'nan' ? 'alarm' : 'dim'}">${words}</span>`;
  return isLive ? html`<button data-row-label="${row.at}" data-expert="">${inside}</button>` : html`<span>${inside}</span>`;
}

/** What the colours stand for, and every other kind of cell that there is. */
function drawLegend(
  cells: readonly (Sums | null)[],
  hasCorners: boolean,
  ramp: Ramp | null,
  { measure, id }: MapOptions,
): Markup {
  const kinds = new Set(cells.flatMap((sums) => (sums === null ? [] : [classify(sums, measure, ramp)])));
  return html`<div class="legend">${drawScale(ramp, measure)}${drawKinds(LEGEND, kinds, id)}${hasCorners ? html`<span>◥ some tensors identical</span>` : null}</div>`;
}

const LEGEND: readonly (readonly [kind: string, words: string])[] = [
  ['same', 'identical'],
  ['nan', 'NaN or Inf'],
  ['dots', '+ added, − removed, ≠ reshaped'],
  ['codes', 'codes, not compared by value'],
  ['failed', 'could not be compared'],
  ['none', 'not known'],
];
