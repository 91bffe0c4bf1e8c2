import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { LOAD_OPTIONS, loadCheckpoint } from '../checkpoint/load.ts';
import { placeInside } from '../checkpoint/place-inside.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import type { LoadOptions, RunOptions } from '../checkpoint/types.ts';
import type { Manifest, ManifestTensor } from '../comparison/manifest.ts';
import type { InspectionProvenance } from '../comparison/provenance.ts';
import { spellPlace } from '../wording/address.ts';
import type { HashTable } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { threadCount } from '../native/threads.ts';
import { toNullable } from '../nullable.ts';
import { checkOptions, either, flag, type OptionsOf, wholeNumber } from '../options.ts';
import { TOOL } from '../tool.ts';
import { hashTensors, sortByName } from './hash-tensors.ts';

/** Options of `hashCheckpoint`; those of opening count for a path only. */
export interface HashOptions extends Omit<LoadOptions, 'computeStats'> {
  /** Worker threads. @default the number of available cores */
  readonly threads?: number;
  /** false: no date and no path, so that the same checkpoint gives the same bytes; an object: also the command line that asked. @default true */
  readonly provenance?: boolean | { readonly command: string };
}

const { computeStats: _, ...OPEN_OPTIONS } = LOAD_OPTIONS;

const HASH_OPTIONS: OptionsOf<HashOptions> = {
  ...OPEN_OPTIONS,
  threads: wholeNumber(1, 1024),
  provenance: either(flag, {
    expected: 'an object with a command',
    accepts: (value) => typeof (value as { command?: unknown } | null)?.command === 'string',
  }),
};

/**
 * Hashes every tensor of a checkpoint and takes its statistics, in one pass over its bytes. The hashes depend on no file format: the same
 * weights as safetensors, in a PyTorch file or in shards have the same ones. A tensor that cannot be read carries its error.
 *
 * @param checkpoint a path, or an open checkpoint, which stays open
 * @throws `ModelDiffError` for what cannot be opened or changes meanwhile; `signal.reason` after an abort.
 *
 * @example
 * await writeManifest('release.json', await hashCheckpoint('release/'));
 * const comparison = await compare(await readManifest('release.json'), 'deployed/');
 */
export async function hashCheckpoint(checkpoint: string | Checkpoint, options: HashOptions = {}): Promise<Manifest> {
  checkOptions(options, HASH_OPTIONS, 'hashCheckpoint');
  const { threads, provenance = true, ...open } = options;
  const run = { ...open, threads: threadCount(threads) };
  if (checkpoint instanceof Checkpoint) return hashOpen(checkpoint, run, provenance);
  const opened = await loadCheckpoint(checkpoint, open);
  try {
    return await hashOpen(opened, run, provenance);
  } finally {
    opened.close();
  }
}

async function hashOpen(
  checkpoint: Checkpoint,
  { threads, signal, onProgress }: RunOptions & { readonly threads: number },
  provenance: NonNullable<HashOptions['provenance']>,
): Promise<Manifest> {
  const run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const found = await runJob('statistics', run, (control) => checkpoint.native.hash(threads, control));
  checkpoint.statistics.put(found.statistics, [...checkpoint.table.names.keys()]);
  const tensors = sortByName(listTensors(checkpoint, found));
  const { format, isRaw, files, hasFolder, metadata, config, configs, leftOut, findings } = checkpoint;
  const inside = (path: string): string => placeInside(checkpoint.path, path);
  const isFile = format !== 'memory';
  return {
    provenance: provenance === false ? null : describeOrigin(checkpoint, provenance === true ? null : provenance.command),
    hash: hashTensors(tensors),
    format,
    raw: isRaw,
    files: isFile ? files.map(({ path, bytes }) => ({ path: inside(path), bytes })) : [],
    hasFolder,
    metadata,
    config,
    configs,
    leftOut: leftOut.map(({ kind, role, name, bytes }) => ({ kind, role, name, bytes })),
    findings: findings.map((finding) => ({ ...finding, path: finding.path === null ? null : inside(finding.path) })),
    tensors,
  };
}

function describeOrigin({ path }: Checkpoint, command: string | null): InspectionProvenance {
  return { version: TOOL.version, created: new Date().toISOString(), checkpoint: spellPlace(path), command };
}

/** Bytes of a hash. */
const HASH_BYTES = 32;

function listTensors({ table }: Checkpoint, { hashes, statistics }: HashTable): ManifestTensor[] {
  const column = columnReader(statistics);
  const bytes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const errors = new Map(statistics.failures.map(({ row, failure }) => [row, failure.message]));
  return table.names.map((name, row) => {
    const error = errors.get(row) ?? null;
    // Bytes whose meaning is not known have no statistics.
    const at = (metric: string): number | null => (table.raw.has(row) ? null : toNullable(column(metric)[row]));
    return {
      name,
      dtype: table.dtype(row),
      shape: table.shape(row),
      numElements: table.elements[row] ?? 0,
      sizeBytes: table.bytes[row] ?? 0,
      hash: error === null ? bytes.toString('hex', row * HASH_BYTES, (row + 1) * HASH_BYTES) : null,
      norm: at('norm'),
      mean: at('mean'),
      std: at('std'),
      min: at('min'),
      max: at('max'),
      zeros: at('zeros'),
      nan: at('nan'),
      inf: at('inf'),
      error,
    };
  });
}
