import { type AlignedPair, type AlignedPairs, countNonfinite, isMeasurable, lengthAt, type SeriesDraft } from './accumulator.ts';
import { polarise } from './polarise.ts';

/** Enters one step of every tensor. Steps come in order, the first one as 1. */
export function recordTensors(draft: SeriesDraft, step: number, { last, start, before }: AlignedPairs): void {
  const { tensors, count } = draft;
  for (let tensor = 0; tensor < tensors.names.length; tensor += 1) {
    const at = tensor * count + step - 1;
    const row = last.rows[tensor] ?? -1;
    if (step === 1) tensors.startNonfinite[tensor] = countNonfinite(last.columns, row, 'old');
    tensors.nonfinite[at] = countNonfinite(last.columns, row, 'new');
    if (!isFiniteIn(draft, tensor, [step - 1, step])) draft.finiteSoFar[tensor] = 0;
    const size = lengthAt(last.columns, row);
    tensors.stepSize[at] = size;
    tensors.relativeStep[at] = relativeTo(last, tensor, size);
    if (!last.columns.errors.has(row)) tensors.identical[at] = last.columns.identical[row] ?? 0;
    tensors.changedElements[at] = last.columns.changedElements[row] ?? Number.NaN;
    const distance = lengthAt(start.columns, start.rows[tensor] ?? -1);
    tensors.distance[at] = distance;
    tensors.relativeDistance[at] = relativeTo(start, tensor, distance);
    tensors.normGrowth[at] = growthIn(start, tensor);
    const path = step === 1 ? size : size + (tensors.pathLength[at - 1] ?? Number.NaN);
    tensors.pathLength[at] = path;
    if (path > 0 && draft.finiteSoFar[tensor] === 1) tensors.straightness[at] = Math.min(1, distance / path);
    if (before === null || step === 1) continue;
    const sizes = { before: (tensors.stepSize[at - 1] ?? Number.NaN) ** 2, way: (tensors.distance[at - 1] ?? Number.NaN) ** 2 };
    const whole = lengthAt(before.columns, before.rows[tensor] ?? -1) ** 2;
    if (isFiniteIn(draft, tensor, [step - 2, step - 1, step])) tensors.stepCosine[at] = polarise(whole, sizes.before, size ** 2);
    if (isFiniteIn(draft, tensor, [0, step - 1, step])) tensors.wayCosine[at] = polarise(distance ** 2, sizes.way, size ** 2);
  }
}

/** Whether a tensor has no NaN and no Inf in these checkpoints: then all comparisons run over the same elements. */
export function isFiniteIn({ tensors, count }: SeriesDraft, tensor: number, checkpoints: readonly number[]): boolean {
  return checkpoints.every(
    (index) => (index === 0 ? tensors.startNonfinite[tensor] : tensors.nonfinite[tensor * count + index - 1]) === 0,
  );
}

/** A length beside the norm of old; 0 for no change of nothing. */
function relativeTo({ columns, rows }: AlignedPair, tensor: number, length: number): number {
  const norm = columns.old.norm[rows[tensor] ?? -1] ?? Number.NaN;
  if (length === 0) return 0;
  return norm > 0 ? length / norm : Number.NaN;
}

function growthIn({ columns, rows }: AlignedPair, tensor: number): number {
  const row = rows[tensor] ?? -1;
  const [next, old] = [columns.new.norm[row] ?? Number.NaN, columns.old.norm[row] ?? Number.NaN];
  return isMeasurable(columns, row) && old > 0 ? next / old : Number.NaN;
}
