import { toNullable } from '../nullable.ts';
import { alignStep, isFiniteIn, placeKey, type SeriesAccumulator } from './accumulator.ts';
import { polarise } from './polarise.ts';
import { recordTensors } from './record-tensors.ts';
import type { PairSizes, StepRecord } from './step-record.ts';
import type { SeriesStep } from './types.ts';

/** Rounding cannot make two steps more opposed than two steps that are nothing but rounding. */
const MOST_OPPOSED = -0.5;

/** Enters one step: every tensor, and the totals. Steps come in order. */
export function recordStep(accumulator: SeriesAccumulator, record: StepRecord): void {
  const step = accumulator.steps.length + 1;
  const rows = alignStep(accumulator, record.tensors);
  recordTensors(accumulator, step, record, rows);
  const way = sumPair(accumulator, record.last, rows);
  const total = sumPair(accumulator, record.start, rows);
  const previous = accumulator.steps.at(-1);
  const stepSize = way === null ? null : Math.sqrt(way.squares);
  const distance = total === null ? null : Math.sqrt(total.squares);
  const pathLength = stepSize === null || previous?.pathLength === null ? null : (previous?.pathLength ?? 0) + stepSize;
  const isFinite = accumulator.measured.every((tensor) => accumulator.finiteSoFar[tensor] === 1);
  accumulator.steps.push({
    step,
    stepSize,
    relativeStep: way === null ? null : ratio(way.squares, way.old),
    distance,
    relativeDistance: total === null ? null : ratio(total.squares, total.old),
    pathLength,
    straightness:
      isFinite && distance !== null && pathLength !== null && pathLength > 0 ? Math.min(1, distance / pathLength) : null,
    ...measureCosines(accumulator, step, record, rows),
    norm: total === null ? null : Math.sqrt(total.next),
    normGrowth: total === null ? null : ratio(total.next, total.old),
    ...record.counts,
  });
  for (const [tensor, message] of record.failures) accumulator.failures.push({ step, tensor, message });
  for (const [tensor, isNew] of record.codes)
    if (!accumulator.codes.has(tensor)) accumulator.codes.set(tensor, isNew ? step : step - 1);
  for (const [tensor, message] of record.overflows) accumulator.overflows.set(placeKey(step, tensor), message);
}

/**
 * Sums of squares of the measured tensors: of the difference, of old and of new. Null where nothing could be measured, or where one of them is
 * stored as codes: what is left is not the model.
 */
function sumPair(
  { measured }: SeriesAccumulator,
  { length, oldNorm, newNorm, codes }: PairSizes,
  rows: Int32Array,
): { squares: number; old: number; next: number } | null {
  const sums = { squares: 0, old: 0, next: 0 };
  let found = 0;
  for (const tensor of measured) {
    const row = rows[tensor] ?? -1;
    if (codes.has(row)) return null;
    const size = length[row] ?? Number.NaN;
    if (Number.isNaN(size)) continue;
    found += 1;
    sums.squares += size ** 2;
    sums.old += (oldNorm[row] ?? 0) ** 2;
    sums.next += (newNorm[row] ?? 0) ** 2;
  }
  return found > 0 && Object.values(sums).every(Number.isFinite) ? sums : null;
}

type Cosines = Pick<SeriesStep, 'stepCosine' | 'wayCosine' | 'roundingCosine'>;

function measureCosines(
  accumulator: SeriesAccumulator,
  step: number,
  { before, rounding }: StepRecord,
  rows: Int32Array,
): Cosines {
  if (before === null) return { stepCosine: null, wayCosine: null, roundingCosine: null };
  const { tensors, count } = accumulator;
  const turn = { whole: 0, first: 0, second: 0, rounding: 0 };
  const way = { whole: 0, first: 0, second: 0 };
  for (const tensor of accumulator.measured) {
    const at = tensor * count + step - 1;
    const row = rows[tensor] ?? -1;
    const size = (tensors.stepSize[at] ?? Number.NaN) ** 2;
    if (isFiniteIn(accumulator, tensor, [step - 2, step - 1, step])) {
      turn.whole += (before[row] ?? Number.NaN) ** 2;
      turn.first += (tensors.stepSize[at - 1] ?? Number.NaN) ** 2;
      turn.second += size;
      turn.rounding += (rounding[row] ?? 0) ** 2;
    }
    if (isFiniteIn(accumulator, tensor, [0, step - 1, step])) {
      way.whole += (tensors.distance[at] ?? Number.NaN) ** 2;
      way.first += (tensors.distance[at - 1] ?? Number.NaN) ** 2;
      way.second += size;
    }
  }
  const stepCosine = toNullable(polarise(turn.whole, turn.first, turn.second));
  const opposed = -turn.rounding / (Math.sqrt(turn.first) * Math.sqrt(turn.second));
  return {
    stepCosine,
    wayCosine: toNullable(polarise(way.whole, way.first, way.second)),
    roundingCosine: stepCosine === null ? null : Math.max(MOST_OPPOSED, opposed),
  };
}

/** Square root of a quotient of sums of squares; null where there is nothing to measure by. */
function ratio(squares: number, by: number): number | null {
  if (squares === 0 && by === 0) return 0;
  return by > 0 ? Math.sqrt(squares / by) : null;
}
