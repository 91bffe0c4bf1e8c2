import { CHANGE_TYPES, type TensorColumns } from '../comparison/columns.ts';
import type { SeriesStep } from './types.ts';
import { findOverflows } from '../analysis/overflow.ts';
import { roundingError } from '../analysis/precision.ts';
import { readRows } from '../analysis/rows.ts';
import {
  type AlignedPair,
  type AlignedPairs,
  alignPair,
  countNonfinite,
  lengthAt,
  placeKey,
  type SeriesDraft,
  type StepPairs,
} from './accumulator.ts';
import { polarise } from './polarise.ts';
import { isFiniteIn, recordTensors } from './record-tensors.ts';

/** Rounding cannot make two steps more opposed than two steps that are nothing but rounding. */
const MOST_OPPOSED = -0.5;

/** Enters one step: every tensor, and the totals. Steps come in order. */
export function recordStep(draft: SeriesDraft, found: StepPairs): void {
  const step = draft.steps.length + 1;
  const last = alignPair(draft, found.last);
  const start = found.start === found.last ? last : alignPair(draft, found.start);
  const before = found.before === null ? null : found.before === found.start ? start : alignPair(draft, found.before);
  const pairs = { last, start, before };
  recordTensors(draft, step, pairs);
  const way = sumPair(draft, last);
  const total = sumPair(draft, start);
  const previous = draft.steps.at(-1);
  const stepSize = way === null ? null : Math.sqrt(way.squares);
  const distance = total === null ? null : Math.sqrt(total.squares);
  const pathLength = stepSize === null || previous?.pathLength === null ? null : (previous?.pathLength ?? 0) + stepSize;
  const isFinite = draft.measured.every((tensor) => draft.finiteSoFar[tensor] === 1);
  draft.steps.push({
    step,
    stepSize,
    relativeStep: way === null ? null : ratio(way.squares, way.old),
    distance,
    relativeDistance: total === null ? null : ratio(total.squares, total.old),
    pathLength,
    straightness:
      isFinite && distance !== null && pathLength !== null && pathLength > 0 ? Math.min(1, distance / pathLength) : null,
    ...measureCosines(draft, step, pairs),
    norm: total === null ? null : Math.sqrt(total.next),
    normGrowth: total === null ? null : ratio(total.next, total.old),
    ...countAll(found.last),
  });
  for (const [row, message] of found.last.errors) draft.failures.push({ step, tensor: found.last.names[row] ?? '', message });
  recordOverflows(draft, step, found.last);
}

/** Sums of squares of the measured tensors: of the difference, of old and of new; null where nothing could be measured. */
function sumPair(draft: SeriesDraft, { columns, rows }: AlignedPair): { squares: number; old: number; next: number } | null {
  const sums = { squares: 0, old: 0, next: 0 };
  let found = 0;
  for (const tensor of draft.measured) {
    const row = rows[tensor] ?? -1;
    const length = lengthAt(columns, row);
    if (Number.isNaN(length)) continue;
    found += 1;
    sums.squares += length ** 2;
    sums.old += (columns.old.norm[row] ?? 0) ** 2;
    sums.next += (columns.new.norm[row] ?? 0) ** 2;
  }
  return found > 0 && Object.values(sums).every(Number.isFinite) ? sums : null;
}

type Cosines = Pick<SeriesStep, 'stepCosine' | 'wayCosine' | 'roundingCosine'>;

