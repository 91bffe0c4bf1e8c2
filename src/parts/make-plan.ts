import { createHash } from 'node:crypto';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
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
import { nameInside, pinPath, findHubPlace } from './place.ts';
import { sealPlan } from './plan-file.ts';
import type { PartsPlan, PlannedFile, PlannedOptions, PlannedSide } from './types.ts';

/** A plan, and what it plans as the engine takes it. */
export interface MadePlan {
  readonly plan: PartsPlan;
  readonly sides: OpenSides;
  readonly options: ResolvedOptions;
  readonly items: Float64Array;
  /** The tensors of each side, as they are matched. */
  readonly names: Readonly<Record<'old' | 'new', readonly string[]>>;
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
  const { items, names, oldRow, newRow } = planTensors(sides.old, sides.new, options).plan;
  const { ends, bytes, tensors } = await runJob('open', run, (control) =>
    binding().cutPlan([sides.old.native, sides.new.native], items, parts, control),
  );
  const plan = sealPlan({
    version: TOOL.version,
    old: describeSide(sides.old, paths.old, tensors.subarray(0, 32)),
    new: describeSide(sides.new, paths.new, tensors.subarray(32)),
    options: pinAdapters(planned, sides),
    items: createHash('sha256')
      .update(new Uint8Array(items.buffer, items.byteOffset, items.byteLength))
      .digest('hex'),
    parts: Array.from(ends, (end, part) => ({ end, bytes: bytes[part] ?? 0 })),
  });
  const on = (rows: Int32Array): string[] => names.filter((_, at) => rows[at] !== ABSENT);
  return { plan, sides, options, items, names: { old: on(oldRow), new: on(newRow) } };
}

function describeSide(checkpoint: Checkpoint, given: string, tensors: Uint8Array): PlannedSide {
  if (isInMemory(checkpoint)) throw argumentError('tensors in memory cannot be compared in parts', 'save them to a file first');
  const places = checkpoint.files.map(({ path }) => findHubPlace(path));
  const commits = places.map((place) => place?.commit ?? null);
  // A cache may hold less configuration than its commit has; that of files is known by itself.
  const configuration = commits.includes(null) ? [checkpoint.config, Object.entries(checkpoint.configs)] : commits;
  return {
    path: pinPath(given, [checkpoint.path]),
    files: checkpoint.files.map((file, at) => ({
      name: places[at]?.inside ?? nameInside(checkpoint.path, file.path),
      bytes: file.bytes,
      ...readVersion(file, commits[at] ?? null),
    })),
    tensors: Buffer.from(tensors).toString('hex'),
    configuration: createHash('sha256').update(JSON.stringify(configuration)).digest('hex'),
  };
}

/** Adapters at paths that mean the same in every folder. The files of an adapter come behind those of its base. */
function pinAdapters(planned: PlannedOptions, sides: OpenSides): PlannedOptions {
  const pinned = { ...planned };
  for (const side of ['old', 'new'] as const) {
    const own = planned[side];
    if (own?.adapter === undefined) continue;
    const opened = sides[side].files.map(({ path }) => path);
    pinned[side] = { ...own, adapter: pinPath(own.adapter, opened) };
  }
  return pinned;
}

/** By what a change of a file is seen. At one commit of the hub no file changes, and each machine may have fetched it at another time. */
function readVersion(file: CheckpointFile, commit: string | null): Pick<PlannedFile, 'modified' | 'version'> {
  const version = commit ?? (isAddress(file.path) ? requireVersion(file) : null);
  return { modified: version === null ? (file.modified ?? null) : null, version };
}

/** Parts are read at different times, by programs that know nothing of each other. */
function requireVersion({ path, version }: CheckpointFile): string {
  if (version !== undefined) return version;
  throw argumentError(
    `${path} cannot be compared in parts: its server gives neither a strong ETag nor a date, so nobody could tell whether it changed between two parts`,
    'download it, and plan the copy',
  );
}
