import type { DiffSummary, ResizedTensor } from '../comparison/summary.ts';
import { readMovedRows } from './moved-blocks.ts';
import { sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** How much of two checkpoints was compared by value. */
export interface Coverage {
  /** Elements compared as a share of those of the larger side, 0 to 1. */
  readonly share: number;
  readonly tensors: number;
  /** Tensors of the larger side. */
  readonly of: number;
  /** What kept the others out, most elements first. */
  readonly reasons: readonly MissingReason[];
}

export type MissingReason = 'names' | 'shapes' | 'errors' | 'codes';

/** Below this a verdict begins with the coverage, and below the second it says nothing of the model. */
export const COVERED = { most: 0.9, half: 0.5 };

/** Measures it over everything that both sides hold. The common rows of resized tables count as compared, and blocks
 * that moved; codes do not. */
export function measureCoverage(rows: readonly TensorRow[], codes: readonly TensorRow[], summary: DiffSummary): Coverage {
  const { isMoved, isGone } = readMovedRows(summary);
  const isCode = new Set(codes.filter((row) => row.oldDtype !== row.newDtype));
  const sizes = { old: 0, new: 0 };
  const missing: Record<MissingReason, number> = { names: 0, shapes: 0, errors: 0, codes: 0 };
  let compared = 0;
  let tensors = 0;
  for (const row of rows) {
    const elements = row.elements || 0;
    if (row.changeType !== 'added') sizes.old += elements;
    if (row.changeType !== 'removed') sizes.new += row.changeType === 'shape_changed' ? count(row.newShape) : elements;
    const reason = isCode.has(row) ? 'codes' : isMoved(row) || isGone(row) ? null : findReason(row);
    if (reason === null) {
      compared += elements;
      tensors += 1;
    } else {
      missing[reason] += elements;
    }
  }
  compared += sumOf(summary.resized ?? [], commonElements(rows));
  const larger = Math.max(sizes.old, sizes.new);
  const ofSide = (absent: string): number => rows.filter((row) => row.changeType !== absent).length;
  return {
    share: larger === 0 ? 1 : Math.min(1, compared / larger),
    tensors,
    of: sizes.old >= sizes.new ? ofSide('added') : ofSide('removed'),
    reasons: (Object.keys(missing) as MissingReason[])
      .filter((reason) => missing[reason] > 0)
      .sort((a, b) => missing[b] - missing[a]),
  };
}

function findReason(row: TensorRow): MissingReason | null {
  if (row.error !== null) return 'errors';
  if (row.isCompared) return null;
  return row.changeType === 'shape_changed' ? 'shapes' : 'names';
}

function commonElements(rows: readonly TensorRow[]): (resized: ResizedTensor) => number {
  const shapes = new Map(rows.map((row) => [row.name, row.oldShape]));
  return ({ name, commonRows }) => commonRows * count(shapes.get(name)?.slice(1) ?? [0]);
}

function count(shape: readonly number[] | null): number {
  return (shape ?? []).reduce((product, size) => product * size, 1);
}
