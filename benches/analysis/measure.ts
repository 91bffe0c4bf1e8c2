import { detectPattern } from '../../src/analysis/patterns/detect.ts';
import { readRows } from '../../src/analysis/rows.ts';
import type { ChangePattern } from '../../src/analysis/types.ts';
import { columnsFromRows } from '../../src/comparison/from-rows.ts';
import { LABELS, type Case } from './generate.ts';

/** One decision beside its truth. */
export interface Outcome {
  readonly truth: ChangePattern;
  readonly found: ChangePattern;
  readonly confidence: number;
  /** Probability of the truth's rank: 0 when it came first. */
  readonly rank: number;
  readonly scheme: string;
  readonly depth: number;
}

/** How good many decisions are. */
export interface Quality {
  readonly cases: number;
  /** Share of right decisions. */
  readonly accuracy: number;
  /** Share of cases whose truth came first or second. */
  readonly topTwo: number;
  readonly byClass: ReadonlyMap<ChangePattern, number>;
  /** Counts by truth and decision. */
  readonly confusion: ReadonlyMap<ChangePattern, ReadonlyMap<ChangePattern, number>>;
  /** Expected calibration error: mean distance between confidence and accuracy over ten equal steps of confidence. */
  readonly calibrationError: number;
  /** Accuracy by step of confidence: [lower edge, cases, accuracy]. */
  readonly calibration: readonly (readonly [number, number, number])[];
}

/** Lets the analyzer decide on a case. */
export function decide(given: Case): Outcome {
  const result = detectPattern(readRows(columnsFromRows(given.diffs), null));
  const rank = result.probabilities.findIndex(([pattern]) => pattern === given.label);
  return {
    truth: given.label,
    found: result.pattern,
    confidence: result.confidence,
    rank,
    scheme: given.scheme,
    depth: given.depth,
  };
}

/** Sums up decisions. */
export function rate(outcomes: readonly Outcome[]): Quality {
  const confusion = new Map(LABELS.map((truth) => [truth, new Map(LABELS.map((found) => [found, 0]))]));
  for (const { truth, found } of outcomes) confusion.get(truth)?.set(found, (confusion.get(truth)?.get(found) ?? 0) + 1);
  const byClass = new Map(LABELS.map((label) => [label, accuracyOf(outcomes.filter(({ truth }) => truth === label))]));
  const calibration: [number, number, number][] = [];
  let error = 0;
  for (let step = 0; step < 10; step += 1) {
    const inside = outcomes.filter(({ confidence }) => Math.min(9, Math.floor(confidence * 10)) === step);
    if (inside.length === 0) continue;
    const accuracy = accuracyOf(inside);
    calibration.push([step / 10, inside.length, accuracy]);
    const confidence = inside.reduce((total, outcome) => total + outcome.confidence, 0) / inside.length;
    error += (Math.abs(confidence - accuracy) * inside.length) / outcomes.length;
  }
  const topTwo = outcomes.filter(({ rank }) => rank >= 0 && rank < 2).length / outcomes.length;
  return {
    cases: outcomes.length,
    accuracy: accuracyOf(outcomes),
    topTwo,
    byClass,
    confusion,
    calibrationError: error,
    calibration,
  };
}

function accuracyOf(outcomes: readonly Outcome[]): number {
  return outcomes.length === 0 ? 1 : outcomes.filter(({ truth, found }) => truth === found).length / outcomes.length;
}
