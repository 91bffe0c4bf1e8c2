import { argumentError } from '../errors.ts';
import { binding, type NativeCheckpoint, type NativeRemote } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { isAddress } from '../wording/address.ts';
import { abortSignal, callback, checkOptions, flag, nested, type OptionsOf, spell, text } from '../options.ts';
import { Checkpoint } from './checkpoint.ts';
import { LIMITS } from './limits.ts';
import type { CheckpointFormat, LoadOptions, RunOptions } from './types.ts';

/** Options of a run. */
export const RUN_OPTIONS: OptionsOf<RunOptions> = { signal: abortSignal, onProgress: callback };

export const LOAD_OPTIONS: OptionsOf<LoadOptions> = {
  computeStats: flag,
  key: text,
  variant: text,
  adapter: text,
  includeOptimizer: flag,
  raw: flag,
  limits: nested(LIMITS),
  ...RUN_OPTIONS,
};

/**
 * Opens a checkpoint: a file, or a directory as Hugging Face writes them. Reads headers only, so it is always fast.
 *
 * @throws `ModelDiffError` for what is missing, broken, hostile or not readable yet.
 */
export async function loadCheckpoint(path: string, options: LoadOptions = {}): Promise<Checkpoint> {
  checkPath(path, 'open checkpoints are compared as they are: compare(old, new)');
  checkOptions(options, LOAD_OPTIONS, 'loadCheckpoint');
  const { key, variant, adapter, includeOptimizer = false, raw = false, limits = {} } = options;
  const opening = {
    ...(key !== undefined && { key }),
    ...(variant !== undefined && { variant }),
    includeOptimizer,
    raw,
    limits: Object.entries(limits).map(([name, value]) => ({ name, value })),
  };
  const given = adapter === undefined ? [path] : [path, adapter];
  const native = await openPaths(given, options.signal, ([place = path, merged], remote) => {
    const open = { ...opening, ...(merged !== undefined && { adapter: merged }) };
    return runJob<NativeCheckpoint>(
      'open',
      options,
      (control) => binding().openCheckpoint(place, open, control, remote),
      (late) => late.close(),
    );
  });
  const checkpoint = Checkpoint.fromNative(native, raw);
  if (options.computeStats !== true) return checkpoint;
  try {
    const { signal, onProgress } = options;
    await checkpoint.computeStats(undefined, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
    return checkpoint;
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

/**
 * The format of a file or directory by its content, `unknown` when no reader claims it.
 *
 * @throws `ModelDiffError` for what cannot be read at all.
 */
export async function detectFormat(path: string, options: RunOptions = {}): Promise<CheckpointFormat> {
  checkPath(path);
  checkOptions(options, RUN_OPTIONS, 'detectFormat');
  return openPaths([path], options.signal, async ([place = path], remote) => {
    const format = await runJob('open', options, (control) => binding().detectFormat(place, control, remote));
    return format as CheckpointFormat;
  });
}

/** Opens paths. What speaks to servers is loaded only for the address of one. */
async function openPaths<T>(
  paths: readonly string[],
  signal: AbortSignal | undefined,
  open: (paths: readonly string[], remote: NativeRemote | undefined) => Promise<T>,
): Promise<T> {
  if (!paths.some(isAddress)) return open(paths, undefined);
  const { openElsewhere } = await import('../remote/open-elsewhere.ts');
  return openElsewhere(paths, signal, open);
}

function checkPath(path: unknown, hint?: string): void {
  if (typeof path === 'string' && path !== '') return;
  throw argumentError(`path must be a string that is not empty, not ${spell(path)}`, hint);
}
