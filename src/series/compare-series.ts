import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { chooseLoadOptions } from '../compare/inputs.ts';
import { DIFF_OPTIONS, type DiffConfig, resolveOptions } from '../compare/options.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, spell } from '../options.ts';
import { surveyCheckpoint, type UnnamedCheckpoint } from './checkpoint-survey.ts';
import { createSeries } from './create-series.ts';
import { joinProgress, sizeSteps } from './join-progress.ts';
import { openNext, release } from './kept-checkpoints.ts';
import { SERIES_RUN_OPTIONS, type SeriesOptions, type SeriesRunOptions } from './options.ts';
import type { SeriesResult } from './types.ts';

/**
 * Follows a model over two or more checkpoints, in the order of training and best at even intervals: how far each step goes and in which
 * direction, and which tensor jumped, froze or went non-finite, and when. Each step reads the new checkpoint, the last, the one
 * before that and the first, each once, and no more than these four are open.
 *
 * @param checkpoints paths, or open checkpoints, which stay open
 * @param config of the comparisons; {@link SeriesOptions} says what has no effect
 * @throws as `compare`; before anything is compared for a checkpoint that cannot be opened
 *
 * @example
 * const { verdict, steps } = await compareSeries(['step-1000', 'step-2000', 'step-3000']);
 */
export async function compareSeries(
  checkpoints: readonly (string | Checkpoint)[],
  config: DiffConfig = {},
  run: SeriesRunOptions = {},
): Promise<SeriesResult> {
  checkInputs(checkpoints);
  checkOptions(config, DIFF_OPTIONS, 'compareSeries');
  checkOptions(run, SERIES_RUN_OPTIONS, 'compareSeries');
  const { onProgress, ...options }: SeriesOptions = { ...config, ...run };
  // Headers only: every checkpoint can be opened, and the whole is known before the first comparison.
  const sizes = await surveyAll(checkpoints, options);
  let added = 0;
  const progress = onProgress && joinProgress(sizeSteps(sizes), onProgress);
  const series = createSeries({ ...options, ...(progress && { onProgress: (done) => progress(added)(done) }) });
  try {
    for (const checkpoint of checkpoints) {
      await series.add(checkpoint);
      added += 1;
    }
    return series.result();
  } finally {
    series.close();
  }
}

function checkInputs(checkpoints: readonly unknown[]): void {
  if (!Array.isArray(checkpoints) || checkpoints.length < 2)
    throw argumentError('a series needs at least two checkpoints', 'give them in a list, in the order of training');
  for (const [index, checkpoint] of checkpoints.entries()) {
    if (typeof checkpoint === 'string' || checkpoint instanceof Checkpoint) continue;
    throw argumentError(
      `checkpoint ${index + 1} of a series must be a path or an open checkpoint, not ${spell(checkpoint)}`,
      'Checkpoint.fromTensors opens tensors in memory, and createSeries takes them one after the other',
    );
  }
}

async function surveyAll(
  checkpoints: readonly (string | Checkpoint)[],
  { base, ...options }: Omit<SeriesOptions, 'onProgress'>,
): Promise<UnnamedCheckpoint[]> {
  const [resolved, opening] = [resolveOptions(options), chooseLoadOptions(options)];
  const found: UnnamedCheckpoint[] = [];
  for (const input of checkpoints) {
    const held = await openNext(input, opening, base);
    try {
      found.push(surveyCheckpoint(held.checkpoint, held.path, resolved));
    } finally {
      release(held);
    }
  }
  return found;
}
