import type { DepthPoint } from '../types.ts';
import { groupChange } from './overall.ts';
import { isAuxiliary, type TensorRow } from './tensor-row.ts';

/** R of every block of every stack, stacks by name, blocks by depth. */
export function profileDepth(rows: readonly TensorRow[]): DepthPoint[] {
  const stacks = new Map<string, Map<number, TensorRow[]>>();
  for (const row of rows) {
    const { stack, depth } = row.class;
    if (stack === null || depth === null || !row.isCompared || isAuxiliary(row)) continue;
    const blocks = stacks.get(stack) ?? new Map<number, TensorRow[]>();
    stacks.set(stack, blocks);
    const block = blocks.get(depth);
    if (block === undefined) blocks.set(depth, [row]);
    else block.push(row);
  }
  return [...stacks]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([stack, blocks]) =>
      [...blocks].sort(([a], [b]) => a - b).map(([depth, members]) => ({ stack, depth, change: groupChange(members) })),
    );
}
