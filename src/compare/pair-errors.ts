import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/** What decides whether the bytes of a tensor can be compared. */
export interface DescribedBytes {
  readonly dtype: string;
  readonly bytes: number;
  /** Whether the dtype is not known here. */
  readonly isRaw: boolean;
}

/** Whether a tensor stores every element of its shape. */
export function isDense({ table }: Checkpoint, row: number): boolean {
  return table.elements[row] === table.shape(row).reduce((product, dim) => product * dim, 1);
}

/** Why a pair of one shape with a sparse side cannot be compared: it stores another number of elements than the other; null for any other pair. */
export function explainSparse(before: number, after: number): string | null {
  if (before === after) return null;
  return `sparse tensors are compared where both store the same places: found ${before} and ${after} stored elements`;
}

/** Why a pair of which a side has a type that is not known cannot be compared; null where its bytes can. */
export function explainRaw(old: DescribedBytes, newer: DescribedBytes): string | null {
  if (old.dtype !== newer.dtype || old.isRaw !== newer.isRaw) {
    return `dtype is not known here, so that its bytes can be compared with those of the same dtype only: found ${JSON.stringify(old.dtype)} and ${JSON.stringify(newer.dtype)}`;
  }
  if (old.bytes === newer.bytes) return null;
  return `dtype ${JSON.stringify(old.dtype)} is not known here, and the sides differ in size: found ${old.bytes} and ${newer.bytes} bytes`;
}

/** A tensor of a checkpoint as {@link explainRaw} takes it. */
export function describeBytes({ table }: Checkpoint, row: number): DescribedBytes {
  return { dtype: table.dtype(row), bytes: table.bytes[row] ?? 0, isRaw: table.raw.has(row) };
}
