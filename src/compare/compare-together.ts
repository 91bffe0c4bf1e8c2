import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import { buildColumns } from './build-columns.ts';
import { joinPlans, selectItems } from './join-plans.ts';
import type { ResolvedOptions } from './options.ts';
import { planTensors } from './plan-tensors.ts';
import { runDiff } from './run-diff.ts';

/**
 * Compares a checkpoint with each of up to three others in one run, which reads every byte of each once. Without histograms, second looks and
 * the rounding model; of tensors that are no pair, statistics in the first comparison only.
 *
 * @returns the comparisons in the order of `olds`
 */
export async function compareTogether(
  olds: readonly Checkpoint[],
  newer: Checkpoint,
  options: ResolvedOptions,
  run: RunOptions,
): Promise<TensorColumns[]> {
  const plans = olds.map((old) => planTensors(old, newer, options).plan);
  const { items, places } = joinPlans(plans);
  const { columns } = await runDiff([...olds, newer], items, options, run);
  return olds.flatMap((old, number) => {
    const [plan, own] = [plans[number], places[number]];
    return plan === undefined || own === undefined ? [] : [buildColumns(plan, old, newer, selectItems(columns, own), options)];
  });
}
