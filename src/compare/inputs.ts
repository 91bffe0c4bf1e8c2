import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { tellApart } from '../checkpoint/distinct-names.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import { placeInside } from '../checkpoint/place-inside.ts';
import type { Finding, LoadOptions, TensorData } from '../checkpoint/types.ts';
import type { SideColumns } from '../comparison/columns.ts';
import type { Manifest } from '../comparison/manifest.ts';
import { type ComparedSide, measureSide } from '../comparison/side.ts';
import { argumentError } from '../errors.ts';
import { isManifestFile } from '../manifest/find-manifest.ts';
import type { UnusedRule } from '../names/match.ts';
import { isPlainObject, spell } from '../options.ts';
import type { CompareOptions } from './options.ts';
import { describeUnused } from './unused-rules.ts';

/** What can be compared: a path, an open checkpoint, or named tensors in memory. */
export type CheckpointInput = string | Checkpoint | Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>;

/** A manifest in the place of a checkpoint: as an object, or the path of one, which is told by what the file holds. */
export type ManifestInput = string | Manifest;

/** Whether an input is a manifest. What cannot be read is none: opening it tells why. */
export function isManifest(input: CheckpointInput | Manifest): input is ManifestInput {
  if (typeof input === 'string') return isManifestFile(input);
  return isPlainObject(input) && Array.isArray(input['tensors']) && Object.hasOwn(input, 'hash');
}

/**
 * Opens what is not open yet.
 *
 * @param what what the input is, for the message when it is something else
 * @returns the checkpoint, and whether it has to be closed again
 */
export async function openInput(
  input: CheckpointInput,
  what: string,
  options: LoadOptions,
): Promise<{ readonly checkpoint: Checkpoint; readonly isOwn: boolean }> {
  if (input instanceof Checkpoint) return { checkpoint: input, isOwn: false };
  if (typeof input === 'string') return { checkpoint: await loadCheckpoint(input, options), isOwn: true };
  if (typeof input !== 'object' || input === null)
    throw argumentError(`${what} must be a path, a checkpoint or an object of tensors by name, not ${spell(input)}`);
  return { checkpoint: Checkpoint.fromTensors(input), isOwn: true };
}

/** How a comparison with these options opens its checkpoints; one side, or both alike. */
export function chooseLoadOptions(options: CompareOptions, side?: 'old' | 'new'): LoadOptions {
  const { includeOptimizer, raw, limits, signal, onProgress } = options;
  const own = side === undefined ? undefined : options[side];
  const [key, variant] = [own?.key ?? options.key, own?.variant ?? options.variant];
  return {
    ...(key !== undefined && { key }),
    ...(variant !== undefined && { variant }),
    ...(own?.adapter !== undefined && { adapter: own.adapter }),
    ...(includeOptimizer !== undefined && { includeOptimizer }),
    ...(raw !== undefined && { raw }),
    ...(limits !== undefined && { limits }),
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && { onProgress }),
  };
}

/** Both sides as reports tell of them. */
export function describeSides(
  old: Checkpoint,
  newer: Checkpoint,
  columns: { readonly old: SideColumns; readonly new: SideColumns },
  {
    unused,
    keys,
    findings,
  }: {
    readonly unused: readonly UnusedRule[];
    readonly keys: { readonly old: string | null; readonly new: string | null };
    /** What else was noticed of a side. */
    readonly findings: Readonly<Record<'old' | 'new', readonly Finding[]>>;
  },
): { readonly old: ComparedSide; readonly new: ComparedSide } {
  const paths = [old, newer].filter((checkpoint) => !isInMemory(checkpoint)).map(({ path }) => path);
  const names = tellApart(paths);
  const name = (checkpoint: Checkpoint, side: string): string => (isInMemory(checkpoint) ? side : (names.shift() ?? side));
  const describe = (checkpoint: Checkpoint, side: 'old' | 'new', told: readonly UnusedRule['side'][]): ComparedSide =>
    describeSide(checkpoint, name(checkpoint, side), columns[side], [
      ...findings[side],
      ...describeKey(keys[side]),
      ...unused.filter((rule) => told.includes(rule.side)).map(describeUnused),
    ]);
  return { old: describe(old, 'old', ['both', 'old']), new: describe(newer, 'new', ['new']) };
}

/** The mapping that was taken for the sake of the other side. */
export function describeKey(key: string | null): Finding[] {
  if (key === null) return [];
  const what = key === '' ? 'everything in the file' : `of the mappings in the file ${JSON.stringify(key)}`;
  const message = `${what} was taken: its names fit the other checkpoint best`;
  return [{ code: 'KeyChosen', severity: 'info', message, path: null, offset: null }];
}

/** Whether a checkpoint has no path. */
export function isInMemory({ format }: Pick<Checkpoint, 'format'>): boolean {
  return format === 'memory';
}

function describeSide(checkpoint: Checkpoint, name: string, columns: SideColumns, own: readonly Finding[]): ComparedSide {
  const inside = (path: string): string => placeInside(checkpoint.path, path);
  return {
    name,
    format: checkpoint.format,
    files: isInMemory(checkpoint) ? [] : checkpoint.files.map(({ path, bytes }) => ({ path: inside(path), bytes })),
    findings: [
      ...checkpoint.findings.map((finding) => ({
        ...finding,
        path: finding.path === null ? null : inside(finding.path),
      })),
      ...own,
    ],
    ...measureSide(columns),
  };
}
