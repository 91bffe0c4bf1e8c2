import type { TensorRow } from './tensor-row.ts';

/** Gives every block a number, the same for all tensors of one stack and depth; null outside stacks. */
export function createNumbering(): (row: TensorRow) => number | null {
  const stacks = new Map<string, Map<number, number>>();
  let next = 0;
  return ({ class: { stack, depth } }) => {
    if (stack === null || depth === null) return null;
    const layers = stacks.get(stack) ?? new Map<number, number>();
    if (layers.size === 0) stacks.set(stack, layers);
    let number = layers.get(depth);
    if (number === undefined) {
      number = next;
      layers.set(depth, number);
      next += 1;
    }
    return number;
  };
}
