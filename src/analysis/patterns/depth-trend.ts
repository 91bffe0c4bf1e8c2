import { median, splitInTwo, sum } from '../statistics.ts';
import { toGrid, type EligibleTensors } from './eligible.ts';

/** How the change develops with depth, for all stacks together. */
export interface DepthTrend {
  /** Change of ln r from the first block to the last (Theil-Sen: median of all pairwise slopes). */
  readonly slope: number;
  /** Kendall's tau, pooled within stacks, -1 to 1. */
  readonly tau: number;
  /** Tau over its standard deviation without a trend. */
  readonly zTau: number;
  /** Share of the variance between blocks that a straight line explains. */
  readonly linear: number;
  /** Share of it that two levels explain. */
  readonly step: number;
  /** Number of blocks in the stacks that were looked at. */
  readonly layers: number;
  /** Mean of ln r in the outer half of the depths minus that in the middle half, the straight trend removed. */
  readonly outerExcess: number;
}

interface Block {
  /** Depth from 0 (first block of the stack) to 1. */
  readonly x: number;
  /** ln r with the level of each module removed. */
  readonly z: number;
}

/** With fewer blocks in a stack there is no trend to speak of. */
const FEWEST_LAYERS = 3;
/** Stacks with more blocks are thinned to this many, so that the pairs stay few. */
const MOST_BLOCKS = 128;
/** With more stacks than this, each is thinned to {@link FEW_BLOCKS}. */
const MANY_STACKS = 24;
const FEW_BLOCKS = 16;

/** Trend over depth; null without a stack of three blocks. */
export function measureTrend(eligible: EligibleTensors): DepthTrend | null {
  const stacks = readStacks(eligible);
  const limit = stacks.length > MANY_STACKS ? FEW_BLOCKS : MOST_BLOCKS;
  const layers = stacks.reduce((count, stack) => count + stack.length, 0);
  const thinned = stacks.map((stack) => thin(stack, limit));
  const slopes: number[] = [];
  let concordance = 0;
  let variance = 0;
  for (const stack of thinned) {
    for (const [at, later] of stack.entries()) {
      for (let before = 0; before < at; before += 1) {
        const rise = later.z - (stack[before]?.z ?? 0);
        slopes.push(rise / (later.x - (stack[before]?.x ?? 0)));
        concordance += Math.sign(rise);
      }
    }
    const m = stack.length;
    variance += (m * (m - 1) * (2 * m + 5)) / 18;
  }
  if (slopes.length === 0) return null;
  const blocks = thinned.flat();
  const slope = toGrid(median(slopes));
  return {
    slope,
    tau: concordance / slopes.length,
    zTau: concordance / Math.sqrt(variance),
    linear: explainByLine(blocks),
    step: splitInTwo(blocks.map((block) => block.z))?.explained ?? 0,
    layers,
    outerExcess: compareHalves(blocks.map(({ x, z }) => ({ x, z: z - slope * x }))),
  };
}

/** Blocks by stack: the median over modules of ln r minus the module's own median over the blocks. */
function readStacks({ all }: EligibleTensors): Block[][] {
  const modules = new Map<string, number[]>();
  for (const { row, level, layer } of all) if (layer !== null) append(modules, row.class.key, level);
  const centres = new Map([...modules].filter(([, levels]) => levels.length > 1).map(([key, levels]) => [key, median(levels)]));
  const stacks = new Map<string, Map<number, number[]>>();
  for (const { row, level } of all) {
    const centre = centres.get(row.class.key);
    const { stack, depth } = row.class;
    if (stack === null || depth === null || centre === undefined) continue;
    const blocks = stacks.get(stack) ?? new Map<number, number[]>();
    stacks.set(stack, blocks);
    append(blocks, depth, level - centre);
  }
  return [...stacks.values()]
    .filter((blocks) => blocks.size >= FEWEST_LAYERS)
    .map((blocks) => {
      const sorted = [...blocks].sort(([a], [b]) => a - b);
      const first = sorted[0]?.[0] ?? 0;
      const last = sorted.at(-1)?.[0] ?? 1;
      return sorted.map(([depth, levels]) => ({ x: (depth - first) / (last - first), z: median(levels) }));
    });
}

function append<K>(groups: Map<K, number[]>, key: K, value: number): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

/** Replaces runs of neighbours by their medians until at most `limit` are left. */
function thin(blocks: readonly Block[], limit: number): readonly Block[] {
  if (blocks.length <= limit) return blocks;
  return Array.from({ length: limit }, (_, run) => {
    const members = blocks.slice(Math.floor((run * blocks.length) / limit), Math.floor(((run + 1) * blocks.length) / limit));
    return { x: median(members.map((block) => block.x)), z: median(members.map((block) => block.z)) };
  });
}

/** Share of the variance of z that least squares on x explains. */
function explainByLine(blocks: readonly Block[]): number {
  const meanX = sum(blocks.map(({ x }) => x)) / blocks.length;
  const meanZ = sum(blocks.map(({ z }) => z)) / blocks.length;
  const spreadX = sum(blocks.map(({ x }) => (x - meanX) ** 2));
  const spreadZ = sum(blocks.map(({ z }) => (z - meanZ) ** 2));
  if (spreadX === 0 || spreadZ === 0) return 0;
  return sum(blocks.map(({ x, z }) => (x - meanX) * (z - meanZ))) ** 2 / (spreadX * spreadZ);
}

function compareHalves(blocks: readonly Block[]): number {
  const inner = blocks.filter(({ x }) => x >= 0.25 && x <= 0.75).map(({ z }) => z);
  const outer = blocks.filter(({ x }) => x < 0.25 || x > 0.75).map(({ z }) => z);
  return inner.length === 0 || outer.length === 0 ? 0 : sum(outer) / outer.length - sum(inner) / inner.length;
}
