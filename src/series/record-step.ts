import { chooseUnit, rootOf, rootOfQuotient, type SquareSum, sumSquares } from '../comparison/unit.ts';
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
  const stepSize = way === null ? null : toNullable(rootOf(way.squares));
  const distance = total === null ? null : toNullable(rootOf(total.squares));
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
    norm: total === null ? null : toNullable(rootOf(total.next)),
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
): { squares: SquareSum; old: SquareSum; next: SquareSum } | null {
  const [squares, old, next] = [0, 0, 0].map(() => new Float64Array(measured.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let found = 0;
  for (const tensor of measured) {
    const row = rows[tensor] ?? -1;
    if (codes.has(row)) return null;
    const size = length[row] ?? Number.NaN;
    if (Number.isNaN(size)) continue;
    squares[found] = size;
    old[found] = oldNorm[row] ?? 0;
    next[found] = newNorm[row] ?? 0;
    found += 1;
  }
  const sums = {
    squares: sumSquares(squares.subarray(0, found)),
    old: sumSquares(old.subarray(0, found)),
    next: sumSquares(next.subarray(0, found)),
  };
  return found > 0 && Object.values(sums).every(({ sum }) => Number.isFinite(sum)) ? sums : null;
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
  const lengthAt = (column: Float64Array, at: number): number => column[at] ?? Number.NaN;
  const unit = chooseUnit(
    accumulator.measured.flatMap((tensor) => {
      const at = tensor * count + step - 1;
      return [lengthAt(tensors.stepSize, at), lengthAt(tensors.stepSize, at - 1), lengthAt(tensors.distance, at)];
    }),
  );
  const square = (length: number): number => (length / unit) ** 2;
  for (const tensor of accumulator.measured) {
    const at = tensor * count + step - 1;
    const row = rows[tensor] ?? -1;
    const size = square(lengthAt(tensors.stepSize, at));
    if (isFiniteIn(accumulator, tensor, [step - 2, step - 1, step])) {
      turn.whole += square(lengthAt(before, row));
      turn.first += square(lengthAt(tensors.stepSize, at - 1));
      turn.second += size;
      turn.rounding += square(rounding[row] ?? 0);
    }
    if (isFiniteIn(accumulator, tensor, [0, step - 1, step])) {
      way.whole += square(lengthAt(tensors.distance, at));
      way.first += square(lengthAt(tensors.distance, at - 1));
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
function ratio(squares: SquareSum, by: SquareSum): number | null {
  if (squares.sum === 0 && by.sum === 0) return 0;
  return by.sum > 0 ? toNullable(rootOfQuotient(squares, by)) : null;
}
