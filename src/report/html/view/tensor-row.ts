/** One row of the table of tensors. */
import { formatShape, MISSING } from '../../../wording/numbers.ts';
import { numberAt, type PageTensors, placeAt, statusAt } from '../data/page-tensors.ts';
import { blockAt, moduleAt, NOWHERE } from '../data/placed-tensors.ts';
import { html, type Markup } from './markup.ts';
import { showName } from './name.ts';
import { countNonfinite, QUANTITIES, type Quantity, readRelative, showQuantity } from './quantities.ts';

/** A column of the table: a number, or words. */
export interface TableColumn {
  readonly key: string;
  readonly title: string;
  readonly isNumber: boolean;
  readonly isShown: boolean;
  /** Sorts its rows. */
  readonly read: (tensors: PageTensors, row: number) => number | string;
  readonly show: (tensors: PageTensors, row: number) => string;
}

function ofQuantity(quantity: Quantity): TableColumn {
  const { key, title, read, isShown = false } = quantity;
  return { key, title, isNumber: true, isShown, read, show: (tensors, row) => showQuantity(quantity, tensors, row) };
}

const words = (key: string, title: string, show: TableColumn['show'], isShown: boolean = false): TableColumn => ({
  key,
  title,
  isNumber: false,
  isShown,
  read: show,
  show,
});

/** All columns beside the name, in their order. */
export const TABLE_COLUMNS: readonly TableColumn[] = [
  ...QUANTITIES.map(ofQuantity),
  words('shape', 'shape', (tensors, row) => describeShape(tensors, row), true),
  words('dtype', 'dtype', (tensors, row) => describeDtype(tensors, row), true),
  words('type', 'layer type', (tensors, row) => tensors.types[placeAt(tensors, 'type', row)] ?? MISSING),
  words('module', 'module', (tensors, row) => moduleAt(tensors, row)?.path ?? MISSING),
  {
    key: 'block',
    title: 'block',
    isNumber: true,
    isShown: false,
    read: (tensors, row) => blockAt(tensors, row)?.depth ?? Number.NaN,
    show: (tensors, row) => String(blockAt(tensors, row)?.depth ?? MISSING),
  },
  words('status', 'what became of it', (tensors, row) => describeStatus(tensors, row)),
];

/** Both shapes where they differ. */
export function describeShape(tensors: PageTensors, row: number): string {
  return describeBoth(tensors.places.oldShape[row], tensors.places.newShape[row], (at) => formatShape(tensors.shapes[at] ?? []));
}

/** Both dtypes where they differ. */
export function describeDtype(tensors: PageTensors, row: number): string {
  return describeBoth(tensors.places.oldDtype[row], tensors.places.newDtype[row], (at) => tensors.dtypes[at] ?? '');
}

function describeBoth(old: number | undefined, fresh: number | undefined, spell: (at: number) => string): string {
  const known = [old, fresh].filter((at) => at !== undefined && at !== NOWHERE);
  return known[0] === known[1] || known.length === 1
    ? spell(known[0] ?? NOWHERE)
    : known.map((at) => spell(at ?? NOWHERE)).join(' → ');
}

/** What became of a tensor, in a word or two. */
export function describeStatus(tensors: PageTensors, row: number): string {
  const status = statusAt(tensors, row);
  if (status === 'failed') return 'could not be compared';
  if (countNonfinite(tensors, 'new', row) > 0) return 'NaN or Inf';
  if (status === 'unchanged') return 'within the threshold';
  if (status === 'codes') return 'stored as codes';
  return status;
}

/** What stands behind the name of a row that did not just change its values. */
function markRow(tensors: PageTensors, row: number): Markup | null {
  const status = statusAt(tensors, row);
  if (status === 'failed') return html` <span class="flag alarm">could not be compared</span>`;
  if (countNonfinite(tensors, 'new', row) > 0) return html` <span class="flag alarm">${describeNonfinite(tensors, row)}</span>`;
  if (status === 'changed') return null;
  return html` <span class="flag">${describeStatus(tensors, row)}</span>`;
}

