import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Columns } from '../native/binding.ts';
import type { Plan, ResizedItems } from './plan.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import { toNullable } from '../nullable.ts';
import type { ResizedTensor } from '../comparison/summary.ts';

/** What the common rows of resized tensors changed, and what the rows look like that only one side has. */
export function describeResized(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  result: Columns,
  isCounted: boolean,
): ResizedTensor[] {
  const column = columnReader(result);
  return plan.resized.map((items) => describe(plan, items, old, newer, column, isCounted));
}

function describe(
  plan: Plan,
  { row, common, rest }: ResizedItems,
  old: Checkpoint,
  newer: Checkpoint,
  column: (name: string) => Float64Array,
  isCounted: boolean,
): ResizedTensor {
  const oldRows = old.table.shape(plan.oldRow[row] ?? ABSENT)[0] ?? 0;
  const newRows = newer.table.shape(plan.newRow[row] ?? ABSENT)[0] ?? 0;
  const at = (name: string, item = common): number | null => toNullable(column(name)[item]);
  const cosine = at('one_minus_cos');
  const side = newRows > oldRows ? 'new' : 'old';
  const elements = at('elements') ?? 0;
  const rms = (norm: number | null, count: number | null): number | null =>
    norm === null || count === null || count === 0 ? null : norm / Math.sqrt(count);
  return {
    name: plan.names[row] ?? '',
    oldRows,
    newRows,
    commonRows: Math.min(oldRows, newRows),
    l2Diff: at('l2_diff'),
    relativeChange: at('relative_change'),
    cosineSim: cosine === null ? null : 1 - cosine,
    changeRatio: readRatio(isCounted ? at('changed_elements') : null, elements),
    identical: at('value_changed') === 0,
    commonRms: rms(at(`${side}_norm`), elements),
    restRms: rms(at(`${side}_norm`, rest), at(`${side}_elements`, rest)),
    restMean: at(`${side}_mean`, rest),
    restStd: at(`${side}_std`, rest),
  };
}

function readRatio(changed: number | null, elements: number): number | null {
  if (changed === null) return null;
  return elements === 0 ? 0 : changed / elements;
}
