import type { TensorRow } from './tensor-row.ts';

/** Tensors that hold NaN or Inf. */
export interface NonFinite {
  /** Tensors with more of them in new than in old, in order of depth, added tensors included. */
  readonly appeared: readonly string[];
  /** NaN and Inf in new over all of those. */
  readonly nan: number;
  readonly inf: number;
  /** Share of the elements of new that are NaN or Inf in those tensors, 0 to 1. */
  readonly elementShare: number;
  /** Tensors that had them before and have no more now. */
  readonly persistent: readonly string[];
  /** Tensors of new. */
  readonly tensors: number;
}

/** Finds NaN and Inf. */
export function countNonFinite(rows: readonly TensorRow[]): NonFinite {
  const appeared: TensorRow[] = [];
  const persistent: string[] = [];
  let nan = 0;
  let inf = 0;
  let tensors = 0;
  let elements = 0;
  for (const row of rows) {
    if (row.changeType === 'removed') continue;
    tensors += 1;
    elements += row.elements || 0;
    const fresh = row.readSide('new');
    const found = (fresh.nan || 0) + (fresh.inf || 0);
    if (found === 0) continue;
    const old = row.readSide('old');
    if (found > (old.nan || 0) + (old.inf || 0)) {
      appeared.push(row);
      nan += fresh.nan || 0;
      inf += fresh.inf || 0;
    } else {
      persistent.push(row.name);
    }
  }
  const order = (row: TensorRow): number => row.class.depth ?? Infinity;
  appeared.sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
  const elementShare = elements > 0 ? Math.min(1, (nan + inf) / elements) : 0;
  return { appeared: appeared.map((row) => row.name), nan, inf, elementShare, persistent, tensors };
}
