import type { Progress } from '../checkpoint/types.ts';

/** Least time between two calls of the caller's function, in milliseconds. */
const INTERVAL = 100;

/** One comparison of a series, as far as it is known before it runs. */
export interface PairSize {
  /** Bytes of both sides. */
  readonly bytes: number;
  readonly tensors: number;
}

/** Joins the progress of the comparisons, which come in the order of `pairs`, into that of the whole. */
export function joinProgress(
  pairs: readonly PairSize[],
  onProgress: (progress: Progress) => void,
): (pair: number) => (progress: Progress) => void {
  const totals = { bytes: sumBy(pairs, 'bytes'), tensors: sumBy(pairs, 'tensors') };
  const started = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  return (pair) => {
    const before = { bytes: sumBy(pairs.slice(0, pair), 'bytes'), tensors: sumBy(pairs.slice(0, pair), 'tensors') };
    const size = pairs[pair] ?? { bytes: 0, tensors: 0 };
    return ({ bytesDone, bytesTotal, tensorsDone, tensorsTotal }) => {
      const now = performance.now();
      const isOver = pair === pairs.length - 1 && bytesDone >= bytesTotal;
      if (now - told < INTERVAL && !isOver) return;
      told = now;
      const done = before.bytes + Math.round(size.bytes * (bytesTotal > 0 ? bytesDone / bytesTotal : 1));
      const seconds = (now - started) / 1000;
      onProgress({
        phase: 'compare',
        bytesDone: done,
        bytesTotal: totals.bytes,
        tensorsDone: before.tensors + Math.round(size.tensors * (tensorsTotal > 0 ? tensorsDone / tensorsTotal : 1)),
        tensorsTotal: totals.tensors,
        bytesPerSecond: seconds > 0 ? done / seconds : 0,
      });
    };
  };
}

function sumBy(pairs: readonly PairSize[], field: keyof PairSize): number {
  return pairs.reduce((sum, pair) => sum + pair[field], 0);
}
