import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Columns } from '../native/binding.ts';
import { ITEM_NUMBERS } from './plan.ts';
import type { Plan } from './plan.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';

/** The pass has seen every element of both sides: their statistics need not be read again. */
export function rememberStatistics(plan: Plan, old: Checkpoint, newer: Checkpoint, result: Columns): void {
  const count = plan.items.length / ITEM_NUMBERS;
  const [oldRows, newRows] = [new Int32Array(count).fill(ABSENT), new Int32Array(count).fill(ABSENT)];
  for (let row = 0; row < plan.names.length; row += 1) {
    const [before, after] = [plan.oldItem[row] ?? ABSENT, plan.newItem[row] ?? ABSENT];
    if (plan.raw.has(row)) continue;
    if (before !== ABSENT) oldRows[before] = plan.oldRow[row] ?? ABSENT;
    if (after !== ABSENT) newRows[after] = plan.newRow[row] ?? ABSENT;
  }
  old.statistics.put(result, oldRows, 'old_');
  newer.statistics.put(result, newRows, 'new_');
}
