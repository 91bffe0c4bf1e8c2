import type { Compared } from '../native/binding.ts';
import type { Plan } from './plan.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import type { HistogramColumns } from '../comparison/columns.ts';

/** Changes below this power of two are told apart no further: they are beneath what f32 keeps of a weight of 1. */
const FIRST_EXPONENT = -32;
/** Changes of 2^6 and more share the last bin. */
const BINS = 40;
/** Bias of the exponents that the binding counts by. */
const BIAS = 127;

/** The counts of the binding, by exponent, as bins of one width for every row. */
export function buildHistogram(plan: Plan, { changes }: Compared, errors: ReadonlyMap<number, string>): HistogramColumns {
  const counts = new Float64Array(plan.names.length * BINS);
  for (let row = 0; row < plan.names.length; row += 1) {
    const item = plan.pairItem[row] ?? ABSENT;
    if (item === ABSENT || errors.has(row) || plan.raw.has(row)) continue;
    for (let at = item === 0 ? 0 : (changes.ends[item - 1] ?? 0); at < (changes.ends[item] ?? 0); at++) {
      const exponent = (changes.bins[at] ?? 0) - BIAS;
      const bin = row * BINS + Math.min(BINS - 1, Math.max(0, exponent - FIRST_EXPONENT + 1));
      counts[bin] = (counts[bin] ?? 0) + (changes.counts[at] ?? 0);
    }
  }
  return { firstExponent: FIRST_EXPONENT, bins: BINS, counts };
}
