/** All that is known of one tensor. */
import { formatBytes, formatCount, formatNoun, formatPercent, isMissing, MISSING } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { numberAt, type NumberColumn, type PageTensors, placeAt, statusAt } from '../data/page-tensors.ts';
import { blockAt, moduleAt, NOWHERE } from '../data/placed-tensors.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';
import { showName } from './name.ts';
import { formatReal, isSized, QUANTITIES, readRelative, showQuantity } from './quantities.ts';
import { describeDtype, describeNonfinite, describeShape, describeStatus } from './tensor-row.ts';
import { drawSizes } from './sizes.ts';

/** The numbers of a tensor, its place among the others, and what can be done with it. */
export function drawDetails(tensors: PageTensors, row: number): Markup {
  const error = tensors.errors.get(row);
  const name = tensors.names[row] ?? '';
  const option = `--include ${quoteShell(name)}`;
  return html`<h2 id="details-name">${showName(name)}</h2>
<p class="note">${describeStatus(tensors, row)} · ${describeShape(tensors, row)} · ${describeDtype(tensors, row)}${describePlace(tensors, row)}</p>
${error === undefined ? null : html`<p class="alarm">${truncateMiddle(error, 600)}</p>`}
${describeNonfinite(tensors, row) === '' ? null : html`<p class="alarm">${describeNonfinite(tensors, row)}</p>`}
${drawChange(tensors, row)}
<h3>Both sides</h3>
${drawSides(tensors, row)}
${drawAcrossBlocks(tensors, row)}
${drawSizes(tensors, row)}
<h3>Compare it alone</h3>
<p class="command"><code>${option}</code> <button data-copy="${option}">Copy</button></p>`;
}

function describePlace(tensors: PageTensors, row: number): string {
  const block = blockAt(tensors, row);
  return ` · ${tensors.types[placeAt(tensors, 'type', row)]}${block === null ? '' : ` · block ${block.depth}`}`;
}

