/** Blocks that are old ones at another depth: copied, moved or closed up after others were cut out, as merges of layers make them. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { classifyColumns } from '../comparison/classify.ts';
import { shapeAt, type SideColumns, type TensorColumns } from '../comparison/columns.ts';
import type { MovedBlocks } from '../comparison/summary.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import type { ResolvedOptions } from './options.ts';
import { ITEM_NUMBERS, NEW, OLD, type Plan } from './plan.ts';
import { spellEngineOptions } from './run-diff.ts';

/** The rows of one block by the key of their names. */
type Block = ReadonlyMap<string, number>;

interface Stack {
  readonly old: Map<number, Map<string, number>>;
  readonly new: Map<number, Map<string, number>>;
}

/** A block of the new side, and the block of the old side whose statistics it has. */
interface Candidate {
  readonly stack: string;
  readonly block: number;
  readonly from: number;
  /** Rows of the new tensors, and of the old ones that they are held against. */
  readonly rows: readonly (readonly [newRow: number, oldRow: number])[];
}

/**
 * Finds them by their statistics and then compares them, value by value. Only blocks of which every tensor is equal are named, and only
 * stacks in which one is at another depth than before.
 */
export async function findMovedBlocks(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  columns: TensorColumns,
  options: ResolvedOptions,
  run: RunOptions,
): Promise<MovedBlocks[]> {
  if (!mayHaveMoved(columns)) return [];
  const stacks = readStacks(columns);
  const candidates = [...stacks].flatMap(([name, stack]) => findCandidates(name, stack, columns));
  if (candidates.length === 0) return [];
  const identical = await areIdentical(plan, old, newer, candidates, options, run);
  const moved = new Map<string, Map<number, number>>();
  for (const [at, { stack, block, from }] of candidates.entries()) {
    if (identical[at] !== true) continue;
    const blocks = moved.get(stack) ?? new Map<number, number>();
    moved.set(stack, blocks.set(block, from));
  }
  return [...moved].map(([name, blocks]) => describeStack(name, stacks.get(name), blocks, columns));
}

/** Change from which a tensor may be another one: two that have nothing to do with each other are at 1.41. */
const LEAST_MOVED = 0.5;

/** Whether a tensor is new, or so unlike the old one that it may be another; reading all names is a part of the time of a short run. */
function mayHaveMoved({ names, symmetricChange, old }: TensorColumns): boolean {
  return names.some((_, row) => (symmetricChange[row] ?? 0) >= LEAST_MOVED || shapeAt(old, row) === null);
}

function readStacks(columns: TensorColumns): Map<string, Stack> {
  const stacks = new Map<string, Stack>();
  for (const [row, { stack: name, depth, key, expert }] of classifyColumns(columns).entries()) {
    if (name === null || depth === null) continue;
    let stack = stacks.get(name);
    if (stack === undefined) stacks.set(name, (stack = { old: new Map(), new: new Map() }));
    for (const side of ['old', 'new'] as const) {
      if (shapeAt(columns[side], row) === null) continue;
      const block = stack[side].get(depth) ?? new Map<string, number>();
      stack[side].set(depth, block.set(expert === null ? key : `${key} ${expert}`, row));
    }
  }
  return stacks;
}

function findCandidates(stack: string, { old, new: fresh }: Stack, columns: TensorColumns): Candidate[] {
  const byLargest = new Map<string, number[]>();
  const lookOf = (side: 'old' | 'new', block: Block): string => {
    const [key, row] = findLargest(block, columns[side]);
    return `${key} ${describeTensor(columns[side], row)}`;
  };
  for (const [depth, block] of old) {
    const look = lookOf('old', block);
    byLargest.set(look, [...(byLargest.get(look) ?? []), depth]);
  }
  return [...fresh].flatMap(([depth, block]): Candidate[] => {
    if (isUnmoved(block, columns)) return [];
    const alike = (byLargest.get(lookOf('new', block)) ?? []).filter((from) => from !== depth);
    // Of equal blocks the nearest.
    for (const from of alike.sort((a, b) => Math.abs(a - depth) - Math.abs(b - depth))) {
      const origin = old.get(from);
      if (origin !== undefined && isAlike(block, origin, columns))
        return [{ stack, block: depth, from, rows: [...block].map(([key, row]) => [row, origin.get(key) ?? ABSENT]) }];
    }
    return [];
  });
}

function isUnmoved(block: Block, columns: TensorColumns): boolean {
  return [...block.values()].every((row) => columns.identical[row] === 1);
}

function isAlike(block: Block, origin: Block, columns: TensorColumns): boolean {
  if (block.size !== origin.size) return false;
  for (const [key, row] of block) {
    const other = origin.get(key);
    if (other === undefined || describeTensor(columns.new, row) !== describeTensor(columns.old, other)) return false;
  }
  return true;
}

function findLargest(block: Block, { numElements }: SideColumns): [key: string, row: number] {
  let largest: [string, number] = ['', ABSENT];
  for (const [key, row] of block)
    if (largest[1] === ABSENT || (numElements[row] ?? 0) > (numElements[largest[1]] ?? 0)) largest = [key, row];
  return largest;
}

/** What equal tensors have in common, exactly. */
function describeTensor({ dtype, shape, min, max, zeros, nan, inf }: SideColumns, row: number): string {
  return [dtype[row], shape[row]?.join('×'), min[row], max[row], zeros[row], nan[row], inf[row]].join(' ');
}

/** Whether every tensor of each candidate is equal to the old one. */
async function areIdentical(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  candidates: readonly Candidate[],
  options: ResolvedOptions,
  run: RunOptions,
): Promise<boolean[]> {
  const pairs = candidates.flatMap(({ rows }, at) => rows.map(([newRow, oldRow]) => ({ at, newRow, oldRow })));
  const items = new Float64Array(pairs.length * ITEM_NUMBERS);
  for (const [at, { newRow, oldRow }] of pairs.entries()) {
    const [before, after] = [plan.oldRow[oldRow] ?? ABSENT, plan.newRow[newRow] ?? ABSENT];
    items.set([OLD, before, 0, NEW, after, 0, newer.table.elements[after] ?? 0], at * ITEM_NUMBERS);
  }
  const { columns } = await runJob('probe', run, (control) =>
    binding().diff([old.native, newer.native], items, spellEngineOptions({ ...options, histogram: 'none' }), control),
  );
  const changed = columnReader(columns)('value_changed');
  const identical = candidates.map(() => true);
  for (const [item, { at }] of pairs.entries()) if (changed[item] !== 0) identical[at] = false;
  return identical;
}

/** Where each block of a stack comes from, those included that stayed where they were. */
function describeStack(
  name: string,
  stack: Stack | undefined,
  moved: ReadonlyMap<number, number>,
  columns: TensorColumns,
): MovedBlocks {
  const origin = new Map(moved);
  for (const [depth, block] of stack?.new ?? []) if (isUnmoved(block, columns)) origin.set(depth, depth);
  const used = new Set(origin.values());
  return {
    stack: name,
    blocks: [...origin].sort(([a], [b]) => a - b),
    changed: [...(stack?.new.keys() ?? [])].filter((depth) => !origin.has(depth)).sort((a, b) => a - b),
    unused: [...(stack?.old.keys() ?? [])].filter((depth) => !used.has(depth)).sort((a, b) => a - b),
  };
}
