import type { RunOptions } from '../checkpoint/types.ts';
import { compareTensors } from '../compare/compare.ts';
import { type CheckpointInput, chooseLoadOptions } from '../compare/inputs.ts';
import { type ResolvedOptions, resolveOptions } from '../compare/options.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import { argumentError } from '../errors.ts';
import { startSeries } from './accumulator.ts';
import { type CachedCheckpoint, CheckpointCache, type OpenCheckpoint, release } from './checkpoint-cache.ts';
import { nameCheckpoints, surveyCheckpoint, type UnnamedCheckpoint } from './checkpoint-survey.ts';
import { joinProgress, sizePairs } from './join-progress.ts';
import type { SeriesOptions } from './options.ts';
import { recordStep } from './record-step.ts';
import { finishSeries } from './result.ts';
import type { Series } from './series.ts';
import { keepStep, type StepRecord } from './step-record.ts';
import { TensorList } from './tensor-list.ts';
import type { SeriesResult } from './types.ts';

/** Compares each checkpoint when it comes, and keeps of it what a result needs: which tensors count is only known at the end. */
export class GrowingSeries implements Series {
  readonly #run: RunOptions;
  readonly #options: ResolvedOptions;
  readonly #cache: CheckpointCache;
  readonly #list = new TensorList();
  readonly #checkpoints: UnnamedCheckpoint[] = [];
  readonly #steps: StepRecord[] = [];
  /** Ends the add that runs. */
  #stop: AbortController | null = null;
  #isClosed = false;

  /** @param options checked; what they are resolved from still throws where a pattern or a rule makes no sense */
  constructor({ signal, onProgress, ...options }: SeriesOptions) {
    this.#run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    // Every checkpoint must be called by the same names: no prefix is taken off for the sake of one pair.
    this.#options = resolveOptions({ ...options, autoPrefix: false, histogram: false, probes: false });
    this.#cache = new CheckpointCache(chooseLoadOptions(options));
  }

  async add(input: CheckpointInput): Promise<void> {
    if (this.#isClosed) throw closedError();
    if (this.#stop !== null)
      throw argumentError('another checkpoint is being added to the series', 'await each add before the next one');
    const { signal } = this.#run;
    signal?.throwIfAborted();
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#stop = stop;
    try {
      await this.#enter(input, stop.signal);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#stop = null;
      if (this.#isClosed) this.#cache.close();
    }
  }

  result(): SeriesResult {
    if (this.#steps.length === 0)
      throw argumentError('a series needs at least two checkpoints', 'add them in the order of training');
    const accumulator = startSeries(this.#list.describe(), this.#steps.length);
    for (const step of this.#steps) recordStep(accumulator, step);
    return finishSeries(accumulator, nameCheckpoints(this.#checkpoints));
  }

  close(): void {
    this.#isClosed = true;
    if (this.#stop === null) this.#cache.close();
    else this.#stop.abort(closedError());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Nothing of the series changes before the new checkpoint has been compared. */
  async #enter(input: CheckpointInput, signal: AbortSignal): Promise<void> {
    const newer = await this.#cache.open(input, signal);
    try {
      const { checkpoint, tensors } = surveyCheckpoint(newer.open, this.#options);
      const step = await this.#compare(newer, checkpoint, signal);
      signal.throwIfAborted();
      this.#checkpoints.push(checkpoint);
      this.#list.add(tensors);
      if (step !== null) this.#steps.push(step);
    } catch (error) {
      release(newer);
      throw error;
    }
    this.#cache.advance(newer);
  }

  /** What is kept of the comparisons of a step; null for the first checkpoint. */
  async #compare(newer: OpenCheckpoint, described: UnnamedCheckpoint, signal: AbortSignal): Promise<StepRecord | null> {
    const { kept } = this.#cache;
    if (kept === null) return null;
    const { first, before, last } = kept;
    const { onProgress } = this.#run;
    const progress = onProgress && joinProgress(sizePairs([...this.#checkpoints, described]), onProgress);
    let done = 0;
    const compareWith = async (cached: CachedCheckpoint): Promise<TensorColumns> => {
      const old = await this.#cache.take(cached, newer, signal);
      const watch = progress && { onProgress: progress(done) };
      const { columns } = await compareTensors(old, newer.open, this.#options, { signal, ...watch });
      done += 1;
      return columns;
    };
    // Two comparisons that are the same are made once. That with the last checkpoint comes last: it may have made room for the new one.
    const beforePair = before === first ? null : await compareWith(before);
    const start = first === last ? null : await compareWith(first);
    const lastPair = await compareWith(last);
    const pairs = { last: lastPair, start: start ?? lastPair, before: beforePair ?? start };
    return keepStep(pairs, this.#numberTensors(lastPair.names));
  }

  /** Numbers of the tensors of a step; mostly those of the step before. */
  #numberTensors(names: readonly string[]): Int32Array {
    const numbers = this.#list.number(names);
    const known = this.#steps.at(-1)?.tensors;
    const isKnown = known?.length === numbers.length && numbers.every((number, row) => number === known[row]);
    return isKnown ? known : numbers;
  }
}

function closedError(): Error {
  return argumentError('the series is closed', 'createSeries begins a new one');
}
