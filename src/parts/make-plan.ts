import { createHash } from 'node:crypto';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { CheckpointFile, RunOptions } from '../checkpoint/types.ts';
import { isInMemory } from '../compare/inputs.ts';
import type { OpenSides } from '../compare/open-sides.ts';
import type { ResolvedOptions } from '../compare/options.ts';
import { planTensors } from '../compare/plan-tensors.ts';
import { argumentError } from '../errors.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { TOOL } from '../tool.ts';
import { isAddress } from '../wording/address.ts';
import { nameInside, readCommit, resolvePath } from './place.ts';
import { sealPlan } from './plan-file.ts';
import type { PartsPlan, PlannedOptions, PlannedSide } from './types.ts';

/** A plan, and what it plans as the engine takes it. */
export interface MadePlan {
  readonly plan: PartsPlan;
  readonly sides: OpenSides;
  readonly options: ResolvedOptions;
  readonly items: Float64Array;
}

/** Plans two open checkpoints: reads nothing but what is known of them. The same files and options give the same plan everywhere. */
export async function makePlan(
  sides: OpenSides,
  paths: Readonly<Record<'old' | 'new', string>>,
  planned: PlannedOptions,
  options: ResolvedOptions,
  parts: number,
  run: RunOptions,
): Promise<MadePlan> {
  const { items } = planTensors(sides.old, sides.new, options).plan;
  const { ends, bytes, tensors } = await runJob('open', run, (control) =>
    binding().cutPlan([sides.old.native, sides.new.native], items, parts, control),
  );
  const plan = sealPlan({
    version: TOOL.version,
    old: describeSide(sides.old, paths.old, tensors.subarray(0, 32)),
    new: describeSide(sides.new, paths.new, tensors.subarray(32)),
    options: planned,
    items: createHash('sha256')
      .update(new Uint8Array(items.buffer, items.byteOffset, items.byteLength))
      .digest('hex'),
    parts: Array.from(ends, (end, part) => ({ end, bytes: bytes[part] ?? 0 })),
  });
  return { plan, sides, options, items };
}

function describeSide(checkpoint: Checkpoint, given: string, tensors: Uint8Array): PlannedSide {
  if (isInMemory(checkpoint)) throw argumentError('tensors in memory cannot be compared in parts', 'save them to a file first');
  return {
    path: isAddress(checkpoint.path) ? checkpoint.path : resolvePath(given),
    files: checkpoint.files.map((file) => ({
      name: nameInside(checkpoint.path, file.path),
      bytes: file.bytes,
      modified: file.modified ?? null,
      version: isAddress(file.path) ? (readCommit(file.path) ?? requireVersion(file)) : null,
    })),
    tensors: Buffer.from(tensors).toString('hex'),
    configuration: createHash('sha256')
      .update(JSON.stringify([checkpoint.config, Object.entries(checkpoint.configs)]))
      .digest('hex'),
  };
}

/** Parts are read at different times, by programs that know nothing of each other. */
function requireVersion({ path, version }: CheckpointFile): string {
  if (version !== undefined) return version;
  throw argumentError(
    `${path} cannot be compared in parts: its server gives neither a strong ETag nor a date, so nobody could tell whether it changed between two parts`,
    'download it, and plan the copy',
  );
}
