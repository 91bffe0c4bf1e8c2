import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { binding, type Compared, type DiffOptions } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import type { ResolvedOptions } from './options.ts';

/** Has the engine measure the items of a plan, which name the checkpoints by their numbers. */
export function runDiff(
  checkpoints: readonly Checkpoint[],
  items: Float64Array,
  options: ResolvedOptions,
  run: RunOptions,
): Promise<Compared> {
  return runJob('compare', run, (control) =>
    binding().diff(
      checkpoints.map(({ native }) => native),
      items,
      spellEngineOptions(options),
      control,
    ),
  );
}

/** The options of the engine. */
export function spellEngineOptions(options: ResolvedOptions): DiffOptions {
  const { threads, changeThreshold: threshold, computeElementWise: elementWise, precision, histogram } = options;
  return { threads, threshold, elementWise, double: precision === 'double', histogram };
}
