import type { Checkpoint } from './checkpoint.ts';
import type { ResolvedConfig } from './config.ts';
import type { Columns } from './native.ts';
import type { Plan, PlannedRow } from './plan.ts';
import { columnReader, readStatistics } from './tensor-info.ts';
import { CHANGE_TYPES } from './types.ts';
import type { ChangeType, SideColumns, TensorColumns } from './types.ts';

/** Largest change, relative to the larger norm, that still counts as none while the threshold is the default. */
const UNCHANGED_SYMMETRIC = 1e-6;

/** Columns of the result whose names are the binding's. */
const METRICS = {
  l2Diff: 'l2_diff',
  l1Diff: 'l1_diff',
  maxDiff: 'max_diff',
  meanDiff: 'mean_diff',
  oneMinusCos: 'one_minus_cos',
  relativeChange: 'relative_change',
  symmetricChange: 'symmetric_change',
  changedElements: 'changed_elements',
  bitChanged: 'bit_changed',
} as const;

const STATISTICS = ['norm', 'mean', 'std', 'min', 'max', 'zeros', 'nan', 'inf'] as const;

/** Puts what the engine answered in the order of the plan's rows, and says of each row what kind of change it is. */
export function buildColumns(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  result: Columns,
  config: ResolvedConfig,
): TensorColumns {
  const { rows, targets } = plan;
  const column = columnReader(result);
  const empty = (): Float64Array => new Float64Array(rows.length).fill(Number.NaN);
  const place = (name: string, sides: readonly string[]): Float64Array => {
    const values = column(name);
    const placed = empty();
    for (const [item, target] of targets.entries()) {
      if (sides.includes(target.sides)) placed[target.row] = values[item] ?? Number.NaN;
    }
    return placed;
  };
  const metrics = Object.fromEntries(Object.entries(METRICS).map(([key, name]) => [key, place(name, ['both'])])) as Record<
    keyof typeof METRICS,
    Float64Array
  >;
  const valueChanged = place('value_changed', ['both']);
  const nonfiniteChanged = place('nonfinite_changed', ['both']);
  const [elements, oldNorm, newNorm] = [place('elements', ['both']), place('old_norm', ['both']), place('new_norm', ['both'])];
  const dtypeChanged = Uint8Array.from(rows, ({ oldRow, newRow }) =>
    oldRow >= 0 && newRow >= 0 && old.table.dtype(oldRow) !== newer.table.dtype(newRow) ? 1 : 0,
  );
  for (const [row, changed] of dtypeChanged.entries()) if (changed === 1) metrics.bitChanged[row] = Number.NaN;
  const errors = collectErrors(plan, result);
  for (const [row, { isRaw }] of rows.entries()) if (isRaw) forgetNumbers(metrics, row);
  if (!config.computeElementWise) metrics.changedElements.fill(Number.NaN);

  /** The symmetric change, or what it is at most where the squares of the differences left the range of f64. */
  const boundChange = (row: number): number => {
    const symmetric = metrics.symmetricChange[row] ?? 0;
    if (!Number.isNaN(symmetric)) return symmetric;
    const norm = Math.max(oldNorm[row] ?? 0, newNorm[row] ?? 0);
    return ((metrics.maxDiff[row] ?? 0) * Math.sqrt(elements[row] ?? 0)) / norm;
  };
  const isUnchanged = (row: number): boolean => {
    const hasChangedElement = (metrics.maxDiff[row] ?? 0) > config.changeThreshold || (nonfiniteChanged[row] ?? 0) > 0;
    const isTiny = !config.isDefaultThreshold || boundChange(row) <= UNCHANGED_SYMMETRIC;
    return valueChanged[row] === 0 || (!(rows[row]?.isRaw ?? false) && !hasChangedElement && isTiny);
  };
  const changeType = (planned: PlannedRow, row: number): ChangeType => {
    if (planned.oldRow < 0) return 'added';
    if (planned.newRow < 0) return 'removed';
    if (!planned.isPair) return 'shape_changed';
    return !errors.has(row) && isUnchanged(row) ? 'unchanged' : 'modified';
  };
  const side = (checkpoint: Checkpoint, name: 'old' | 'new'): SideColumns => {
    const rowOf = (planned: PlannedRow): number => (name === 'old' ? planned.oldRow : planned.newRow);
    const statistics = Object.fromEntries(
      STATISTICS.map((statistic) => [statistic, place(`${name}_${statistic}`, ['both', name])]),
    ) as Record<(typeof STATISTICS)[number], Float64Array>;
    if (!config.computeElementWise) statistics.zeros.fill(Number.NaN);
    for (const [row, { isRaw }] of rows.entries())
      if (isRaw) for (const values of Object.values(statistics)) values[row] = Number.NaN;
    const { table } = checkpoint;
    return {
      dtype: rows.map((planned) => (rowOf(planned) < 0 ? '' : table.dtype(rowOf(planned)))),
      shape: rows.map((planned) => (rowOf(planned) < 0 ? [] : table.shape(rowOf(planned)))),
      numElements: Float64Array.from(rows, (planned) => table.elements[rowOf(planned)] ?? Number.NaN),
      sizeBytes: Float64Array.from(rows, (planned) => table.bytes[rowOf(planned)] ?? Number.NaN),
      ...statistics,
    };
  };
  const columns: TensorColumns = {
    names: rows.map(({ name }) => name),
    changeType: Uint8Array.from(rows, (planned, row) => CHANGE_TYPES.indexOf(changeType(planned, row))),
    ...metrics,
    cosineSim: metrics.oneMinusCos.map((value) => 1 - value),
    totalElements: Float64Array.from(
      rows,
      ({ oldRow, newRow }) => (oldRow < 0 ? newer.table.elements[newRow] : old.table.elements[oldRow]) ?? 0,
    ),
    identical: Uint8Array.from(valueChanged, (count) => (count === 0 ? 1 : 0)),
    dtypeChanged,
    old: side(old, 'old'),
    new: side(newer, 'new'),
    errors,
  };
  if (config.computeElementWise) rememberStatistics(plan, old, newer, column);
  return columns;
}

/** Of bytes whose meaning is not known only the count of those that differ means something. */
function forgetNumbers(metrics: Readonly<Record<keyof typeof METRICS, Float64Array>>, row: number): void {
  for (const [key, values] of Object.entries(metrics)) if (key !== 'bitChanged') values[row] = Number.NaN;
}

function collectErrors(plan: Plan, result: Columns): ReadonlyMap<number, string> {
  const errors = new Map<number, string>();
  for (const [row, { error }] of plan.rows.entries()) if (error !== null) errors.set(row, error);
  for (const { row: item, failure } of result.failures) {
    const target = plan.targets[item];
    if (target !== undefined) errors.set(target.row, failure.message);
  }
  return errors;
}

/** The pass has seen every element of both sides: their statistics need not be read again. */
function rememberStatistics(plan: Plan, old: Checkpoint, newer: Checkpoint, column: (name: string) => Float64Array): void {
  const elements = { old: column('old_elements'), new: column('new_elements') };
  for (const [item, { row, sides }] of plan.targets.entries()) {
    const planned = plan.rows[row];
    if (planned === undefined || planned.isRaw) continue;
    if ((sides === 'both' || sides === 'old') && Number.isFinite(elements.old[item]))
      old.rememberStatistics(planned.oldRow, readStatistics(column, item, 'old_'));
    if ((sides === 'both' || sides === 'new') && Number.isFinite(elements.new[item]))
      newer.rememberStatistics(planned.newRow, readStatistics(column, item, 'new_'));
  }
}
