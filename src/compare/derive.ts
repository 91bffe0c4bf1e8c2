import { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Finding } from '../checkpoint/types.ts';
import type { NameChange } from '../names/name-change.ts';
import type { NamedTensors, NamedView } from '../names/named-view.ts';
import { binding } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';

export type Side = 'old' | 'new';

export const SIDES: readonly Side[] = ['old', 'new'];

/** Both sides under names that can be matched, and what was done for that. */
export interface TranslatedSides {
  readonly old: Checkpoint;
  readonly new: Checkpoint;
  /** Checkpoints made here, which the caller closes. */
  readonly made: readonly Checkpoint[];
  readonly changes: readonly NameChange[];
  readonly findings: Readonly<Record<Side, readonly Finding[]>>;
}

/** Both sides as they are. */
export function untranslated(old: Checkpoint, newer: Checkpoint): TranslatedSides {
  return { old, new: newer, made: [], changes: [], findings: { old: [], new: [] } };
}

export function listTensors({ table }: Checkpoint): NamedTensors {
  const { names, find, shape, errors, raw } = table;
  return { names, find, shape, isReadable: (row) => !errors.has(row) && !raw.has(row) };
}

/** A checkpoint of some of the tensors of another one, and views of them. The caller closes it. */
export function derive({ native }: Checkpoint, kept: readonly number[], views: readonly NamedView[]): Checkpoint {
  const programs = views.map(({ name, row, steps }) => ({ name, steps: [{ operation: 'tensor', numbers: [row] }, ...steps] }));
  return Checkpoint.fromNative(unwrap(binding().withViews(native, [...kept], programs)));
}
