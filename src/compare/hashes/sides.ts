import { ModelDiffError } from '../../errors.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { RunOptions } from '../../checkpoint/types.ts';
import type { Manifest } from '../../comparison/manifest.ts';
import { spellPlace } from '../../wording/address.ts';
import { findFault } from '../../manifest/find-fault.ts';
import { hashCheckpoint } from '../../manifest/hash-checkpoint.ts';
import { readManifest } from '../../manifest/read.ts';
import { isInMemory, type ManifestInput } from '../inputs.ts';

/** One side of a comparison by hash. */
export interface HashedSide {
  readonly manifest: Manifest;
  /** true where it was given as a manifest; a checkpoint was hashed. */
  readonly isManifest: boolean;
  /** What it is called by; null where it has no path. */
  readonly path: string | null;
  /** Where it comes from, for the provenance. */
  readonly place: string | null;
}

/** A manifest that was given in the place of a checkpoint, by its path or as it is. */
export async function openManifest(input: ManifestInput, run: RunOptions): Promise<HashedSide> {
  if (typeof input === 'string') {
    const manifest = await readManifest(input, run.signal === undefined ? {} : { signal: run.signal });
    return { manifest, isManifest: true, path: input, place: input };
  }
  const fault = findFault(input);
  if (fault !== null) throw new ModelDiffError(fault.message, { kind: 'Format', code: fault.code });
  const place = input.provenance?.checkpoint ?? null;
  return { manifest: input, isManifest: true, path: place, place };
}

/** A checkpoint, hashed to be compared with a manifest. */
export async function hashSide(checkpoint: Checkpoint, threads: number, run: RunOptions): Promise<HashedSide> {
  const { signal, onProgress } = run;
  const manifest = await hashCheckpoint(checkpoint, { threads, ...(signal && { signal }), ...(onProgress && { onProgress }) });
  const path = isInMemory(checkpoint) ? null : checkpoint.path;
  return { manifest, isManifest: false, path, place: path === null ? null : spellPlace(path) };
}
