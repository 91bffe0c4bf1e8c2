/**
 * Follows a training run: takes each checkpoint when it appears in the run's folder, and says what happened so far.
 *
 *   npx tsx examples/follow-training.ts runs/tiny       until Ctrl+C; takes step-100, step-200 and so on
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSeries, ModelDiffError, type SeriesResult } from 'model-diff';

export interface FollowOptions {
  /** Names of checkpoints; the number in a name is its place in the run. */
  readonly pattern?: RegExp;
  /** Milliseconds between two looks at the folder. */
  readonly interval?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/** The series after every checkpoint from the second on, as the run writes them. */
export async function* follow(folder: string, options: FollowOptions = {}): AsyncGenerator<SeriesResult> {
  const { pattern = /^step-(\d+)$/u, interval = 1000, signal } = options;
  using series = createSeries();
  let last = -1;
  let count = 0;
  do {
    for (const [step, name] of await listSteps(folder, pattern)) {
      if (step <= last) continue;
      try {
        await series.add(join(folder, name));
      } catch (error) {
        // A checkpoint that is still being written is broken for a while; the series stays as it was.
        if (error instanceof ModelDiffError && error.kind !== 'Argument') break;
        throw error;
      }
      last = step;
      count += 1;
      if (count > 1) yield series.result();
    }
  } while (await wait(interval, signal));
}

/** Waits for the next look; false when the watch ends. */
function wait(interval: number, signal: AbortSignal | undefined): Promise<boolean> {
  return sleep(interval, true, { signal }).catch(() => false);
}

async function listSteps(folder: string, pattern: RegExp): Promise<[step: number, name: string][]> {
  const names = await readdir(folder);
  const steps = names.flatMap((name): [number, string][] => {
    const number = pattern.exec(name)?.[1];
    return number === undefined ? [] : [[Number(number), name]];
  });
  return steps.sort(([a], [b]) => a - b);
}

if (process.argv[1] === import.meta.filename) {
  const [folder = '.'] = process.argv.slice(2);
  for await (const { checkpoints, verdict } of follow(folder)) console.log(`${checkpoints.at(-1)?.name}: ${verdict}`);
}
