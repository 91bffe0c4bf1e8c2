import { resolve } from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { type CheckpointInput, openInput } from '../compare/inputs.ts';
import { unwrap } from '../native/failure.ts';
import { isAddress } from '../wording/address.ts';
import type { Aligned } from './align.ts';

/** A checkpoint of a series while it is open. */
export interface HeldCheckpoint {
  readonly checkpoint: Checkpoint;
  /** What the series closes with it: what it opened or made for it. */
  readonly own: readonly Checkpoint[];
  /** Where it lies; of an adapter that was merged into a base, where that lies. */
  readonly path: string;
}

/** Opens the next checkpoint of a series; with a base, a path is that of an adapter, or of the base itself. */
export async function openNext(input: CheckpointInput, options: LoadOptions, base: string | undefined): Promise<HeldCheckpoint> {
  if (base !== undefined && typeof input === 'string' && input !== '' && !isSame(input, base)) {
    const merged = await loadCheckpoint(base, { ...options, adapter: input });
    return { checkpoint: merged, own: [merged], path: input };
  }
  const { checkpoint, isOwn } = await openInput(input, 'a checkpoint of a series', options);
  // A closed one would fail every later add.
  if (!isOwn) unwrap(checkpoint.native.describe());
  return { checkpoint, own: isOwn ? [checkpoint] : [], path: checkpoint.path };
}

/** Whether two paths or addresses are one. */
function isSame(one: string, other: string): boolean {
  return one === other || (!isAddress(one) && !isAddress(other) && resolve(one) === resolve(other));
}

/** The same checkpoint in the form in which it is compared. */
export function replace(held: HeldCheckpoint, { checkpoint, made }: Aligned): HeldCheckpoint {
  return { ...held, checkpoint, own: [...held.own, ...made] };
}

/** Lets go of a checkpoint; the caller's stay open. */
export function release({ own }: Pick<HeldCheckpoint, 'own'>): void {
  for (const checkpoint of own) checkpoint.close();
}

/** The checkpoints that the next one is compared with, all open: the last, the first, the last but one, each once. */
export class KeptCheckpoints {
  #held: readonly HeldCheckpoint[] = [];

  get checkpoints(): readonly Checkpoint[] {
    return this.#held.map(({ checkpoint }) => checkpoint);
  }

  /** The one that the others are brought to the form of. */
  get first(): Checkpoint | undefined {
    return (this.#held[1] ?? this.#held[0])?.checkpoint;
  }

  /** Gives the first checkpoint its form, while it is the only one. */
  settle(aligned: Aligned): void {
    this.#held = this.#held.map((held) => replace(held, aligned));
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
