import type { Comparison } from '../comparison/comparison.ts';

/** What `ModelDiff.diff` and `compareCheckpoints` return: a {@link Comparison}, of which the Python package knows these two fields. */
export type DiffResult = Pick<Comparison, 'diffs' | 'summary'>;

/** Result of `DiffAnalyzer.compareTrainingStages`: how the change of each tensor developed from stage 1 to stage 2. */
export interface StageComparison {
  /** Tensors whose share of the overall change grew by half or more: [name, relative change 1, relative change 2]. */
  readonly accelerating: readonly (readonly [string, number, number])[];
  /** Tensors whose share fell by a third or more. */
  readonly decelerating: readonly (readonly [string, number, number])[];
  readonly stableCount: number;
  readonly acceleratingCount: number;
  readonly deceleratingCount: number;
  /** Tensors that changed in stage 2 only. */
  readonly started: readonly string[];
  /** Tensors that changed in stage 1 only. */
  readonly finished: readonly string[];
  /** Sum of the tensors' relative changes in stage 1. */
  readonly totalStage1Change: number;
  readonly totalStage2Change: number;
}
