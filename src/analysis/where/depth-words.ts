import { formatPercent } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { groupRows, measureGroup, type SizedRow } from './sizes.ts';

/** How change runs through the blocks of one stack. */
export interface DepthWords {
  /** Path of the stack. */
  readonly stack: string;
  /**
   * `rising` and `falling` with depth, `single`: some blocks changed three times as much as any other, `even`: no block more than half
   * as much again as any other, `uneven`: anything else.
   */
  readonly kind: 'rising' | 'falling' | 'single' | 'even' | 'uneven';
  /** R of the first and the last block that changed, and the smallest and the largest of all, with their depths. */
  readonly first: number;
  readonly last: number;
  readonly least: BlockChange;
  readonly most: BlockChange;
  /** Blocks that changed. */
  readonly blocks: number;
  /** `the last blocks most: 0.2% to 5.6%`, to follow "blocks 8–31 changed, ". */
  readonly text: string;
}

/** R of one block. */
export interface BlockChange {
  readonly depth: number;
  readonly change: number;
}

/** Of fewer blocks nothing is said. */
const FEWEST = 3;
/** Blocks within this factor changed alike. */
const EVEN = 1.5;
/** Some blocks stand alone from this factor to the next one on. */
const ALONE = 3;
/** As many may stand alone. */
const MOST_ALONE = 3;
/** Rank correlation with depth, and factor from the first to the last quarter, that make a trend. */
const TREND = 0.6;
const FOLD = 1.6;
/** Of deeper stacks every n-th block is looked at for a trend, which takes the square of their number. */
const DEEPEST = 512;

/** How change runs through the blocks of each stack with at least three that changed, in order of the stacks' paths. */
export function describeDepth(rows: readonly SizedRow[]): DepthWords[] {
  const stacks = groupRows(rows, ({ class: { stack, depth } }) => (depth === null ? null : stack));
  return [...stacks].flatMap(([stack, own]) => {
    const blocks = [...groupRows(own, ({ class: { depth } }) => String(depth))]
      .map(([depth, members]) => ({ depth: Number(depth), change: measureGroup(members).change ?? 0 }))
      .filter(({ change }) => change > 0)
      .sort((a, b) => a.depth - b.depth);
    const found = describeStack(blocks);
    return found === null ? [] : [{ stack, ...found }];
  });
}

function describeStack(blocks: readonly BlockChange[]): Omit<DepthWords, 'stack'> | null {
  const [first] = blocks;
  const last = blocks.at(-1);
  if (blocks.length < FEWEST || first === undefined || last === undefined) return null;
  const bySize = [...blocks].sort((a, b) => b.change - a.change || a.depth - b.depth);
  const most = bySize[0] ?? first;
  const least = bySize.at(-1) ?? last;
  const base = { first: first.change, last: last.change, least, most, blocks: blocks.length };
  const range = (from: number, to: number): string =>
    formatPercent(from) === formatPercent(to) ? formatPercent(from) : `${formatPercent(from)} to ${formatPercent(to)}`;
  if (most.change < EVEN * least.change) return { ...base, kind: 'even', text: `all alike: ${range(least.change, most.change)}` };
  const alone = findAlone(bySize);
  const others = bySize.slice(alone.length);
  const tau = correlate(blocks);
  const fold = compareEnds(blocks);
  const isTrend = (tau >= TREND && fold >= FOLD) || (tau <= -TREND && fold <= 1 / FOLD);
  // Where the others run the same way, the largest is the end of a trend and no exception.
  if (alone.length > 0 && !(isTrend && (others[0]?.change ?? 0) >= FOLD * least.change)) {
    const depths = alone.map(({ depth }) => depth).sort((a, b) => a - b);
    const sizes = range(alone.at(-1)?.change ?? 0, most.change);
    const text = `${alone.length === 1 ? 'block' : 'blocks'} ${joinWords(depths.map(String))} most: ${sizes}, the others ${range(least.change, others[0]?.change ?? 0)}`;
    return { ...base, kind: 'single', text };
  }
  if (isTrend && tau > 0) return { ...base, kind: 'rising', text: `the last blocks most: ${range(first.change, last.change)}` };
  if (isTrend) return { ...base, kind: 'falling', text: `the first blocks most: ${range(first.change, last.change)}` };
  const text = `unevenly: ${formatPercent(least.change)} (block ${least.depth}) to ${formatPercent(most.change)} (block ${most.depth})`;
  return { ...base, kind: 'uneven', text };
}

/** The few blocks that changed three times as much as every other; empty where there are none. */
function findAlone(bySize: readonly BlockChange[]): readonly BlockChange[] {
  for (let count = 1; count <= MOST_ALONE && count * 2 < bySize.length; count += 1)
    if ((bySize[count - 1]?.change ?? 0) >= ALONE * (bySize[count]?.change ?? Infinity)) return bySize.slice(0, count);
  return [];
}

/** Kendall's rank correlation of change with depth. */
function correlate(blocks: readonly BlockChange[]): number {
  const step = Math.ceil(blocks.length / DEEPEST);
  const seen = blocks.filter((_, at) => at % step === 0);
  let sum = 0;
  for (let i = 0; i < seen.length; i += 1)
    for (let j = i + 1; j < seen.length; j += 1) sum += Math.sign((seen[j]?.change ?? 0) - (seen[i]?.change ?? 0));
  return seen.length < 2 ? 0 : sum / ((seen.length * (seen.length - 1)) / 2);
}

/** Change in the last quarter of the blocks over that in the first, both as root mean squares. */
function compareEnds(blocks: readonly BlockChange[]): number {
  const count = Math.max(1, Math.floor(blocks.length / 4));
  const size = (part: readonly BlockChange[]): number =>
    Math.sqrt(part.reduce((sum, { change }) => sum + change ** 2, 0) / part.length);
  return size(blocks.slice(-count)) / size(blocks.slice(0, count));
}
