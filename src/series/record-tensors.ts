import { chooseUnit } from '../comparison/unit.ts';
import { isFiniteIn, type SeriesAccumulator } from './accumulator.ts';
import { polarise } from './polarise.ts';
import type { PairSizes, StepRecord } from './step-record.ts';

/**
 * Enters one step of every tensor. Steps come in order, the first one as 1.
 *
 * @param rows row in the step by tensor
 */
export function recordTensors(accumulator: SeriesAccumulator, step: number, record: StepRecord, rows: Int32Array): void {
  const { tensors, count } = accumulator;
  const { last, start, before } = record;
  for (let tensor = 0; tensor < tensors.names.length; tensor += 1) {
    const at = tensor * count + step - 1;
    const row = rows[tensor] ?? -1;
    if (step === 1) tensors.startNonfinite[tensor] = record.oldNonfinite?.[row] ?? Number.NaN;
    tensors.nonfinite[at] = record.newNonfinite[row] ?? Number.NaN;
    if (!isFiniteIn(accumulator, tensor, [step - 1, step])) accumulator.finiteSoFar[tensor] = 0;
    const size = last.length[row] ?? Number.NaN;
    tensors.stepSize[at] = size;
    tensors.relativeStep[at] = relativeTo(last, row, size);
    tensors.identical[at] = record.identical[row] ?? 0;
    tensors.changedElements[at] = record.changedElements[row] ?? Number.NaN;
    const distance = start.length[row] ?? Number.NaN;
    tensors.distance[at] = distance;
    tensors.relativeDistance[at] = relativeTo(start, row, distance);
    tensors.normGrowth[at] = growthIn(start, row);
    const path = step === 1 ? size : size + (tensors.pathLength[at - 1] ?? Number.NaN);
    tensors.pathLength[at] = path;
    if (path > 0 && accumulator.finiteSoFar[tensor] === 1) tensors.straightness[at] = Math.min(1, distance / path);
    if (before === null) continue;
    const sizes = { before: tensors.stepSize[at - 1] ?? Number.NaN, way: tensors.distance[at - 1] ?? Number.NaN };
    const whole = before[row] ?? Number.NaN;
    if (isFiniteIn(accumulator, tensor, [step - 2, step - 1, step]))
      tensors.stepCosine[at] = polariseLengths(whole, sizes.before, size);
    if (isFiniteIn(accumulator, tensor, [0, step - 1, step])) tensors.wayCosine[at] = polariseLengths(distance, sizes.way, size);
  }
}

function polariseLengths(whole: number, first: number, second: number): number {
  const unit = chooseUnit([whole, first, second]);
  return polarise((whole / unit) ** 2, (first / unit) ** 2, (second / unit) ** 2);
}

/** A length beside the norm of old; 0 for no change of nothing. */
function relativeTo({ oldNorm }: PairSizes, row: number, length: number): number {
  const norm = oldNorm[row] ?? Number.NaN;
  if (length === 0) return 0;
  return norm > 0 ? length / norm : Number.NaN;
}

function growthIn({ oldNorm, newNorm }: PairSizes, row: number): number {
  const [next, old] = [newNorm[row] ?? Number.NaN, oldNorm[row] ?? Number.NaN];
  return old > 0 ? next / old : Number.NaN;
}
