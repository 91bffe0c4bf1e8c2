import { stat } from 'node:fs/promises';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { type CheckpointInput, openInput } from '../compare/inputs.ts';
import { argumentError, ModelDiffError } from '../errors.ts';
import { unwrap } from '../native/failure.ts';

/** Most checkpoints of paths that are open at one time. */
const MOST_OPEN = 3;

/** A checkpoint that later comparisons may ask for. */
export interface CachedCheckpoint {
  /** null for what cannot be opened again: tensors in memory, and the caller's open checkpoints. */
  readonly path: string | null;
  /** Whether the series closes it. */
  readonly isOwn: boolean;
  /** What its files were when it was added. */
  readonly files: string;
  /** null while it is closed. */
  open: Checkpoint | null;
}

/** One that is open. */
export type OpenCheckpoint = CachedCheckpoint & { readonly open: Checkpoint };

/** The checkpoints that the next one is compared with; the same one may stand for several. */
export interface KeptCheckpoints {
  readonly first: CachedCheckpoint;
  /** The last but one. */
  readonly before: CachedCheckpoint;
  readonly last: CachedCheckpoint;
}

/**
 * The checkpoints of a series that are still asked for. Of paths at most three are open, the new one included: the last one makes room
 * for it, is compared last, and is opened again for that.
 */
export class CheckpointCache {
  readonly #options: LoadOptions;
  #kept: KeptCheckpoints | null = null;

  /** @param options how paths are opened */
  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** null before the first checkpoint. */
  get kept(): KeptCheckpoints | null {
    return this.#kept;
  }

  /** Opens a new checkpoint, which is not among the kept ones yet. */
  async open(input: CheckpointInput, signal: AbortSignal): Promise<OpenCheckpoint> {
    if (typeof input === 'string') this.#makeRoom([]);
    const { checkpoint, isOwn } = await openInput(input, WHAT, { ...this.#options, signal });
    // A closed one would fail every later add.
    if (!isOwn) unwrap(checkpoint.native.describe());
    if (typeof input !== 'string') return { path: null, isOwn, files: '', open: checkpoint };
    return { path: input, isOwn, files: await describeFiles(checkpoint), open: checkpoint };
  }

  /**
   * A kept checkpoint, opened again where it was closed.
   *
   * @param newer the one it is to be compared with
   */
  async take(cached: CachedCheckpoint, newer: CachedCheckpoint, signal: AbortSignal): Promise<Checkpoint> {
    if (cached.open !== null || cached.path === null) return requireOpen(cached);
    this.#makeRoom([cached, newer]);
    const { checkpoint } = await openInput(cached.path, WHAT, { ...this.#options, signal });
    if ((await describeFiles(checkpoint)) !== cached.files) {
      checkpoint.close();
      throw changedError(cached.path);
    }
    cached.open = checkpoint;
    return checkpoint;
  }

  /** Makes a checkpoint the last one, and lets go of the one that no later comparison asks for. */
  advance(newer: CachedCheckpoint): void {
    const { first, before, last } = this.#kept ?? { first: newer, before: newer, last: newer };
    if (before !== first) release(before);
    this.#kept = { first, before: last, last: newer };
  }

  close(): void {
    if (this.#kept !== null) for (const cached of Object.values(this.#kept) as CachedCheckpoint[]) release(cached);
    this.#kept = null;
  }

  /** Closes a path where as many are open as may be; never the first, which every step needs. */
  #makeRoom(wanted: readonly CachedCheckpoint[]): void {
    if (this.#kept === null) return;
    const { first, before, last } = this.#kept;
    const isOpenPath = ({ path, open }: CachedCheckpoint): boolean => path !== null && open !== null;
    if ([...new Set([first, before, last, ...wanted])].filter(isOpenPath).length < MOST_OPEN) return;
    const idle = [last, before].find((cached) => isOpenPath(cached) && cached !== first && !wanted.includes(cached));
    if (idle !== undefined) release(idle);
  }
}

/** What the inputs are, for messages. */
const WHAT = 'a checkpoint of a series';

/** Lets go of a checkpoint; the caller's stay open. */
export function release(cached: CachedCheckpoint): void {
  if (cached.isOwn) cached.open?.close();
  cached.open = null;
}

/** Tells a file from one that was written in its place. */
async function describeFiles({ files }: Checkpoint): Promise<string> {
  const described = await Promise.all(
    files.map(async ({ path }) => {
      // What is gone by now has been opened all the same.
      const found = await stat(path, { bigint: true }).catch(() => null);
      return found === null ? path : `${path} ${found.size} ${found.mtimeNs} ${found.ino}`;
    }),
  );
  return described.join('\n');
}

function changedError(path: string): ModelDiffError {
  return new ModelDiffError(`${path} is not the checkpoint any more that was added to the series: its files have changed`, {
    kind: 'Io',
    code: 'E_FILE_CHANGED',
    path,
    hint: 'give each checkpoint of a run a path of its own',
  });
}

function requireOpen({ open }: CachedCheckpoint): Checkpoint {
  if (open === null) throw argumentError('the series is closed');
  return open;
}
