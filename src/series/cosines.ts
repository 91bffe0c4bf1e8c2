import { median } from '../analysis/statistics.ts';
import type { SeriesStep } from './types.ts';

/** How the steps of a series stand to each other. */
export type CosineReading = 'straight drift' | 'ordinary training' | 'like a random walk' | 'steps undo each other';

/** Typical cosines between successive steps: above the first a straight drift, then ordinary training, a random walk, and oscillation. */
const READINGS = { drift: 0.5, ordinary: 0.1, walk: -0.1 };

/** Judged by the median; what rounding alone may do is taken out where steps oppose each other. Null where no cosine is known. */
export function readCosines(steps: readonly SeriesStep[]): CosineReading | null {
  const known = steps.filter((step) => step.stepCosine !== null);
  if (known.length === 0) return null;
  const typical = median(known.map((step) => step.stepCosine ?? 0));
  const unrounded = median(known.map((step) => (step.stepCosine ?? 0) - (step.roundingCosine ?? 0)));
  if (typical > READINGS.drift) return 'straight drift';
  if (typical >= READINGS.ordinary) return 'ordinary training';
  return typical >= READINGS.walk || unrounded >= READINGS.walk ? 'like a random walk' : 'steps undo each other';
}
