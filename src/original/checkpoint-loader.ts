import { checkOptions } from '../options.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { detectFormat, LOAD_OPTIONS, loadCheckpoint } from '../checkpoint/load.ts';
import type { CheckpointFormat, LoadOptions } from '../checkpoint/types.ts';

/** {@link loadCheckpoint} and {@link detectFormat} with options that are given once. */
export class CheckpointLoader {
  readonly #options: LoadOptions;

  /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense. */
  constructor(options: LoadOptions = {}) {
    checkOptions(options, LOAD_OPTIONS, 'CheckpointLoader');
    this.#options = options;
  }

  load(path: string): Promise<Checkpoint> {
    return loadCheckpoint(path, this.#options);
  }

  /** The format of a file or directory by its content, `unknown` when no reader claims it. */
  detectFormat(path: string): Promise<CheckpointFormat> {
    const { signal, onProgress } = this.#options;
    return detectFormat(path, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  }
}
