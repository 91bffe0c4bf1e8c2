import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LoadOptions, RunOptions } from '../checkpoint/types.ts';
import { compareTogether } from '../compare/compare-together.ts';
import { type Side, SIDES } from '../compare/derive.ts';
import { type CheckpointInput, chooseLoadOptions } from '../compare/inputs.ts';
import { type ResolvedOptions, resolveOptions } from '../compare/options.ts';
import { argumentError } from '../errors.ts';
import { type NameRules, NO_RULES } from '../names/match.ts';
import { startSeries } from './accumulator.ts';
import { type Aligned, alignCheckpoints } from './align.ts';
import { describeTensors, nameCheckpoints, surveyCheckpoint, type UnnamedCheckpoint } from './checkpoint-survey.ts';
import { type HeldCheckpoint, KeptCheckpoints, openNext, release, replace } from './kept-checkpoints.ts';
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
  #checkpoints: UnnamedCheckpoint[] = [];
  readonly #steps: StepRecord[] = [];
  /** Ends the add that runs. */
  #stop: AbortController | null = null;
  #isClosed = false;

  /** @param options checked; what they are resolved from still throws where a pattern or a rule makes no sense */
  constructor({ signal, onProgress, base, ...options }: SeriesOptions) {
    this.#run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    this.#options = resolveOptions({ ...options, histogram: false, probes: false });
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
    let newer = await openNext(input, { ...this.#opening, signal }, this.#base);
    try {
      const checkpoint = surveyCheckpoint(newer.checkpoint, newer.path, this.#options);
      const { first } = this.#kept;
      if (first === undefined) this.#checkpoints.push(checkpoint);
      else newer = await this.#follow(first, newer, checkpoint, signal);
    } catch (error) {
      release(newer);
      throw error;
    }
    this.#kept.advance(newer);
  }

  /** Compares a checkpoint after the first one, and enters what is kept of that. */
  async #follow(
    first: Checkpoint,
    newer: HeldCheckpoint,
    checkpoint: UnnamedCheckpoint,
    signal: AbortSignal,
  ): Promise<HeldCheckpoint> {
    const isSettled = this.#steps.length > 0;
    const movable: readonly Side[] = isSettled ? ['new'] : SIDES;
    const aligned = await alignCheckpoints(first, newer.checkpoint, this.#options, { signal }, movable);
    try {
      // Of those that are kept each is there once: the first one may be the last or the one before, too.
      const olds = isSettled ? this.#kept.checkpoints : [aligned.old.checkpoint];
      const step = await this.#compare(olds, aligned.new.checkpoint, signal);
      signal.throwIfAborted();
      if (!isSettled) this.#settle(aligned.old);
      this.#checkpoints.push(describeAligned(checkpoint, aligned.new));
      this.#list.add(describeTensors(aligned.new.checkpoint, this.#options.selects));
      if (step !== null) this.#steps.push(step);
    } catch (error) {
      for (const { made } of [aligned.old, aligned.new]) release({ own: made });
      throw error;
    }
    return replace(newer, aligned.new);
  }

  /** The first checkpoint in the form that the second one has settled. */
  #settle(aligned: Aligned): void {
    this.#kept.settle(aligned);
    this.#checkpoints = this.#checkpoints.map((checkpoint) => describeAligned(checkpoint, aligned));
    this.#list.add(describeTensors(aligned.checkpoint, this.#options.selects));
  }

  /** What is kept of the comparisons of a step. @param olds the last checkpoint, the first, the one before the last */
  async #compare(olds: readonly Checkpoint[], newer: Checkpoint, signal: AbortSignal): Promise<StepRecord | null> {
    const { onProgress } = this.#run;
    const run = { signal, ...(onProgress && { onProgress }) };
    const options = { ...this.#options, names: AS_THEY_ARE };
    const [last, start, before] = await compareTogether(olds, newer, options, run);
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

/** Checkpoints in one form have the names that they are compared by. */
const AS_THEY_ARE: NameRules = { old: NO_RULES, new: NO_RULES, autoPrefix: false };

function describeAligned(checkpoint: UnnamedCheckpoint, { changes, findings }: Aligned): UnnamedCheckpoint {
  return { ...checkpoint, nameChanges: changes, findings: [...checkpoint.findings, ...findings] };
}

function closedError(): Error {
  return argumentError('the series is closed', 'createSeries begins a new one');
}
