import { STORAGE_GRIDS, expectedChange } from '../analysis/rounding/model.ts';
import type { Compared } from '../native/binding.ts';
import type { Plan } from './plan.ts';
import { CHANGE_TYPES } from '../comparison/columns.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import type { RoundingColumns, TensorColumns } from '../comparison/columns.ts';

/** Exponent that bin 0 stands for: minus the bias of the type. */
const OFFSETS: Readonly<Record<string, number>> = { bf16: -127, f32: -127, f16: -15 };

const MODIFIED = CHANGE_TYPES.indexOf('modified');

/** Solves the rounding model for every modified tensor of one float type, from the exponents that the pass has sampled. */
export function buildRounding(plan: Plan, { exponents }: Compared, columns: TensorColumns): RoundingColumns {
  const expectedChanged = new Float64Array(plan.names.length).fill(Number.NaN);
  const updateSize = expectedChanged.slice();
  const shape = new Uint8Array(plan.names.length);
  const counts = new Float64Array(256);
  for (let row = 0; row < plan.names.length; row += 1) {
    const item = plan.pairItem[row] ?? ABSENT;
    if (item === ABSENT || columns.changeType[row] !== MODIFIED) continue;
    const dtype = columns.old.dtype[row] ?? '';
    const grid = STORAGE_GRIDS.get(dtype);
    const start = item === 0 ? 0 : (exponents.ends[item - 1] ?? 0);
    const end = exponents.ends[item] ?? 0;
    if (grid === undefined || start === end) continue;
    for (let bin = start; bin < end; bin++) counts[exponents.bins[bin] ?? 0] = exponents.counts[bin] ?? 0;
    // One array for all rows: 100,000 of them would be more than all that is kept.
    const expected = expectedChange({
      mantissaBits: grid.mantissaBits,
      minExponent: grid.minExponent,
      exponents: counts,
      exponentOffset: OFFSETS[dtype] ?? -127,
      sumSquaredDiff: (columns.l2Diff[row] ?? Number.NaN) ** 2,
      elements: columns.totalElements[row] ?? 0,
      rms: (columns.old.norm[row] ?? Number.NaN) / Math.sqrt(columns.totalElements[row] ?? 0),
    });
    counts.fill(0);
    expectedChanged[row] = expected.expectedChanged;
    updateSize[row] = expected.updateSize;
  }
  return { expectedChanged, updateSize, shape };
}
