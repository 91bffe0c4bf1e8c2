import type { DepthPoint } from './types.ts';
import { groupChange } from './overall.ts';
import type { TensorRow } from './tensor-row.ts';

/** R of every block of every stack over the rows that the overall R is measured on, stacks by name, blocks by depth. */
export function profileDepth(measured: readonly TensorRow[]): DepthPoint[] {
  const stacks = new Map<string, Map<number, TensorRow[]>>();
  for (const row of measured) {
    const { stack, depth } = row.class;
    if (stack === null || depth === null) continue;
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
