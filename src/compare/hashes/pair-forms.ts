import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Finding } from '../../checkpoint/types.ts';
import type { Manifest } from '../../comparison/manifest.ts';
import { splitFused } from '../../names/fused.ts';
import { translateNames } from '../../names/gguf/translate.ts';
import type { Transform } from '../../names/gguf/types.ts';
import { invertSteps } from '../../names/invert-steps.ts';
import type { NameChange } from '../../names/name-change.ts';
import type { NamedTensors, NamedView } from '../../names/named-view.ts';
import { derive, listTensors, type Side } from '../derive.ts';
import { describeTranslation, sharesNames } from '../translate-gguf.ts';

/** A checkpoint in the form of the manifest that it is compared with: under the same names, as far as there are hashes for it. */
export interface PairedForms {
  readonly checkpoint: Checkpoint;
  readonly manifest: Manifest;
  /** Checkpoints made here, which the caller closes. */
  readonly made: readonly Checkpoint[];
  readonly changes: readonly NameChange[];
  /** Of the side that is a GGUF file. */
  readonly findings: Readonly<Record<'checkpoint' | 'manifest', readonly Finding[]>>;
}

/**
 * What two checkpoints are brought to before they are compared, where one of them is a manifest: values can be turned, cut and changed on the
 * side of the checkpoint alone, so what the manifest's side would need is undone there, and left where nothing undoes it.
 *
 * @param side of the checkpoint
 */
export function pairForms(checkpoint: Checkpoint, manifest: Manifest, side: Side): PairedForms {
  const translated = pairGguf(checkpoint, manifest, side);
  const own = listTensors(translated.checkpoint);
  const { views, rows, rules } = splitFused(own, listManifest(translated.manifest));
  if (views.length === 0) return translated;
  const split = derive(
    translated.checkpoint,
    [...own.names.keys()].filter((row) => !rows.has(row)),
    views,
  );
  const changes = [...rules].map(([rule, tensors]): NameChange => ({ side, kind: 'split', rule, tensors }));
  return { ...translated, checkpoint: split, made: [...translated.made, split], changes: [...translated.changes, ...changes] };
}

function listManifest({ tensors }: Manifest): NamedTensors {
  const rows = new Map(tensors.map(({ name }, row) => [name, row]));
  return {
    names: tensors.map(({ name }) => name),
    find: (name) => rows.get(name),
    shape: (row) => tensors[row]?.shape ?? [],
    isReadable: (row) => tensors[row]?.hash !== null,
  };
}

/** What of the converter's work hashes cannot undo, in words. */
const LOST: Readonly<Partial<Record<Transform, string>>> = {
  add_one: 'norms with 1 added',
  experts: 'all experts of a block in one tensor',
};

function pairGguf(checkpoint: Checkpoint, manifest: Manifest, side: Side): PairedForms {
  const same = { checkpoint, manifest, made: [], changes: [], findings: { checkpoint: [], manifest: [] } };
  const isOwn = checkpoint.format === 'gguf';
  if (isOwn === (manifest.format === 'gguf')) return same;
  const [own, hashed] = [listTensors(checkpoint), listManifest(manifest)];
  const [gguf, other] = isOwn ? [own, hashed] : [hashed, own];
  if (sharesNames(gguf, other)) return same;
  const translation = translateNames(gguf, (isOwn ? checkpoint : manifest).metadata, other);
  const [ownViews, hashedViews] = isOwn
    ? [translation.views, translation.otherViews]
    : [translation.otherViews, translation.views];
  const views = new Map(ownViews.map((view) => [view.name, view]));
  const names = new Map<number, string>();
  const lost = new Map<string, Transform>();
  for (const { name, row, steps } of hashedViews) {
    // What was added and is taken off again has been rounded in between: other bytes, another hash.
    const isShifted = steps.some(({ operation }) => operation === 'add');
    const back = isShifted ? null : invertSteps(steps, hashed.shape(row));
    if (back === null) lost.set(name, isShifted ? 'add_one' : 'experts');
    else {
      names.set(row, name);
      const view = views.get(name) ?? findWhole(name, own);
      if (view !== undefined && back.length > 0) views.set(name, { ...view, steps: [...view.steps, ...back] });
    }
  }
  for (const name of lost.keys()) views.delete(name);
  const taken = new Set([...views.values()].map(({ row }) => row));
  const kept = [...own.names.keys()].filter((row) => !taken.has(row));
  const derived = derive(checkpoint, kept, [...views.values()]);
  const ofGguf = (name: string): number | undefined => translation.views.find((view) => view.name === name)?.row;
  const notUndone = new Map([
    ...translation.notUndone,
    ...[...lost].flatMap(([name, transform]) => [[ofGguf(name) ?? -1, LOST[transform] ?? ''] as const]),
  ]);
  const unknown = [...new Set([...translation.unknown, ...notUndone.keys()])];
  const told = [...translation.transformed].filter(([transform]) => ![...lost.values()].includes(transform));
  const found = describeTranslation({ ...translation, unknown, notUndone, transformed: new Map(told) }, gguf.names);
  return {
    checkpoint: derived,
    manifest: isOwn
      ? manifest
      : { ...manifest, tensors: manifest.tensors.map((tensor, row) => ({ ...tensor, name: names.get(row) ?? tensor.name })) },
    made: [derived],
    changes: [
      {
        side: isOwn ? side : side === 'old' ? 'new' : 'old',
        kind: 'gguf',
        rule: translation.architecture,
        tensors: gguf.names.length - unknown.length,
      },
    ],
    findings: isOwn ? { checkpoint: found, manifest: [] } : { checkpoint: [], manifest: found },
  };
}

function findWhole(name: string, own: NamedTensors): NamedView | undefined {
  const row = own.find(name);
  return row === undefined ? undefined : { name, row, steps: [] };
}
