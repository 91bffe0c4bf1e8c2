import { escapeTerminal } from '../../wording/escape.ts';
import { formatCount, formatEvenPercent, formatPercent, formatPercentRange } from '../../wording/numbers.ts';
import { measureCells, truncateMiddle } from '../../wording/width.ts';
import { type Block, hasSize, listDrawn } from '../blocks.ts';
import type { Report } from '../report.ts';
import { drawHeights, type Glyphs } from './glyphs.ts';
import { label, LABEL_CELLS } from './label.ts';
import type { Layout } from './layout.ts';
import type { Section } from './sections.ts';

/** More stacks than these are not drawn; the page has them. */
const MOST_STACKS = 8;

/** Change by depth, a line a stack: `depth    0 ···███ 5   7.4–7.7% per block, 3 frozen (·)`. */
export function writeDepth({ columns, analysis }: Report, layout: Layout): Section {
  const stacks = listDrawn(columns, analysis);
  const items = stacks.slice(0, MOST_STACKS).map(([stack, blocks], index) => {
    const which = stacks.length > 1 ? `${truncateMiddle(layout.spell(escapeTerminal(stack)), 24, layout.glyphs.ellipsis)}  ` : '';
    return [label(index === 0 ? 'depth' : '', which + drawStack(blocks, measureCells(which), layout), layout)];
  });
  return { id: 'depth', items, total: stacks.length, name: (hidden) => (hidden === 1 ? 'depth' : `${hidden} stacks by depth`) };
}

function drawStack(blocks: readonly Block[], taken: number, layout: Layout): string {
  const [first, last] = [blocks[0], blocks.at(-1)].map((block) => formatCount(block?.depth ?? 0)) as [string, string];
  const words = describeBlocks(blocks, layout.glyphs);
  // What a mark stands for is said only where it is more than one block, and its own length depends on that.
  const most = layout.width - LABEL_CELLS - taken - first.length - last.length - 5;
  const room = Math.max(8, most - measureCells(words));
  const size = blocks.length <= room ? 1 : Math.ceil(blocks.length / Math.max(8, room - SCALE_CELLS));
  const bins = Array.from({ length: Math.ceil(blocks.length / size) }, (_, bin) => blocks.slice(bin * size, (bin + 1) * size));
  const heights = drawHeights(
    bins.map((bin) => bin.reduce((most, { change }) => Math.max(most, change), 0)),
    layout.glyphs,
  );
  const marks = bins.map((bin, at) => {
    if (bin.some(({ isBroken }) => isBroken)) return layout.paint('bad', layout.glyphs.nonfinite);
    if (bin.every(({ isFrozen }) => isFrozen)) return layout.glyphs.none;
    return layout.paint('accent', heights[at] === layout.glyphs.none ? (layout.glyphs.steps[0] ?? '') : (heights[at] ?? ''));
  });
  const scale = size === 1 ? '' : `, ${size} blocks a mark`;
  return `${first} ${marks.join('')} ${last}   ${words}${scale}`;
}

/** Cells of `, 12 blocks a mark`. */
const SCALE_CELLS = 19;

/** `7.4–7.7% per block, 3 frozen (·), 1 with NaN or Inf (∅)`. */
function describeBlocks(blocks: readonly Block[], glyphs: Glyphs): string {
  const frozen = blocks.filter(({ isFrozen }) => isFrozen).length;
  const broken = blocks.filter(({ isBroken }) => isBroken).length;
  const parts = [
    describeSizes(blocks.filter(hasSize)),
    frozen === 0 ? '' : `${formatCount(frozen)} frozen (${glyphs.none})`,
    broken === 0 ? '' : `${formatCount(broken)} with NaN or Inf (${glyphs.nonfinite})`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function describeSizes(blocks: readonly Block[]): string {
  const [only] = blocks;
  if (only === undefined) return '';
  if (blocks.length === 1) return `${formatPercent(only.change)} in block ${only.depth}`;
  const sizes = blocks.map(({ change }) => change).sort((a, b) => a - b);
  const [low = 0, high = 0] = [sizes[0], sizes.at(-1)];
  // `>99–100%` is no range.
  const isEven = [low, high].every((size) => !formatEvenPercent(size).startsWith('>'));
  return `${formatPercentRange(low, high, isEven ? formatEvenPercent : formatPercent)} per block`;
}
