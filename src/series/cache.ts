import { formatNoun } from '../wording/numbers.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import { ModelDiffError } from '../errors.ts';
import type { LoadOptions } from '../checkpoint/types.ts';

/** Most checkpoints that are open at one time; those of the caller's do not count. */
const MOST_OPEN = 3;

/** Checkpoints of a series, opened when they are asked for. */
export interface CheckpointCache {
  /** The checkpoint at `index`; it stays open until `MOST_OPEN` others were asked for. */
  readonly take: (index: number) => Promise<Checkpoint>;
  readonly close: () => void;
}

/** A cache of paths, which it opens and closes, and of the caller's open checkpoints, which it leaves open. */
export function createCache(checkpoints: readonly (string | Checkpoint)[], options: LoadOptions): CheckpointCache {
  /** The one that was asked for longest ago first. */
  const open = new Map<number, Checkpoint>();
  const sizes = new Map<number, string>();
  const take = async (index: number): Promise<Checkpoint> => {
    const wanted = checkpoints[index] ?? '';
    if (typeof wanted !== 'string') return wanted;
    const known = open.get(index);
    open.delete(index);
    if (known === undefined) closeOldest(open);
    const checkpoint = known ?? (await loadCheckpoint(wanted, options));
    open.set(index, checkpoint);
    requireSame(wanted, describeSize(checkpoint), sizes.get(index));
    sizes.set(index, describeSize(checkpoint));
    return checkpoint;
  };
  return { take, close: () => open.forEach((checkpoint) => checkpoint.close()) };
}

function closeOldest(open: Map<number, Checkpoint>): void {
  if (open.size < MOST_OPEN) return;
  const [oldest] = open;
  if (oldest === undefined) return;
  oldest[1].close();
  open.delete(oldest[0]);
}

function describeSize({ layerNames, numParameters, sizeBytes }: Checkpoint): string {
  return `${formatNoun(layerNames.length, 'tensor')} of ${formatNoun(numParameters, 'element')} in ${formatNoun(sizeBytes, 'byte')}`;
}

/** A checkpoint is opened more than once; it must not become another one. */
function requireSame(path: string, found: string, before: string | undefined): void {
  if (before === undefined || before === found) return;
  throw new ModelDiffError(`${path} changed while the series was compared: ${before} before, ${found} now`, {
    kind: 'Io',
    code: 'E_FILE_CHANGED',
    path,
    hint: 'compare copies of checkpoints that are still written to',
  });
}
