import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Comparison } from '../../comparison/comparison.ts';
import type { Finding } from '../../checkpoint/types.ts';
import type { Manifest } from '../../comparison/manifest.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { chooseMapping } from '../choose-mapping.ts';
import { type CheckpointInput, chooseLoadOptions, describeKey, isManifest, openInput } from '../inputs.ts';
import type { CompareOptions, ResolvedOptions } from '../options.ts';
import type { NameChange } from '../../names/name-change.ts';
import { compareHashes } from './compare-hashes.ts';
import { pairForms } from './pair-forms.ts';
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
  const { old, new: newer } = given;
  if (old !== null && newer !== null) return compareHashes(old, newer, resolved, options, []);
  const side = old === null ? 'old' : 'new';
  const other = old ?? newer;
  if (other === null) throw new Error('no side is a manifest');
  const { own, manifest, changes } = await readCheckpoint(inputs[side] as CheckpointInput, side, other, raw, resolved, options);
  return side === 'old'
    ? compareHashes(own, manifest, resolved, options, changes)
    : compareHashes(manifest, own, resolved, options, changes);
}

async function readCheckpoint(
  input: CheckpointInput,
  side: Side,
  other: HashedSide,
  raw: boolean,
  resolved: ResolvedOptions,
  options: CompareOptions,
): Promise<{ readonly own: HashedSide; readonly manifest: HashedSide; readonly changes: readonly NameChange[] }> {
  const loading = { ...chooseLoadOptions(options, side), raw };
  const { checkpoint, isOwn } = await openInput(input, `the ${side} side`, loading);
  const opened: Checkpoint[] = isOwn ? [checkpoint] : [];
  try {
    if (checkpoint.isRaw !== raw)
      throw rawDiffers(`the ${side} checkpoint was opened ${checkpoint.isRaw ? 'with' : 'without'} raw`);
    const names = other.manifest.tensors.map(({ name }) => name);
    const chosen =
      typeof input === 'string'
        ? await chooseMapping(input, checkpoint, { table: { names } }, side, loading, resolved.names)
        : { checkpoint, key: null };
    if (chosen.checkpoint !== checkpoint) opened.push(chosen.checkpoint);
    const forms = pairForms(chosen.checkpoint, other.manifest, side);
    opened.push(...forms.made);
    const hashed = await hashSide(forms.checkpoint, resolved.threads, options);
    const add = (manifest: Manifest, more: readonly Finding[]): Manifest => ({
      ...manifest,
      findings: [...manifest.findings, ...more],
    });
    return {
      own: { ...hashed, manifest: add(hashed.manifest, [...describeKey(chosen.key), ...forms.findings.checkpoint]) },
      manifest: { ...other, manifest: add(forms.manifest, forms.findings.manifest) },
      changes: forms.changes,
    };
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
