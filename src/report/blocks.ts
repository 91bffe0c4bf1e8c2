import type { Analysis } from '../analysis/types.ts';
import { classifyColumns } from '../comparison/classify.ts';
import { isCompared, type TensorColumns } from '../comparison/columns.ts';
import { countNonfinite } from '../comparison/nonfinite.ts';

/** What is known of one block of a stack. */
export interface Block {
  readonly depth: number;
  /** R of its tensors; 0 where nothing of it could be measured. */
  readonly change: number;
  /** Whether that is a measured size: codes and elements that are not finite have none. */
  readonly isKnown: boolean;
  /** Whether all of its tensors that were compared are identical. */
  readonly isFrozen: boolean;
  /** Whether the new side of it holds NaN or Inf, or the old one so many that nothing can be measured. */
  readonly isBroken: boolean;
}

/** The blocks of each stack by depth, with what their change alone does not tell: frozen is not small, and NaN is not frozen. */
function listBlocks(columns: TensorColumns, { depthProfile }: Pick<Analysis, 'depthProfile'>): Map<string, Block[]> {
  const spell = (stack: string, depth: number): string => `${depth} ${stack}`;
  const moved = new Set<string>();
  const broken = new Set<string>();
  const healed = new Set<string>();
  for (const [row, { stack, depth }] of classifyColumns(columns).entries()) {
    if (stack === null || depth === null || !isCompared(columns, row)) continue;
    if (columns.identical[row] !== 1) moved.add(spell(stack, depth));
    if (countNonfinite(columns.new, row) > 0) broken.add(spell(stack, depth));
    if (countNonfinite(columns.old, row) > 0) healed.add(spell(stack, depth));
  }
  const stacks = new Map<string, Block[]>();
  for (const { stack, depth, change } of depthProfile) {
    const id = spell(stack, depth);
    const isUnknown = change === 0 && moved.has(id);
    const isBroken = broken.has(id) || (isUnknown && healed.has(id));
    const block = { depth, change, isKnown: !isUnknown, isFrozen: change === 0 && !moved.has(id) && !isBroken, isBroken };
    const known = stacks.get(stack);
    if (known === undefined) stacks.set(stack, [block]);
    else known.push(block);
  }
  return stacks;
}

/** Stacks of more than one block in which something happened, for a line that draws their blocks. */
export function listDrawn(
  columns: TensorColumns,
  analysis: Pick<Analysis, 'depthProfile'>,
): (readonly [string, readonly Block[]])[] {
  return [...listBlocks(columns, analysis)].filter(
    ([, blocks]) => blocks.length > 1 && blocks.some((block) => block.isBroken || hasSize(block)),
  );
}

/** Whether a block changed by a size that is worth a number. */
export function hasSize({ isKnown, isFrozen, isBroken }: Block): boolean {
  return isKnown && !isFrozen && !isBroken;
}
