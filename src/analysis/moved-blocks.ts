import type { DiffSummary } from '../comparison/summary.ts';
import type { TensorRow } from './tensor-row.ts';

/** Which tensors are accounted for by blocks that stand at another depth than before. */
export interface MovedRows {
  /** Whether a tensor of the new checkpoint belongs to a block that is one of the old. */
  readonly isMoved: (row: TensorRow) => boolean;
  /** Whether the name of a tensor is gone because its block moved, or was cut out where nothing else in the stack changed. */
  readonly isGone: (row: TensorRow) => boolean;
}

/** Reads it off a summary. */
export function readMovedRows({ movedBlocks = [] }: Pick<DiffSummary, 'movedBlocks'>): MovedRows {
  const stacks = new Map(
    movedBlocks.map(({ stack, blocks, changed }) => [
      stack,
      { blocks: new Map(blocks), origins: new Set(blocks.map(([, from]) => from)), isWhole: changed.length === 0 },
    ]),
  );
  const stackOf = ({ class: { stack, depth } }: TensorRow) =>
    stack === null || depth === null ? undefined : { ...stacks.get(stack), depth };
  return {
    isMoved: (row) => {
      const stack = stackOf(row);
      return stack?.blocks?.has(stack.depth) === true;
    },
    isGone: (row) => {
      const stack = stackOf(row);
      return row.changeType === 'removed' && (stack?.isWhole === true || stack?.origins?.has(stack.depth) === true);
    },
  };
}
