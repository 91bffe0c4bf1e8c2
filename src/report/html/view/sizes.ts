/** How the sizes of a tensor's changes |d| are spread, with the spacing of its dtype. */
import { formatPercent } from '../../../wording/numbers.ts';
import { numberAt, type PageTensors, statusAt } from '../data/page-tensors.ts';
import { NOWHERE } from '../data/placed-tensors.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';

const BOX = { width: 360, height: 110, top: 18, bottom: 20 };
/** Bits behind the point of a significand. */
const BITS: Readonly<Record<string, number>> = {
  f64: 52,
  f32: 23,
  f16: 10,
  bf16: 7,
  f8_e4m3fn: 3,
  f8_e4m3fnuz: 3,
  f8_e5m2: 2,
  f8_e5m2fnuz: 2,
};

/** The histogram, or how to get it. */
export function drawSizes(tensors: PageTensors, row: number): Markup {
  if (statusAt(tensors, row) !== 'changed') return html``;
  const title = html`<h3>Sizes of the changes</h3>`;
  if (tensors.histogram === null)
    return html`${title}
<p class="note">Not gathered: the command line does it for an HTML report, the library with <code>histogram: true</code>.</p>`;
  const { firstExponent, bins, counts } = tensors.histogram;
  const own = Array.from(counts.subarray(row * bins, (row + 1) * bins));
  const total = own.reduce((sum, count) => sum + count, 0);
  const used = own.flatMap((count, at) => (at > 0 && count > 0 ? [at] : []));
  if (total === 0 || used.length === 0) return html``;
  const spacing = findSpacing(tensors, row);
  const spacingAt = spacing === null ? null : Math.log2(spacing.size) - firstExponent + 1;
  const first = Math.max(1, Math.min(used[0] ?? 1, Math.floor(spacingAt ?? Infinity)) - 1);
  const last = Math.min(bins - 1, Math.max(used.at(-1) ?? 1, Math.ceil(spacingAt ?? 0)) + 1);
  const pitch = BOX.width / (last - first + 1);
  const base = BOX.height - BOX.bottom;
  const most = used.reduce((top, at) => Math.max(top, own[at] ?? 0), 0);
  const x = (at: number): number => round((at - first) * pitch);
  const bars = used.map((at) => {
    const height = Math.max(1.5, ((base - BOX.top) * (own[at] ?? 0)) / most);
    const from = 2 ** (firstExponent + at - 1);
    return html`<rect class="bar" x="${x(at)}" y="${round(base - height)}" width="${round(Math.max(1, pitch - 1))}" height="${round(height)}"><title>${from.toExponential(1)} to ${(from * 2).toExponential(1)}: ${formatPercent((own[at] ?? 0) / total)}</title></rect>`;
  });
  const ticks = [first, Math.round((first + last) / 2), last].map(
    (at, place) =>
      html`<text class="tick${place === 0 ? ' first' : place === 2 ? ' last' : null}" x="${place === 2 ? BOX.width : x(at)}" y="${base + 14}">${(2 ** (firstExponent + at - 1)).toExponential(0)}</text>`,
  );
  const mark =
    spacing === null || spacingAt === null || spacingAt < first || spacingAt > last
      ? null
      : html`<path class="mark" d="M${x(spacingAt)} ${BOX.top - 4}V${base}"/><text class="tick${x(spacingAt) > BOX.width / 2 ? ' end' : ' start'}" x="${x(spacingAt) + (x(spacingAt) > BOX.width / 2 ? -4 : 4)}" y="${BOX.top - 6}">${spacing.dtype} spacing</text>`;
  const small = (own[0] ?? 0) / total;
  return html`${title}
<svg class="sizes" role="img" aria-label="Elements by the size of their change" viewBox="0 0 ${BOX.width} ${BOX.height}" width="${BOX.width}" height="${BOX.height}">${bars}<path class="axis" d="M0 ${base}h${BOX.width}"/>${ticks}${mark}</svg>
<p class="note">|d| of a sample of the elements${small > 0 ? `; ${formatPercent(small)} did not change, or by less than ${(2 ** firstExponent).toExponential(0)}` : ''}.${mark === null ? '' : ' The line is the distance between neighbouring numbers of the dtype at the typical weight: smaller changes are lost where weights are stored in it.'}</p>`;
}

/** Distance between neighbouring numbers of the coarser dtype, at the root mean square of the old weights. */
function findSpacing(tensors: PageTensors, row: number): { dtype: string; size: number } | null {
  const { places, dtypes } = tensors;
  const known = [places.oldDtype[row], places.newDtype[row]].flatMap((at) => {
    const dtype = dtypes[at ?? NOWHERE] ?? '';
    const bits = BITS[dtype];
    return bits === undefined ? [] : [{ dtype, bits }];
  });
  const coarser = known.sort((a, b) => a.bits - b.bits)[0];
  const rms = numberAt(tensors, 'oldNorm', row) / Math.sqrt(numberAt(tensors, 'elements', row));
  if (coarser === undefined || !(rms > 0)) return null;
  return { dtype: coarser.dtype, size: 2 ** (Math.floor(Math.log2(rms)) - coarser.bits) };
}
