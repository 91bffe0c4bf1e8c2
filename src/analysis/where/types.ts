import type { TensorClass } from '../../layer-types/tensor-class.ts';

/** A tensor with its place in the model. */
export interface Member {
  readonly name: string;
  readonly class: TensorClass;
}

/**
 * What a group of tensors has in common:
 * `type` a layer type, `embeddings` token and position embeddings alike, `role` type and role (`mlp expert`), `kind` weights, biases or
 * buffers, `type_kind` both (`attention bias`), `statistics` what batch norms count, `tower` and `top` (first segment of the name) a part
 * of the model, `segment` the last segment of a module, `inside` all modules below a path in a block, `module` one module of
 * every block, `key` one tensor of every block.
 */
export type GroupBy =
  | 'type'
  | 'embeddings'
  | 'role'
  | 'kind'
  | 'type_kind'
  | 'statistics'
  | 'tower'
  | 'top'
  | 'segment'
  | 'inside'
  | 'module'
  | 'key';

/** One group of tensors, by what its members have in common. */
export interface ModuleGroup {
  readonly by: GroupBy;
  readonly value: string;
}

/** A product set: tensors of these modules, in these blocks of this stack, of these experts. */
export interface WhereTerm {
  /** The groups of which a tensor is in one; null for all. */
  readonly modules: readonly ModuleGroup[] | null;
  /** The tensors are those in none of the groups. */
  readonly isAllBut: boolean;
  /** Path of the stack of blocks; null for all. */
  readonly stack: string | null;
  /** Only tensors outside of all stacks. */
  readonly isOutside: boolean;
  /** Depths in the stack, ascending; null for all. */
  readonly blocks: readonly number[] | null;
  /** Indices of experts, ascending; null for all tensors, of experts or not. */
  readonly experts: readonly number[] | null;
}

/** A set of tensors in words. */
export interface Where {
  /** The set in English, to be put into a sentence: `q_proj and v_proj, in all 6 blocks`, `blocks 8–31`, `everything but the embeddings`. */
  readonly text: string;
  /** The same in two halves between which a verb may stand: `q_proj and v_proj` and `in all 6 blocks`. The second is '' where `text` is one. */
  readonly subject: string;
  readonly place: string;
  /** Whether `subject` takes a verb in the plural. */
  readonly isPlural: boolean;
  /** The set is the union of these, or all but it with `isComplement`, without `exceptions`. */
  readonly terms: readonly WhereTerm[];
  readonly isComplement: boolean;
  /** Names of tensors that the terms take in and that are not in the set: at most three, and 5% of the set. */
  readonly exceptions: readonly string[];
  /** Tensors in the set. */
  readonly tensors: number;
  /** Whether terms and exceptions give the set exactly. If not, the words count what the terms do not hold. */
  readonly exact: boolean;
  /** Length of the description in units of one word to remember; Infinity where no exact one was found. */
  readonly size: number;
}
