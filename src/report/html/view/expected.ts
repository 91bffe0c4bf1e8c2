/** Elements that changed beside those that a rounded dense update would have changed, tensor by tensor. */
import { formatCount } from '../../../wording/numbers.ts';
import { numberAt, type PageTensors } from '../data/page-tensors.ts';
import { html, type Markup } from './markup.ts';
import { round } from './round.ts';
import { isSized } from './quantities.ts';

const BOX = { width: 560, height: 220, left: 40, right: 10, top: 8, bottom: 30 };
/** Squares of the plane on each side: tensors that fall into one are drawn as one. */
const SQUARES = 48;
/** Rounding matters where it keeps more than this share of the elements as they are. */
const MATTERS = 0.02;

/** The plot, or null where rounding leaves nothing unchanged. */
export function drawExpected(tensors: PageTensors): Markup | null {
  const counts = new Map<number, number>();
  let known = 0;
  let isOfInterest = false;
  for (let row = 0; row < tensors.count; row += 1) {
    const expected = numberAt(tensors, 'expected', row);
    const observed = numberAt(tensors, 'changed', row) / numberAt(tensors, 'elements', row);
    if (!isSized(tensors, row) || !(expected >= 0) || !(observed > 0)) continue;
    known += 1;
    if (expected < 1 - MATTERS) isOfInterest = true;
    const square = (value: number): number => Math.min(SQUARES - 1, Math.floor(Math.min(1, value) * SQUARES));
    const id = square(expected) * SQUARES + square(observed);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  if (!isOfInterest) return null;
  const { width, height, left, right, top, bottom } = BOX;
  const [wide, high] = [width - left - right, height - top - bottom];
  const x = (share: number): number => round(left + share * wide);
  const y = (share: number): number => round(top + (1 - share) * high);
  const dots = [...counts].map(([id, count]) => {
    const [across, up] = [Math.floor(id / SQUARES), id % SQUARES].map((at) => (at + 0.5) / SQUARES);
    return html`<circle class="dot" cx="${x(across ?? 0)}" cy="${y(up ?? 0)}" r="${round(Math.min(7, 2 + Math.log2(count) * 0.7))}"/>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`<svg class="expected" role="img" aria-label="Share of elements changed against the share expected, of ${formatCount(known)} tensors" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${ticks.map((tick) => html`<path class="grid" d="M${left} ${y(tick)}h${wide}"/><text class="tick end" x="${left - 6}" y="${y(tick) + 4}">${tick * 100}%</text><text class="tick" x="${x(tick)}" y="${top + high + 14}">${tick * 100}%</text>`)}
<path class="diagonal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>
${dots}
<text class="tick last" x="${x(1)}" y="${height - 3}">expected of a rounded dense update</text>
</svg>`;
}
