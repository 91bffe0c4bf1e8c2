import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { type CheckpointInput, openInput } from '../compare/inputs.ts';
import { unwrap } from '../native/failure.ts';

/** A checkpoint of a series, and whether the series closes it. */
export interface HeldCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly isOwn: boolean;
}

/** Opens the next checkpoint of a series. */
export async function openNext(input: CheckpointInput, options: LoadOptions): Promise<HeldCheckpoint> {
  const held = await openInput(input, 'a checkpoint of a series', options);
  // A closed one would fail every later add.
  if (!held.isOwn) unwrap(held.checkpoint.native.describe());
  return held;
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