function measureCosines(draft: SeriesDraft, step: number, { last, before }: AlignedPairs): Cosines {
  if (step === 1 || before === null) return { stepCosine: null, wayCosine: null, roundingCosine: null };
  const { tensors, count } = draft;
  const turn = { whole: 0, first: 0, second: 0, rounding: 0 };
  const way = { whole: 0, first: 0, second: 0 };
  for (const tensor of draft.measured) {
    const at = tensor * count + step - 1;
    const size = (tensors.stepSize[at] ?? Number.NaN) ** 2;
    if (isFiniteIn(draft, tensor, [step - 2, step - 1, step])) {
      const row = last.rows[tensor] ?? -1;
      const dtype = last.columns.old.dtype[row] ?? '';
      turn.whole += lengthAt(before.columns, before.rows[tensor] ?? -1) ** 2;
      turn.first += (tensors.stepSize[at - 1] ?? Number.NaN) ** 2;
      turn.second += size;
      turn.rounding += ((roundingError('f64', dtype) ?? 0) * (last.columns.old.norm[row] ?? 0)) ** 2;
    }
    if (isFiniteIn(draft, tensor, [0, step - 1, step])) {
      way.whole += (tensors.distance[at] ?? Number.NaN) ** 2;
      way.first += (tensors.distance[at - 1] ?? Number.NaN) ** 2;
      way.second += size;
    }
  }
  const stepCosine = toNullable(polarise(turn.whole, turn.first, turn.second));
  const rounding = -turn.rounding / (Math.sqrt(turn.first) * Math.sqrt(turn.second));
  return {
    stepCosine,
    wayCosine: toNullable(polarise(way.whole, way.first, way.second)),
    roundingCosine: stepCosine === null ? null : Math.max(MOST_OPPOSED, rounding),
  };
}

type Counts = Omit<
  SeriesStep,
  | keyof Cosines
  | 'step'
  | 'stepSize'
  | 'relativeStep'
  | 'distance'
  | 'relativeDistance'
  | 'pathLength'
  | 'straightness'
  | 'norm'
  | 'normGrowth'
>;

/** Counts over all tensors of the step. */
function countAll(columns: TensorColumns): Counts {
  const counts = { modified: 0, unchanged: 0, added: 0, removed: 0, shape_changed: 0 };
  const totals = { changed: 0, elements: 0, nan: 0, inf: 0, nonfinite: 0, identical: 0 };
  for (let row = 0; row < columns.names.length; row += 1) {
    totals.nan += columns.new.nan[row] || 0;
    totals.inf += columns.new.inf[row] || 0;
    if (countNonfinite(columns, row, 'new') > 0) totals.nonfinite += 1;
    if (columns.errors.has(row)) continue;
    const type = CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged';
    counts[type] += 1;
    if (type !== 'modified' && type !== 'unchanged') continue;
    totals.changed += columns.changedElements[row] ?? Number.NaN;
    totals.elements += columns.totalElements[row] ?? 0;
    totals.identical += columns.identical[row] ?? 0;
  }
  const compared = counts.modified + counts.unchanged;
  return {
    changedElements: toNullable(totals.changed),
    totalElements: totals.elements,
    nan: totals.nan,
    inf: totals.inf,
    nonfiniteTensors: totals.nonfinite,
    comparedTensors: compared,
    changedTensors: compared - totals.identical,
    addedTensors: counts.added,
    removedTensors: counts.removed,
    reshapedTensors: counts.shape_changed,
    failedTensors: columns.errors.size,
  };
}

/** Values that a conversion between two checkpoints made NaN or Inf: no sign of a run that diverged. */
function recordOverflows({ overflows }: SeriesDraft, step: number, columns: TensorColumns): void {
  const isConverted = (row: number): boolean =>
    columns.dtypeChanged[row] === 1 && countNonfinite(columns, row, 'new') > countNonfinite(columns, row, 'old');
  if (!columns.names.some((_, row) => isConverted(row))) return;
  for (const { from, to, tensors } of findOverflows(readRows(columns, null))) {
    for (const tensor of tensors) overflows.set(placeKey(step, tensor), `overflow of the conversion from ${from} to ${to}`);
  }
}

/** Square root of a quotient of sums of squares; null where there is nothing to measure by. */
function ratio(squares: number, by: number): number | null {
  if (squares === 0 && by === 0) return 0;
  return by > 0 ? Math.sqrt(squares / by) : null;
}

function toNullable(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
