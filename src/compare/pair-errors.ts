import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/** Whether a tensor stores every element of its shape. */
export function isDense({ table }: Checkpoint, row: number): boolean {
  return table.elements[row] === table.shape(row).reduce((product, dim) => product * dim, 1);
}

/** Why a pair of one shape with a sparse side cannot be compared: it stores another number of elements than the other; null for any other pair. */
export function explainSparse(old: Checkpoint, oldRow: number, newer: Checkpoint, newRow: number): string | null {
  const [before, after] = [old.table.elements[oldRow] ?? 0, newer.table.elements[newRow] ?? 0];
  if (before === after) return null;
  return `sparse tensors are compared where both store the same places: found ${before} and ${after} stored elements`;
}

/** Why a pair of which a side has a type that is not known cannot be compared; null where its bytes can. */
export function explainRaw(old: Checkpoint, oldRow: number, newer: Checkpoint, newRow: number): string | null {
  const [before, after] = [old.table.dtype(oldRow), newer.table.dtype(newRow)];
  if (before !== after || old.table.raw.has(oldRow) !== newer.table.raw.has(newRow)) {
    return `dtype is not known here, so that its bytes can be compared with those of the same dtype only: found ${JSON.stringify(before)} and ${JSON.stringify(after)}`;
  }
  const [bytes, otherBytes] = [old.table.bytes[oldRow] ?? 0, newer.table.bytes[newRow] ?? 0];
  if (bytes === otherBytes) return null;
  return `dtype ${JSON.stringify(before)} is not known here, and the sides differ in size: found ${bytes} and ${otherBytes} bytes`;
}
