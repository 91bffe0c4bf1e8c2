import type { Progress } from '../checkpoint/types.ts';
import type { UnnamedCheckpoint } from './checkpoint-survey.ts';

/** Least time between two calls of the caller's function, in milliseconds. */
const INTERVAL = 100;

/** A part of a series, one comparison or all of a step, as far as it is known before it runs. */
export interface PartSize {
  /** Bytes of both sides. */
  readonly bytes: number;
  readonly tensors: number;
}

/** What is known of a checkpoint before it is compared. */
type CheckpointSize = Pick<UnnamedCheckpoint, 'sizeBytes' | 'tensors'>;

/** The comparisons of the step to the last of some checkpoints, in the order in which they are made. */
export function sizePairs(checkpoints: readonly CheckpointSize[]): PartSize[] {
  const [first, before, last, newer] = [checkpoints[0], ...[-3, -2, -1].map((index) => checkpoints.at(index))];
  if (newer === undefined || last === undefined) return [];
  return [...new Set([before, first, last])].flatMap((old) =>
    old === undefined ? [] : [{ bytes: old.sizeBytes + newer.sizeBytes, tensors: newer.tensors }],
  );
}

/** Parts as one. */
export function sumSizes(parts: readonly PartSize[]): PartSize {
  return { bytes: sumBy(parts, 'bytes'), tensors: sumBy(parts, 'tensors') };
}

/** Joins the progress of the parts, which come in the order of `parts`, into that of the whole. */
export function joinProgress(
  parts: readonly PartSize[],
  onProgress: (progress: Progress) => void,
): (part: number) => (progress: Progress) => void {
  const totals = sumSizes(parts);
  const started = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  return (part) => {
    const before = sumSizes(parts.slice(0, part));
    const size = parts[part] ?? { bytes: 0, tensors: 0 };
    return ({ bytesDone, bytesTotal, tensorsDone, tensorsTotal }) => {
      const now = performance.now();
      const isOver = part === parts.length - 1 && bytesDone >= bytesTotal;
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

function sumBy(parts: readonly PartSize[], field: keyof PartSize): number {
  return parts.reduce((sum, part) => sum + part[field], 0);
}
