import type { LeftOut } from '../checkpoint/types.ts';

/** Something that holds tensors, or could, on one side or both, and is not among the rows of a comparison. */
export interface LeftOutDifference {
  /** Path inside the folder, path of the mapping, or name of the record. */
  readonly name: string;
  readonly kind: LeftOut['kind'];
  /** `weights` could be weights of the model; `state` never is. */
  readonly role: LeftOut['role'];
  /** null where a side has nothing of the name. */
  readonly oldBytes: number | null;
  readonly newBytes: number | null;
  /** Whether both sides hold the same bytes; null where they were not read: one side has none, it is no weights, or a whole file of a server. */
  readonly same: boolean | null;
}

/** Whether it could be weights that differ: then nobody may call the checkpoints identical. */
export function isOpenQuestion({ role, same }: LeftOutDifference): boolean {
  return role === 'weights' && same !== true;
}
