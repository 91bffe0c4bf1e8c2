import type { ParameterDiff } from '../comparison/rows.ts';

/** Change of a module: the tensors that share a name up to its last segment. */
export interface LayerDiff {
  readonly name: string;
  readonly parameters: readonly ParameterDiff[];
  /** Sum of the tensors' `l2Diff`. */
  readonly totalL2Diff: number;
  /** Mean cosine over modified tensors, 1 when none is. */
  readonly avgCosineSim: number;
  /** Tensors of the layer that are not unchanged. */
  readonly numChanges: number;
}
