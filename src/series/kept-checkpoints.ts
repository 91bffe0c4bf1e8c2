import { resolve } from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { type CheckpointInput, openInput } from '../compare/inputs.ts';
import { unwrap } from '../native/failure.ts';
import { isAddress } from '../wording/address.ts';

/** A checkpoint of a series, and whether the series closes it. */
export interface HeldCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly isOwn: boolean;
  /** Where it lies; of an adapter that was merged into a base, where that lies. */
  readonly path: string;
}

/** Opens the next checkpoint of a series; with a base, a path is that of an adapter, or of the base itself. */
export async function openNext(input: CheckpointInput, options: LoadOptions, base: string | undefined): Promise<HeldCheckpoint> {
  if (base !== undefined && typeof input === 'string' && input !== '' && !isSame(input, base))
    return { checkpoint: await loadCheckpoint(base, { ...options, adapter: input }), isOwn: true, path: input };
  const opened = await openInput(input, 'a checkpoint of a series', options);
  const held = { ...opened, path: opened.checkpoint.path };
  // A closed one would fail every later add.
  if (!held.isOwn) unwrap(held.checkpoint.native.describe());
  return held;
}

/** Whether two paths or addresses are one. */
function isSame(one: string, other: string): boolean {
  return one === other || (!isAddress(one) && !isAddress(other) && resolve(one) === resolve(other));
}

/** Lets go of a checkpoint; the caller's stay open. */
export function release({ checkpoint, isOwn }: HeldCheckpoint): void {
  if (isOwn) checkpoint.close();
}

/** The checkpoints that the next one is compared with, all open: the last, the first, the last but one, each once. */
export class KeptCheckpoints {
  #held: readonly HeldCheckpoint[] = [];

  get checkpoints(): readonly Checkpoint[] {
    return this.#held.map(({ checkpoint }) => checkpoint);
  }

  /** Makes a checkpoint the last one, and lets go of the one that no later comparison asks for. */
  advance(newer: HeldCheckpoint): void {
    const [last, first, before] = this.#held;
    if (before !== undefined) release(before);
    this.#held = [newer, first, last].filter((held) => held !== undefined);
  }

  close(): void {
    for (const held of this.#held) release(held);
    this.#held = [];
  }
}
