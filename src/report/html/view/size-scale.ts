/** The size of the change on a line with its bands. */
import { formatPercent } from '../../../wording/numbers.ts';
import type { SizeBand } from './histogram.ts';
import { html, type Markup } from './markup.ts';

const BOX = { width: 560, height: 40, bar: 16 };
/** Both ends of the line, as changes R. */
const ENDS = [1e-5, 1] as const;

/** The line, with a mark at the change. */
export function drawSizeScale(change: number, bands: readonly SizeBand[]): Markup {
  const [first, last] = ENDS;
  const x = (value: number): number => {
    const share = Math.log(Math.max(first, value) / first) / Math.log(last / first);
    return Math.round(Math.min(1, Math.max(0, share)) * BOX.width * 10) / 10;
  };
  const at = x(change);
  const parts = bands.map(({ name, from, below }) => {
    const [start, end] = [x(from), x(below)];
    const isHere = change >= from && change < below;
    return html`<rect class="still${isHere ? ' here' : null}" x="${start + 1}" y="${BOX.bar}" width="${Math.max(0, end - start - 2)}" height="8" rx="2"/><text class="size-name${isHere ? ' here' : null}" x="${Math.round((start + end) / 2)}" y="${BOX.height - 3}">${name}</text>`;
  });
  const limits = bands
    .slice(1)
    .map(({ from }) => html`<text class="size-limit" x="${x(from)}" y="${BOX.bar - 5}">${formatPercent(from)}</text>`);
  return html`<svg class="size-scale" role="img" aria-label="Overall change ${formatPercent(change, 3)}" width="${BOX.width}" height="${BOX.height}" viewBox="0 0 ${BOX.width} ${BOX.height}">${parts}${limits}<path class="size-mark" d="M${at} ${BOX.bar - 3}v14"/><circle class="size-mark" cx="${at}" cy="${BOX.bar + 4}" r="6"/></svg>`;
}
