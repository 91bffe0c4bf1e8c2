import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { ModelDiffError } from '../errors.ts';
import { matchNames, type NameRules } from '../names/match.ts';

/** Most mappings of one file that are tried; a training checkpoint has a handful. */
const MOST_TRIED = 12;

/** What names a mapping is held against. */
interface NamedTensors {
  readonly table: { readonly names: readonly string[] };
}

/** A checkpoint, and the key of the mapping that was taken in place of the usual one; null where that stayed. */
export interface ChosenMapping {
  readonly checkpoint: Checkpoint;
  readonly key: string | null;
}

/**
 * Of a file that holds several mappings, the one whose names fit the other checkpoint: a run saves its model under any name, beside an
 * average of it, a second model, an optimizer. The usual one, the largest, stays where no other fits better.
 *
 * @param options as the file was opened; a key in them is the caller's choice and stays
 * @returns the same checkpoint, or another one, with the first one closed
 */
export async function chooseMapping(
  path: string,
  checkpoint: Checkpoint,
  other: NamedTensors,
  side: 'old' | 'new',
  options: LoadOptions,
  rules: NameRules,
): Promise<ChosenMapping> {
  if (options.key !== undefined || checkpoint.candidates.length < 2) return { checkpoint, key: null };
  const count = (one: Checkpoint): number => countCommon(one, other, side, rules);
  let best = { checkpoint, key: null as string | null, common: count(checkpoint) };
  const whole = Math.min(checkpoint.table.names.length, other.table.names.length);
  for (const { key, chosen } of checkpoint.candidates.slice(0, MOST_TRIED)) {
    if (chosen || best.common === whole) continue;
    const tried = await loadCheckpoint(path, { ...options, key });
    const common = count(tried);
    if (common > best.common) {
      best.checkpoint.close();
      best = { checkpoint: tried, key, common };
    } else {
      tried.close();
    }
  }
  return best;
}

function countCommon(one: NamedTensors, other: NamedTensors, side: 'old' | 'new', rules: NameRules): number {
  const [old, newer] = side === 'old' ? [one, other] : [other, one];
  try {
    const names = matchNames(old.table.names, newer.table.names, rules);
    const known = new Set(names.new.names);
    return names.old.names.reduce((sum, name) => sum + (known.has(name) ? 1 : 0), 0);
  } catch (error) {
    // Patterns or rules of the caller that make no sense for this mapping may do for another.
    if (error instanceof ModelDiffError) return 0;
    throw error;
  }
}
