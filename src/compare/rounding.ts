import { expectedChange, STORAGE_GRIDS, type StorageGrid } from '../analysis/rounding/model.ts';
import type { Compared } from '../native/binding.ts';
import type { Plan } from './plan.ts';
import { CHANGE_TYPES, type RoundingShape } from '../comparison/columns.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import type { RoundingColumns, TensorColumns } from '../comparison/columns.ts';
import { type ExponentBin, judgeShape, shapeCode } from './rounding-shape.ts';

/** Exponent that bin 0 stands for: minus the bias of the type. */
const OFFSETS: Readonly<Record<string, number>> = { bf16: -127, f32: -127, f16: -15 };

const MODIFIED = CHANGE_TYPES.indexOf('modified');

/** Solves the rounding model for every modified tensor of one float type, from the exponents that the pass has sampled. */
export function buildRounding(plan: Plan, { exponents, changedExponents }: Compared, columns: TensorColumns): RoundingColumns {
  const expectedChanged = new Float64Array(plan.names.length).fill(Number.NaN);
  const updateSize = expectedChanged.slice();
  const shape = new Uint8Array(plan.names.length);
  const counts = new Float64Array(256);
  const changed = counts.slice();
  for (let row = 0; row < plan.names.length; row += 1) {
    const item = plan.pairItem[row] ?? ABSENT;
    if (item === ABSENT || columns.changeType[row] !== MODIFIED) continue;
    const dtype = columns.old.dtype[row] ?? '';
    const grid = STORAGE_GRIDS.get(dtype);
    if (grid === undefined || !fillCounts(counts, exponents, item)) continue;
    const rms = (columns.old.norm[row] ?? Number.NaN) / Math.sqrt(columns.totalElements[row] ?? 0);
    // One array for all rows: 100,000 of them would be more than all that is kept.
    const expected = expectedChange({
      mantissaBits: grid.mantissaBits,
      minExponent: grid.minExponent,
      exponents: counts,
      exponentOffset: OFFSETS[dtype] ?? -127,
      sumSquaredDiff: (columns.l2Diff[row] ?? Number.NaN) ** 2,
      elements: columns.totalElements[row] ?? 0,
      rms,
    });
    fillCounts(changed, changedExponents, item);
    const logSize = Math.log2(expected.updateSize * rms);
    shape[row] = shapeCode(judgeRow(columns, row, listBins(counts, changed, grid, OFFSETS[dtype] ?? -127), logSize));
    counts.fill(0);
    changed.fill(0);
    expectedChanged[row] = expected.expectedChanged;
    updateSize[row] = expected.updateSize;
  }
  return { expectedChanged, updateSize, shape };
}

/** Sets the counts of an item by exponent; whether there are any. */
function fillCounts(counts: Float64Array, { ends, bins, counts: found }: Compared['exponents'], item: number): boolean {
  const [start, end] = [item === 0 ? 0 : (ends[item - 1] ?? 0), ends[item] ?? 0];
  for (let bin = start; bin < end; bin++) counts[bins[bin] ?? 0] = found[bin] ?? 0;
  return start < end;
}

/** The exponents of numbers that are finite and not subnormal: among those are the zeros, which many updates leave alone. */
function listBins(counts: Float64Array, changed: Float64Array, grid: StorageGrid, offset: number): ExponentBin[] {
  const bins: ExponentBin[] = [];
  for (let bin = 1; bin < Math.min(counts.length, 1 - 2 * offset); bin++) {
    const elements = counts[bin] ?? 0;
    if (elements > 0) bins.push({ logUnit: bin + offset - grid.mantissaBits, elements, changed: changed[bin] ?? 0 });
  }
  return bins;
}

/** Share of the changed elements that became zero from which the small ones changed because they were small. */
const PRUNED = 0.1;
/** Share of the change that one factor explains from which it follows the size of the weights, as no update does. */
const SCALED = 0.05;

/** Changes that depend on the size of the old value for another reason than rounding look like a cliff or like a mask: they are left open. */
function judgeRow(columns: TensorColumns, row: number, bins: readonly ExponentBin[], logSize: number): RoundingShape {
  const shape = judgeShape(bins, logSize);
  const { old, new: fresh, bitChanged, relativeChange, oneMinusCos } = columns;
  const zeros = (fresh.zeros[row] ?? 0) - (old.zeros[row] ?? 0);
  if (shape === 'cliff' && zeros > PRUNED * (bitChanged[row] ?? 0)) return 'undecided';
  const ratio = (fresh.norm[row] ?? Number.NaN) / (old.norm[row] ?? Number.NaN);
  const radial = ratio * (1 - (oneMinusCos[row] ?? Number.NaN)) - 1;
  if (shape === 'flat' && radial ** 2 > SCALED * (relativeChange[row] ?? 0) ** 2) return 'undecided';
  return shape;
}
