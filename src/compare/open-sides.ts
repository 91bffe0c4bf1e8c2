import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { chooseMapping, type ChosenMapping } from './choose-mapping.ts';
import { type CheckpointInput, chooseLoadOptions, openInput } from './inputs.ts';
import type { CompareOptions, ResolvedOptions } from './options.ts';
import type { TranslatedSides } from './derive.ts';
import { splitSides } from './split-fused.ts';
import { translateGguf } from './translate-gguf.ts';
import { turnTransposed } from './turn-transposed.ts';

/** Of each side the mapping that was taken for the sake of the other one; null where it was not. */
interface ChosenKeys {
  readonly old: string | null;
  readonly new: string | null;
}

/** Both sides as they are compared: of mappings that fit each other, and under names that can be matched. */
export interface OpenSides extends TranslatedSides {
  readonly keys: ChosenKeys;
}

/**
 * Opens what is not open yet, hands both sides on, and closes what was opened here.
 *
 * @throws `ModelDiffError` for what cannot be opened, or what `use` throws
 */
export async function withSides<T>(
  inputs: Readonly<Record<'old' | 'new', CheckpointInput>>,
  options: CompareOptions,
  resolved: ResolvedOptions,
  use: (sides: OpenSides) => Promise<T>,
): Promise<T> {
  const opened: Checkpoint[] = [];
  const open = async (side: 'old' | 'new'): Promise<Checkpoint> => {
    const { checkpoint, isOwn } = await openInput(inputs[side], `the ${side} side`, chooseLoadOptions(options, side));
    if (isOwn) opened.push(checkpoint);
    return checkpoint;
  };
  const fit = async (own: Checkpoint, other: Checkpoint, side: 'old' | 'new'): Promise<ChosenMapping> => {
    const input = inputs[side];
    if (typeof input !== 'string') return { checkpoint: own, key: null };
    const chosen = await chooseMapping(input, own, other, side, chooseLoadOptions(options, side), resolved.names);
    if (chosen.checkpoint !== own) opened.push(chosen.checkpoint);
    return chosen;
  };
  try {
    const [before, after] = [await open('old'), await open('new')];
    const first = await fit(before, after, 'old');
    const second = await fit(after, first.checkpoint, 'new');
    return await withTranslated(first.checkpoint, second.checkpoint, resolved, options, use, { old: first.key, new: second.key });
  } finally {
    for (const checkpoint of opened) checkpoint.close();
  }
}

/** {@link withSides} for checkpoints that are open. */
export async function withTranslated<T>(
  old: Checkpoint,
  newer: Checkpoint,
  options: ResolvedOptions,
  run: Pick<RunOptions, 'signal'>,
  use: (sides: OpenSides) => Promise<T>,
  keys: ChosenKeys = { old: null, new: null },
): Promise<T> {
  let sides = splitSides(translateGguf(old, newer));
  try {
    sides = await turnTransposed(sides, options, run);
    return await use({ ...sides, keys });
  } finally {
    for (const checkpoint of sides.made) checkpoint.close();
  }
}