function drawChange(tensors: PageTensors, row: number): Markup {
  if (!isSized(tensors, row)) return html``;
  const shown = QUANTITIES.filter(({ key }) => !['norm', 'nan', 'elements', 'bytes'].includes(key)).flatMap((quantity) =>
    Number.isNaN(quantity.read(tensors, row))
      ? []
      : [
          html`<dt>${quantity.title}</dt><dd${quantity.key === 'rel' ? html` class="main"` : null}>${showQuantity(quantity, tensors, row)}</dd>`,
        ],
  );
  const total = numberAt(tensors, 'elements', row);
  const more: readonly (readonly [string, string])[] = [
    ['√Σd²', formatReal(numberAt(tensors, 'l2', row))],
    ['Σ|d|', formatReal(numberAt(tensors, 'l1', row))],
    ['elements', formatCount(total)],
    ['changed', formatCount(numberAt(tensors, 'changed', row))],
    ['with other bits', formatCount(numberAt(tensors, 'bitChanged', row))],
    ['expected to change', formatPercent(numberAt(tensors, 'expected', row), 3)],
  ];
  return html`<dl class="numbers">${rank(tensors, row)}${shown}${more.filter(([, value]) => value !== MISSING).map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Place of a tensor by relative change, among all that changed and among those of its module. */
function rank(tensors: PageTensors, row: number): Markup {
  const own = readRelative(tensors, row);
  if (!(own > 0)) return html``;
  const module = moduleAt(tensors, row);
  let [larger, all, largerOf, of] = [0, 0, 0, 0];
  for (let other = 0; other < tensors.count; other += 1) {
    const change = readRelative(tensors, other);
    if (!(change > 0)) continue;
    all += 1;
    if (change > own) larger += 1;
    if (module === null || moduleAt(tensors, other) !== module) continue;
    of += 1;
    if (change > own) largerOf += 1;
  }
  return html`<dt>place by relative change</dt><dd>${formatCount(larger + 1)} of ${formatCount(all)}</dd>${of > 1 ? html`<dt>among its module’s</dt><dd>${formatCount(largerOf + 1)} of ${formatCount(of)}</dd>` : null}`;
}

type Sided = 'Norm' | 'Mean' | 'Std' | 'Min' | 'Max' | 'Zeros' | 'Nan' | 'Inf' | 'Bytes' | 'Offset';

const SIDES: readonly (readonly [title: string, column: Sided, format: (value: number) => string])[] = [
  ['norm', 'Norm', formatReal],
  ['mean', 'Mean', formatReal],
  ['deviation', 'Std', formatReal],
  ['smallest', 'Min', formatReal],
  ['largest', 'Max', formatReal],
  ['zeros', 'Zeros', formatCount],
  ['NaN', 'Nan', formatCount],
  ['Inf', 'Inf', formatCount],
  ['size', 'Bytes', formatBytes],
  ['offset in the file', 'Offset', formatCount],
];

function drawSides(tensors: PageTensors, row: number): Markup {
  const { dtypes, shapes } = tensors;
  const both = (title: string, read: (side: 'old' | 'new') => string): Markup => {
    const [old, fresh] = [read('old'), read('new')];
    return old === MISSING && fresh === MISSING
      ? html``
      : html`<tr><th scope="row">${title}</th><td>${old}</td><td${old === fresh ? null : html` class="other"`}>${fresh}</td></tr>`;
  };
  const shape = (at: number | undefined): string => shapes[at ?? NOWHERE]?.join('×') || (at === NOWHERE ? MISSING : 'scalar');
  const file = (side: 'old' | 'new'): string => {
    const path = tensors.files[side][placeAt(tensors, `${side}File`, row)];
    return path === undefined ? MISSING : truncateMiddle(path, 60);
  };
  return html`<table class="sides"><thead><tr><td></td><th scope="col">old</th><th scope="col">new</th></tr></thead><tbody>
${both('dtype', (side) => dtypes[placeAt(tensors, `${side}Dtype`, row)] ?? MISSING)}
${both('shape', (side) => shape(placeAt(tensors, `${side}Shape`, row)))}
${SIDES.map(([title, column, format]) =>
  both(title, (side) => {
    const value = numberAt(tensors, `${side}${column}` as NumberColumn, row);
    return isMissing(value) ? MISSING : format(value);
  }),
)}
${both('file', file)}
</tbody></table>`;
}

const ACROSS = { width: 360, height: 64 };

/** The same tensor in every block, this one marked. */
function drawAcrossBlocks(tensors: PageTensors, row: number): Markup {
  const { places } = tensors;
  const leaf = (at: number): string => tensors.names[at]?.split(/[./]/).at(-1) ?? '';
  const same: number[] = [];
  for (let other = 0; other < tensors.count; other += 1) {
    const isTwin =
      places.module[other] === places.module[row] &&
      places.tower[other] === places.tower[row] &&
      places.expert[other] === places.expert[row] &&
      places.column[other] !== NOWHERE;
    if (isTwin && leaf(other) === leaf(row)) same.push(other);
  }
  if (same.length < 2 || places.column[row] === NOWHERE) return html``;
  same.sort((a, b) => (places.column[a] ?? 0) - (places.column[b] ?? 0));
  const changes = same.map((other) => readRelative(tensors, other));
  const most = changes.reduce((top, change) => (change < Infinity ? Math.max(top, change) : top), 0);
  const pitch = ACROSS.width / same.length;
  const bars = same.map((other, at) => {
    const change = changes[at] ?? Number.NaN;
    const height = change > 0 && most > 0 ? Math.max(2, Math.min(1, change / most) * (ACROSS.height - 4)) : 1;
    const kind = statusAt(tensors, other) === 'identical' ? 'still' : 'bar';
    return html`<rect class="${other === row ? 'here' : kind}" x="${round(at * pitch)}" y="${round(ACROSS.height - height)}" width="${round(Math.max(0.5, pitch - (pitch > 4 ? 1.5 : 0)))}" height="${round(height)}" data-tensor="${other}"><title>block ${blockAt(tensors, other)?.depth ?? ''}: ${formatPercent(change, 3)}</title></rect>`;
  });
  return html`<h3>The same in every block</h3>
<svg class="across" role="img" aria-label="Relative change in ${formatNoun(same.length, 'block')}, at most ${formatPercent(most, 3)}" viewBox="0 0 ${ACROSS.width} ${ACROSS.height}" width="${ACROSS.width}" height="${ACROSS.height}">${bars}</svg>`;
}

/** A word for a POSIX shell. */
function quoteShell(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
