import { changeTypeAt, isCompared, type TensorColumns } from '../comparison/columns.ts';
import { toNullable } from '../nullable.ts';
import type { SeriesStep } from './types.ts';

/** What a step tells of all tensors, measured or not. */
export type StepCounts = Pick<
  SeriesStep,
  | 'changedElements'
  | 'totalElements'
  | 'nan'
  | 'inf'
  | 'nonfiniteTensors'
  | 'comparedTensors'
  | 'changedTensors'
  | 'addedTensors'
  | 'removedTensors'
  | 'reshapedTensors'
  | 'failedTensors'
>;

/** Counts over all tensors of the comparison with the checkpoint before. */
export function countStep(columns: TensorColumns): StepCounts {
  const tensors = { modified: 0, unchanged: 0, added: 0, removed: 0, shape_changed: 0 };
  const totals = { changed: 0, elements: 0, nan: 0, inf: 0, nonfinite: 0, identical: 0 };
  for (let row = 0; row < columns.names.length; row += 1) {
    const [nan, inf] = [columns.new.nan[row] ?? Number.NaN, columns.new.inf[row] ?? Number.NaN];
    totals.nan += nan || 0;
    totals.inf += inf || 0;
    if (nan + inf > 0) totals.nonfinite += 1;
    if (columns.errors.has(row)) continue;
    tensors[changeTypeAt(columns, row)] += 1;
    if (!isCompared(columns, row)) continue;
    totals.changed += columns.changedElements[row] ?? Number.NaN;
    totals.elements += columns.totalElements[row] ?? 0;
    totals.identical += columns.identical[row] ?? 0;
  }
  const compared = tensors.modified + tensors.unchanged;
  return {
    changedElements: toNullable(totals.changed),
    totalElements: totals.elements,
    nan: totals.nan,
    inf: totals.inf,
    nonfiniteTensors: totals.nonfinite,
    comparedTensors: compared,
    changedTensors: compared - totals.identical,
    addedTensors: tensors.added,
    removedTensors: tensors.removed,
    reshapedTensors: tensors.shape_changed,
    failedTensors: columns.errors.size,
  };
}
