import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Comparison } from '../../comparison/comparison.ts';
import type { Manifest } from '../../comparison/manifest.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { chooseMapping } from '../choose-mapping.ts';
import { type CheckpointInput, chooseLoadOptions, describeKey, isManifest, openInput } from '../inputs.ts';
import type { CompareOptions, ResolvedOptions } from '../options.ts';
import { compareHashes } from './compare-hashes.ts';
import { type HashedSide, hashSide, openManifest } from './sides.ts';

type Side = 'old' | 'new';

/** A comparison in which one side or both are manifests: a checkpoint on the other side is opened as the manifest's was, and hashed. */
export async function compareWithManifest(
  inputs: Readonly<Record<Side, CheckpointInput | Manifest>>,
  resolved: ResolvedOptions,
  options: CompareOptions,
): Promise<Comparison> {
  const open = async (side: Side): Promise<HashedSide | null> => {
    const input = inputs[side];
    if (!isManifest(input)) return null;
    refuseOpening(side, options);
    return openManifest(input, options);
  };
  const given = { old: await open('old'), new: await open('new') };
  const raw = chooseRaw(given, options.raw);
  const read = async (side: Side): Promise<HashedSide> =>
    given[side] ??
    readCheckpoint(inputs[side] as CheckpointInput, side, given[side === 'old' ? 'new' : 'old'], raw, resolved, options);
  return compareHashes(await read('old'), await read('new'), resolved, options);
}

async function readCheckpoint(
  input: CheckpointInput,
  side: Side,
  other: HashedSide | null,
  raw: boolean,
  resolved: ResolvedOptions,
  options: CompareOptions,
): Promise<HashedSide> {
  const loading = { ...chooseLoadOptions(options, side), raw };
  const { checkpoint, isOwn } = await openInput(input, `the ${side} side`, loading);
  const opened: Checkpoint[] = isOwn ? [checkpoint] : [];
  try {
    if (checkpoint.isRaw !== raw)
      throw rawDiffers(`the ${side} checkpoint was opened ${checkpoint.isRaw ? 'with' : 'without'} raw`);
    const names = (other?.manifest.tensors ?? []).map(({ name }) => name);
    const chosen =
      typeof input === 'string'
        ? await chooseMapping(input, checkpoint, { table: { names } }, side, loading, resolved.names)
        : { checkpoint, key: null };
    if (chosen.checkpoint !== checkpoint) opened.push(chosen.checkpoint);
    const hashed = await hashSide(chosen.checkpoint, resolved.threads, options);
    const findings = [...hashed.manifest.findings, ...describeKey(chosen.key)];
    return { ...hashed, manifest: { ...hashed.manifest, findings } };
  } finally {
    for (const one of opened) one.close();
  }
}

/** Whether quantised tensors are what files store: as the manifest has them. */
function chooseRaw(given: Readonly<Record<Side, HashedSide | null>>, asked: boolean | undefined): boolean {
  const [first, second] = [given.old, given.new].flatMap((side) => (side === null ? [] : [side.manifest.raw]));
  const raw = first ?? asked ?? false;
  if (second !== undefined && second !== raw) throw rawDiffers('one of the manifests was made with raw, and the other without');
  if (asked !== undefined && asked !== raw) throw rawDiffers(`the manifest was made ${raw ? 'with' : 'without'} raw`);
  return raw;
}

function rawDiffers(message: string): ModelDiffError {
  return new ModelDiffError(`quantized tensors were read in two ways: ${message}`, {
    kind: 'Mismatch',
    code: 'E_ARGUMENT',
    option: 'raw',
    hint: 'hash both in the same way',
  });
}

/** Options of opening a side that a manifest does not open. */
function refuseOpening(side: Side, options: CompareOptions): void {
  for (const option of ['key', 'variant', 'adapter'] as const) {
    if (options[side]?.[option] !== undefined)
      throw argumentError(
        `${side}.${option} has no effect: the ${side} side is a manifest`,
        'give it to hashCheckpoint, which makes the manifest',
        `${side}.${option}`,
      );
  }
}
