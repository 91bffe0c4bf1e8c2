import { escapeMarkdown } from '../../wording/escape.ts';
import { formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { type Block, hasSize, listDrawn } from '../blocks.ts';
import type { Report } from '../report.ts';
import { UNICODE_GLYPHS } from '../text/glyphs.ts';

/** More stacks than these are not drawn. */
const MOST_STACKS = 4;
/** Marks of a line at most; neighbouring blocks share one. */
const MOST_MARKS = 64;

/** Change by depth, a line a stack: `Depth: ▅▆▇█ (4 blocks, 5.6% to 6.0%)`. Nothing where no block changed. */
export function writeDepth({ columns, analysis }: Report): string[] {
  const stacks = listDrawn(columns, analysis);
  const lines = stacks.slice(0, MOST_STACKS).map(([stack, blocks]) => {
    const which = stacks.length > 1 ? ` of ${escapeMarkdown(truncateMiddle(stack, 80))}` : '';
    return `Depth${which}: \`${drawBlocks(blocks)}\` (${describeBlocks(blocks)})`;
  });
  return stacks.length > lines.length ? [...lines, `${formatNoun(stacks.length - lines.length, 'more stack')} of blocks`] : lines;
}

function drawBlocks(blocks: readonly Block[]): string {
  const { steps, none, nonfinite } = UNICODE_GLYPHS;
  const size = Math.ceil(blocks.length / MOST_MARKS);
  const top = blocks.reduce((most, { change }) => Math.max(most, change), 0);
  const marks: string[] = [];
  for (let from = 0; from < blocks.length; from += size) {
    const bin = blocks.slice(from, from + size);
    const height = bin.reduce((most, { change }) => Math.max(most, change), 0);
    const step = height > 0 ? (steps[Math.ceil((height / top) * steps.length) - 1] ?? '') : (steps[0] ?? '');
    marks.push(bin.some(({ isBroken }) => isBroken) ? nonfinite : bin.every(({ isFrozen }) => isFrozen) ? none : step);
  }
  return marks.join('');
}

function describeBlocks(blocks: readonly Block[]): string {
  const { none, nonfinite } = UNICODE_GLYPHS;
  const sizes = blocks.filter(hasSize).map(({ change }) => change);
  const [least, most] = sizes.reduce(([low, high], size) => [Math.min(low, size), Math.max(high, size)], [Infinity, 0]);
  const [low, high] = [formatPercent(least), formatPercent(most)];
  const [frozen, broken] = [blocks.filter(({ isFrozen }) => isFrozen), blocks.filter(({ isBroken }) => isBroken)];
  const size = Math.ceil(blocks.length / MOST_MARKS);
  const parts = [
    formatNoun(blocks.length, 'block'),
    size > 1 ? `${size} a mark` : '',
    sizes.length === 0 ? '' : low === high ? `${low} each` : `${low} to ${high}`,
    frozen.length === 0 ? '' : `${formatCount(frozen.length)} frozen (${none})`,
    broken.length === 0 ? '' : `${formatCount(broken.length)} with NaN or Inf (${nonfinite})`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
