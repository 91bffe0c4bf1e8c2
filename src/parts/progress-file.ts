import { hostname } from 'node:os';
import type { Progress, RunOptions } from '../checkpoint/types.ts';
import { isPlainObject } from '../options.ts';
import { readAttempt } from './attempt.ts';
import { progressPath, readWhole, writeWhole } from './folder.ts';
import type { PartProgress } from './types.ts';

/** Milliseconds between two looks of others at how far a part is. */
const INTERVAL = 10_000;

/** Bytes of the largest file of progress. */
const MOST_BYTES = 1 << 16;

/** Tells on disk how far a part is. It is told for people: where it cannot be written, the part goes on. */
export class ProgressFile {
  readonly #path: string;
  readonly #bytesTotal: number;
  #bytesDone = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(directory: string, part: number, bytesTotal: number) {
    this.#path = progressPath(directory, part);
    this.#bytesTotal = bytesTotal;
  }

  async start(): Promise<void> {
    await this.#write();
    this.#timer = setInterval(() => void this.#write(), INTERVAL);
    this.#timer.unref();
  }

  /** Hands on progress, and keeps it. */
  watch(onProgress: RunOptions['onProgress']): (progress: Progress) => void {
    return (progress) => {
      this.#bytesDone = progress.bytesDone;
      onProgress?.(progress);
    };
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  /** One after the other. */
  #write(): Promise<unknown> {
    const line = {
      bytes_done: this.#bytesDone,
      bytes_total: this.#bytesTotal,
      host: hostname(),
      attempt: readAttempt(),
      updated_ms: Date.now(),
    };
    this.#writing = this.#writing.then(() => writeWhole(this.#path, [`${JSON.stringify(line)}\n`]).catch(() => false));
    return this.#writing;
  }
}

/** What was last told of a part; null where nothing was, or nothing that makes sense. */
export async function readProgress(directory: string, part: number): Promise<PartProgress | null> {
  const text = await readWhole(progressPath(directory, part), MOST_BYTES).catch(() => null);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    if (!isPlainObject(value)) return null;
    const { bytes_done: bytesDone, bytes_total: bytesTotal, host, attempt, updated_ms: updated } = value;
    if (typeof host !== 'string' || host.length > 255) return null;
    if (!isCount(bytesDone) || !isCount(bytesTotal) || !isCount(attempt) || !isCount(updated)) return null;
    return { bytesDone, bytesTotal, host, attempt, updated };
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
