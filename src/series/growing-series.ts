import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LoadOptions, RunOptions } from '../checkpoint/types.ts';
import { compareTogether } from '../compare/compare-together.ts';
import { type CheckpointInput, chooseLoadOptions } from '../compare/inputs.ts';
import { type ResolvedOptions, resolveOptions } from '../compare/options.ts';
import { argumentError } from '../errors.ts';
import { startSeries } from './accumulator.ts';
import { nameCheckpoints, surveyCheckpoint, type UnnamedCheckpoint } from './checkpoint-survey.ts';
import { KeptCheckpoints, openNext, release } from './kept-checkpoints.ts';
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
  readonly #opening: LoadOptions;
  readonly #base: string | undefined;
  readonly #kept = new KeptCheckpoints();
  readonly #list = new TensorList();
  readonly #checkpoints: UnnamedCheckpoint[] = [];
  readonly #steps: StepRecord[] = [];
  /** Ends the add that runs. */
  #stop: AbortController | null = null;
  #isClosed = false;

  /** @param options checked; what they are resolved from still throws where a pattern or a rule makes no sense */
  constructor({ signal, onProgress, base, ...options }: SeriesOptions) {
    this.#run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    // Every checkpoint must be called by the same names: no prefix is taken off for the sake of one pair.
    this.#options = resolveOptions({ ...options, autoPrefix: false, histogram: false, probes: false });
    this.#opening = chooseLoadOptions(options);
    this.#base = base;
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
      if (this.#isClosed) this.#kept.close();
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
    if (this.#stop === null) this.#kept.close();
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
    const newer = await openNext(input, { ...this.#opening, signal }, this.#base);
    try {
      const { checkpoint, tensors } = surveyCheckpoint(newer.checkpoint, newer.path, this.#options);
      const step = await this.#compare(newer.checkpoint, signal);
      signal.throwIfAborted();
      this.#checkpoints.push(checkpoint);
      this.#list.add(tensors);
      if (step !== null) this.#steps.push(step);
    } catch (error) {
      release(newer);
      throw error;
    }
    this.#kept.advance(newer);
  }

  /** What is kept of the comparisons of a step; null for the first checkpoint. */
  async #compare(newer: Checkpoint, signal: AbortSignal): Promise<StepRecord | null> {
    const { onProgress } = this.#run;
    const run = { signal, ...(onProgress && { onProgress }) };
    // Of those that are kept each is there once: the first one may be the last or the one before, too.
    const olds = this.#kept.checkpoints;
    const [last, start, before] = olds.length === 0 ? [] : await compareTogether(olds, newer, this.#options, run);
    if (last === undefined) return null;
    const pairs = { last, start: start ?? last, before: before ?? start ?? null };
    return keepStep(pairs, this.#numberTensors(last.names));
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
