import type { Progress } from '../checkpoint/types.ts';
import type { UnnamedCheckpoint } from './checkpoint-survey.ts';

/** Least time between two calls of the caller's function, in milliseconds. */
const INTERVAL = 100;

/** What adding a checkpoint takes, as far as it is known before. */
interface StepSize {
  /** Bytes of all checkpoints that are read. */
  readonly bytes: number;
  readonly tensors: number;
}

/** What adding each of some checkpoints to a series takes: of the first, nothing. */
export function sizeSteps(checkpoints: readonly Pick<UnnamedCheckpoint, 'sizeBytes' | 'tensors'>[]): StepSize[] {
  return checkpoints.map((newer, index) => {
    const olds = [...new Set([0, index - 2, index - 1])].filter((old) => old >= 0 && old < index);
    if (olds.length === 0) return { bytes: 0, tensors: 0 };
    const bytes = olds.reduce((sum, old) => sum + (checkpoints[old]?.sizeBytes ?? 0), newer.sizeBytes);
    return { bytes, tensors: olds.length * newer.tensors };
  });
}

/** Joins the progress of the steps, which come in their order, into that of the whole series. */
export function joinProgress(
  steps: readonly StepSize[],
  onProgress: (progress: Progress) => void,
): (step: number) => (progress: Progress) => void {
  const sum = (parts: readonly StepSize[], field: keyof StepSize): number =>
    parts.reduce((total, part) => total + part[field], 0);
  const [bytesTotal, tensorsTotal] = [sum(steps, 'bytes'), sum(steps, 'tensors')];
  const started = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  return (step) => {
    const before = steps.slice(0, step);
    const { bytes, tensors } = steps[step] ?? { bytes: 0, tensors: 0 };
    return (progress) => {
      const now = performance.now();
      const isOver = step === steps.length - 1 && progress.bytesDone >= progress.bytesTotal;
      if (now - told < INTERVAL && !isOver) return;
      told = now;
      const share = (done: number, total: number): number => (total > 0 ? done / total : 1);
      const bytesDone = sum(before, 'bytes') + Math.round(bytes * share(progress.bytesDone, progress.bytesTotal));
      const tensorsDone = sum(before, 'tensors') + Math.round(tensors * share(progress.tensorsDone, progress.tensorsTotal));
      const seconds = (now - started) / 1000;
      const bytesPerSecond = seconds > 0 ? bytesDone / seconds : 0;
      onProgress({ phase: 'compare', bytesDone, bytesTotal, tensorsDone, tensorsTotal, bytesPerSecond });
    };
  };
}
