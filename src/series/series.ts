import type { CheckpointInput } from '../compare/inputs.ts';
import type { SeriesResult } from './types.ts';

/** A series while its checkpoints come, as `createSeries` makes it. */
export interface Series {
  /**
   * Adds the next checkpoint and compares it with the last one, the one before that and the first: a path; an open checkpoint, which is
   * the caller's to close (the first one after the series, any other after two more adds); or tensors in memory by name, which are copied
   * at once.
   *
   * One after the other: an add while another one runs is refused. An add that fails leaves the series as it was.
   *
   * @throws `ModelDiffError`, as `compare`; `E_FILE_CHANGED` when the files of one that it is compared with have changed since it was
   * added; `signal.reason` after an abort.
   */
  add(checkpoint: CheckpointInput): Promise<void>;
  /**
   * What `compareSeries` gives for the checkpoints so far. Each call gives a result of its own, in time that grows with tensors and
   * steps; no file is read.
   *
   * @throws `ModelDiffError` of kind `Argument` while there are fewer than two checkpoints.
   */
  result(): SeriesResult;
  /** Lets go of the files; an add that runs is ended and rejects. `result` still answers. May be called again. */
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}
