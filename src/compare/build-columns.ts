import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import { CHANGE_TYPES, type ChangeType, type SideColumns, type TensorColumns } from '../comparison/columns.ts';
import {
  mapPairMetrics,
  mapSideMetrics,
  type MetricEntry,
  PAIR_METRIC_NAMES,
  PAIR_METRICS,
  type PairMetrics,
  SIDE_METRIC_NAMES,
  SIDE_METRICS,
} from '../comparison/metrics.ts';
import type { Columns } from '../native/binding.ts';
import type { ResolvedOptions } from './options.ts';
import type { Plan } from './plan.ts';

/** Largest change, relative to the larger norm, that still counts as none while the threshold is the default. */
const UNCHANGED_SYMMETRIC = 1e-6;

/** Puts what the engine answered in the order of the plan's rows, and says of each row what kind of change it is. */
export function buildColumns(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  result: Columns,
  config: ResolvedOptions,
): TensorColumns {
  const { names, oldRow, newRow, isPair, pairItem, raw } = plan;
  const column = columnReader(result);
  const placePair = (name: string): Float64Array => place(column(name), pairItem);
  const metrics = mapPairMetrics((_, { binding }) => (binding === null ? new Float64Array(names.length) : placePair(binding)));
  const valueChanged = placePair('value_changed');
  const nonfiniteChanged = placePair('nonfinite_changed');
  const dtypeChanged = new Uint8Array(names.length);
  for (let row = 0; row < names.length; row += 1) {
    const [before, after] = [oldRow[row] ?? ABSENT, newRow[row] ?? ABSENT];
    if (before < 0 || after < 0 || old.table.dtype(before) === newer.table.dtype(after)) continue;
    dtypeChanged[row] = 1;
    metrics.bitChanged[row] = Number.NaN;
  }
  const errors = collectErrors(plan, result);
  for (const row of raw) forgetNumbers(metrics, row);
  if (!config.computeElementWise) forgetCounts(PAIR_METRICS, metrics);
  metrics.cosineSim.set(metrics.oneMinusCos.map((value) => 1 - value));

  const isUnchanged = (row: number): boolean => {
    const hasChangedElement = (metrics.maxDiff[row] ?? 0) > config.changeThreshold || (nonfiniteChanged[row] ?? 0) > 0;
    const isTiny = !config.isDefaultThreshold || (metrics.symmetricChange[row] ?? 0) <= UNCHANGED_SYMMETRIC;
    return valueChanged[row] === 0 || (!raw.has(row) && !hasChangedElement && isTiny);
  };
  const findType = (row: number): ChangeType => {
    if ((oldRow[row] ?? ABSENT) < 0) return 'added';
    if ((newRow[row] ?? ABSENT) < 0) return 'removed';
    if (isPair[row] !== 1) return 'shape_changed';
    return !errors.has(row) && isUnchanged(row) ? 'unchanged' : 'modified';
  };
  const side = ({ table }: Checkpoint, name: 'old' | 'new'): SideColumns => {
    const [rows, items] = name === 'old' ? [oldRow, plan.oldItem] : [newRow, plan.newItem];
    const statistics = mapSideMetrics((metric, { binding }) => place(column(`${name}_${binding ?? metric}`), items));
    if (!config.computeElementWise) forgetCounts(SIDE_METRICS, statistics);
    for (const row of raw) for (const metric of SIDE_METRIC_NAMES) statistics[metric][row] = Number.NaN;
    return {
      dtype: names.map((_, row) => table.dtype(rows[row] ?? ABSENT)),
      shape: names.map((_, row) => table.shape(rows[row] ?? ABSENT)),
      numElements: place(table.elements, rows),
      sizeBytes: place(table.bytes, rows),
      file: place(table.file, rows),
      offset: place(table.offset, rows),
      ...statistics,
    };
  };
  const [before, after] = [side(old, 'old'), side(newer, 'new')];
  return {
    names,
    changeType: new Uint8Array(names.map((_, row) => CHANGE_TYPES.indexOf(findType(row)))),
    ...metrics,
    totalElements: before.numElements.map((count, row) => ((oldRow[row] ?? ABSENT) < 0 ? (after.numElements[row] ?? 0) : count)),
    identical: new Uint8Array(names.map((_, row) => (valueChanged[row] === 0 ? 1 : 0))),
    dtypeChanged,
    old: before,
    new: after,
    errors,
  };
}

/** The values at `places`, NaN where that is negative. */
function place(values: Float64Array, places: Int32Array): Float64Array {
  const placed = new Float64Array(places.length);
  for (let row = 0; row < places.length; row += 1) {
    const at = places[row] ?? ABSENT;
    placed[row] = at < 0 ? Number.NaN : (values[at] ?? Number.NaN);
  }
  return placed;
}

/** What is counted element by element was not asked for. */
function forgetCounts<K extends string>(
  entries: Readonly<Record<K, MetricEntry>>,
  columns: Readonly<Record<K, Float64Array>>,
): void {
  for (const metric of Object.keys(entries) as K[]) if (entries[metric].isCounted === true) columns[metric].fill(Number.NaN);
}

/** Of bytes whose meaning is not known only the count of those that differ means something. */
function forgetNumbers(metrics: PairMetrics<Float64Array>, row: number): void {
  for (const metric of PAIR_METRIC_NAMES) if (metric !== 'bitChanged') metrics[metric][row] = Number.NaN;
}

function collectErrors(plan: Plan, result: Columns): ReadonlyMap<number, string> {
  const errors = new Map(plan.errors);
  if (result.failures.length === 0) return errors;
  const rowOf = new Map<number, number>();
  for (const { row, common, rest } of plan.resized) rowOf.set(common, row).set(rest, row);
  for (let row = 0; row < plan.names.length; row += 1) {
    for (const item of [plan.oldItem[row], plan.newItem[row]]) if (item !== undefined) rowOf.set(item, row);
  }
  for (const { row: item, failure } of result.failures) {
    const row = rowOf.get(item);
    if (row !== undefined) errors.set(row, failure.message);
  }
  return errors;
}
