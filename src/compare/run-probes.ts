import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import { mapProbeMetrics, type ProbeMetrics } from '../comparison/metrics.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import type { Plan } from './plan.ts';
import { ITEM_NUMBERS } from './plan.ts';
import { probesFor } from './probes.ts';

/** Looks a second time at the tensors whose numbers leave something open; undefined where none does. */
export async function runProbes(
  plan: Plan,
  old: Checkpoint,
  newer: Checkpoint,
  columns: TensorColumns,
  { threads, ...run }: RunOptions & { readonly threads: number },
): Promise<ProbeMetrics<Float64Array> | undefined> {
  const questions = probesFor(columns);
  const rows = [...questions.keys()].filter((row) => questions[row] !== 0 && (plan.pairItem[row] ?? ABSENT) !== ABSENT);
  if (rows.length === 0) return undefined;
  const items = new Float64Array(rows.length * ITEM_NUMBERS);
  for (const [at, row] of rows.entries()) {
    const first = (plan.pairItem[row] ?? 0) * ITEM_NUMBERS;
    items.set(plan.items.subarray(first, first + ITEM_NUMBERS), at * ITEM_NUMBERS);
  }
  const asked = Uint8Array.from(rows, (row) => questions[row] ?? 0);
  const answers = await runJob('probe', run, (control) =>
    binding().probe([old.native, newer.native], items, asked, threads, control),
  );
  const column = columnReader(answers);
  // Most questions are asked of no tensor: their columns are one.
  const none = new Float64Array(plan.names.length).fill(Number.NaN);
  return mapProbeMetrics((_, { binding: name }) => {
    const values = column(name ?? '');
    let placed = none;
    for (let at = 0; at < rows.length; at += 1) {
      const value = values[at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      if (placed === none) placed = none.slice();
      placed[rows[at] ?? 0] = value;
    }
    return placed;
  });
}
