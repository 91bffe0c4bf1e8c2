import type { RunOptions } from '../checkpoint/types.ts';
import { abortSignal, checkOptions } from '../options.ts';
import { requirePath } from './options.ts';
import { requirePlan } from './plan-parts.ts';
import { readProgress } from './progress-file.ts';
import { findForeign, findParts } from './scan.ts';
import type { PartsStatus, PartState } from './types.ts';

/**
 * How far a comparison in parts is. Reads the folder of the run alone, every part whole.
 *
 * @throws `ModelDiffError` `E_NOT_FOUND` where the folder has no plan; `E_INVALID_PLAN`.
 */
export async function partsStatus(directory: string, options: Pick<RunOptions, 'signal'> = {}): Promise<PartsStatus> {
  requirePath(directory, 'the folder of the run');
  checkOptions(options, { signal: abortSignal }, 'partsStatus');
  const plan = await requirePlan(directory);
  const parts: PartState[] = [];
  for await (const { part, state, bytes, reason } of findParts(directory, plan, options.signal))
    parts.push({ part, state, bytes, reason, progress: state === 'done' ? null : await readProgress(directory, part) });
  const sum = (some: readonly PartState[]): number => some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    directory,
    plan,
    parts,
    foreign: await findForeign(directory, plan),
    bytes: sum(parts),
    bytesDone: sum(parts.filter(({ state }) => state === 'done')),
  };
}