/** `NaN 0→40`, `Inf 3→3`, both or neither. */
export function describeNonfinite(tensors: PageTensors, row: number): string {
  const parts = (['Nan', 'Inf'] as const).flatMap((kind) => {
    const [old, fresh] = [numberAt(tensors, `old${kind}`, row) || 0, numberAt(tensors, `new${kind}`, row) || 0];
    return old > 0 || fresh > 0 ? [`${kind === 'Nan' ? 'NaN' : kind} ${old}→${fresh}`] : [];
  });
  return parts.join(' ');
}

/** Sizes that fill the bar of a row: from the least of all shown to the largest, by factors. */
export interface BarScale {
  readonly low: number;
  readonly high: number;
}

/** The scale of the bars of all tensors. */
export function scaleBars(tensors: PageTensors): BarScale {
  let [low, high] = [Infinity, 0];
  for (let row = 0; row < tensors.count; row += 1) {
    const change = readRelative(tensors, row);
    if (!(change > 0 && change < Infinity)) continue;
    low = Math.min(low, change);
    high = Math.max(high, change);
  }
  return { low: Math.min(low, high / 100), high };
}

/** Columns that a table shows, of those that there are. */
export function pickColumns(keys: readonly string[]): readonly TableColumn[] {
  return TABLE_COLUMNS.filter(({ key }) => keys.includes(key));
}

/** Keys of the columns that a table shows at first. */
export const FIRST_COLUMNS: readonly string[] = TABLE_COLUMNS.filter(({ isShown }) => isShown).map(({ key }) => key);

/** Cells of one row; the browser gives it a place among all. */
export function drawRow(
  tensors: PageTensors,
  row: number,
  columns: readonly TableColumn[],
  scale: BarScale,
  index: number | null,
): Markup {
  const place = index === null ? null : html` aria-rowindex="${index + 2}" data-tensor="${row}"`;
  const cells = columns.map(({ key, isNumber, show }) => {
    const text = show(tensors, row);
    if (key === 'rel') return html`<td class="number change">${drawBar(readRelative(tensors, row), scale)}${text}</td>`;
    return isNumber ? html`<td class="number">${text}</td>` : html`<td class="words">${text}</td>`;
  });
  const name = showName(tensors.names[row] ?? '');
  const head = index === null ? name : html`<button class="open" tabindex="-1">${name}</button>`;
  return html`<tr${place}><th scope="row">${head}${markRow(tensors, row)}</th>${cells}</tr>\n`;
}

function drawBar(change: number, { low, high }: BarScale): Markup {
  const share = change === Infinity ? 1 : change > 0 && high > 0 ? Math.log(change / low) / Math.log(high / low) : 0;
  const width = change > 0 ? Math.max(1, Math.round(Math.min(1, Math.max(0, share)) * 64)) : 0;
  return html`<svg class="spark" width="64" height="8" aria-hidden="true"><rect width="${width}" height="8" rx="1.5"/></svg>`;
}

/** Heads of the columns; in the browser they sort. */
export function drawHead(
  columns: readonly TableColumn[],
  sort: { readonly key: string; readonly isDown: boolean } | null,
): Markup {
  const all = [{ key: 'name', title: 'tensor', isNumber: false }, ...columns];
  const heads = all.map(({ key, title, isNumber }) => {
    const kind = isNumber ? html` class="number"` : null;
    if (sort === null) return html`<th scope="col"${kind}>${title}</th>`;
    const isSorted = sort.key === key;
    const order = isSorted ? (sort.isDown ? 'descending' : 'ascending') : 'none';
    return html`<th scope="col"${kind} aria-sort="${order}"><button data-sort="${key}">${title}<span aria-hidden="true">${isSorted ? (sort.isDown ? ' ▾' : ' ▴') : null}</span></button></th>`;
  });
  return html`<tr${sort === null ? null : html` aria-rowindex="1"`}>${heads}</tr>`;
}
