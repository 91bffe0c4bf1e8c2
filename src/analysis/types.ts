import type { Severity } from '../checkpoint/types.ts';
import type { ChangeType } from '../comparison/columns.ts';
import type { LayerPatterns } from '../layer-types/user-patterns.ts';

/** The mechanical shape of a change: where in the network the change sits. */
export type ChangePattern =
  | 'uniform'
  | 'gradient'
  | 'inverse_gradient'
  | 'focused'
  | 'sparse'
  | 'attention_heavy'
  | 'mlp_heavy'
  | 'embedding_heavy';

/** Options of `DiffAnalyzer`. */
export interface AnalysisConfig {
  /** A layer type is reported as changed significantly when its R exceeds this. @default 0.1 */
  readonly significantChangeThreshold?: number;
  /** Regular expressions by layer type; they run before the built-in rules. */
  readonly layerPatterns?: LayerPatterns;
  /** false: no pattern and no insights on training dynamics. @default true */
  readonly analyzeTrainingDynamics?: boolean;
  /** Averages by layer type are R, in which large tensors count for more; false: plain means over tensors. @default true */
  readonly normalizeBySize?: boolean;
}

/** Change of all tensors of one layer type. */
export interface LayerAnalysis {
  readonly layerType: string;
  /** Modified tensors of the type. */
  readonly count: number;
  /** Sum of relative changes of the modified tensors. */
  readonly totalChange: number;
  /** R of the type (plain mean with `normalizeBySize: false`). */
  readonly avgChange: number;
  readonly maxChange: number;
  /** Names of the modified tensors. */
  readonly layers: readonly string[];
}

export type InsightCategory =
  | 'architecture'
  | 'training_dynamics'
  | 'stability'
  | 'magnitude'
  | 'layer_changes'
  | 'training_config';

/** What an insight is about; stable, for scripts. */
export type InsightCode =
  | 'non_finite_appeared'
  | 'non_finite_stayed'
  | 'conversion_overflowed'
  | 'tensors_failed'
  | 'left_out'
  | 'tie_broken'
  | 'norms_grew'
  | 'directions_changed'
  | 'architecture_changed'
  | 'embedding_resized'
  | 'configuration_changed'
  | 'elements_kept'
  | 'tensors_out_of_line'
  | 'types_changed'
  | 'experts_uneven'
  | 'parts_frozen'
  | 'size';

/** An explained conclusion and the numbers it rests on. */
export interface TrainingInsight {
  readonly code: InsightCode;
  readonly category: InsightCategory;
  readonly title: string;
  readonly description: string;
  readonly severity: Severity;
  /** The numbers behind every word of the description. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Probability that the conclusion is right, where it is inferred rather than read off; 0 to 1. */
  readonly confidence?: number;
}

/** Size of a change as a whole; says nothing about where it sits. */
export type MagnitudeBand = 'identical' | 'trace' | 'light' | 'standard' | 'strong' | 'heavy' | 'replaced';

/** The detected pattern with everything it rests on. */
export interface PatternResult {
  readonly pattern: ChangePattern;
  /** Probability of `pattern`, 0 to 1. */
  readonly confidence: number;
  /** True when the first probability is below 0.6. */
  readonly ambiguous: boolean;
  /** True when nothing changed at all: `pattern` is `sparse` then for the sake of the API, and reports say "identical". */
  readonly identical: boolean;
  /** All patterns with their probabilities, most likely first. */
  readonly probabilities: readonly (readonly [ChangePattern, number])[];
  /** Measured features: slope, tau, fold, shares. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** Causes that an explanation can name. */
export type ExplanationCode =
  /** NaN or Inf that came with the new checkpoint. */
  | 'broken'
  /** NaN or Inf of the old checkpoint that the new one has no more. */
  | 'mended'
  /** Values beyond the range of a narrower type. */
  | 'overflowed'
  | 'optimizer_state'
  /** Quantised weights, stored as codes. */
  | 'codes'
  | 'lossless_cast'
  | 'cast'
  /** Equal up to the rounding of f32, and not in every bit. */
  | 'rounding'
  /** The changes of an adapter beside whole weights. */
  | 'unmerged_adapter'
  | 'scaled'
  /** Blocks that are old ones at another depth. */
  | 'moved_blocks'
  /** Rows or columns in another order. */
  | 'reordered'
  /** One number added to every element. */
  | 'shifted'
  /** Old tensors under other names, by all their statistics. */
  | 'exchanged'
  /** Values on the grid of a quantisation. */
  | 'quantised'
  | 'pruned'
  | 'mask_lost'
  | 'rows_changed'
  | 'zeroed'
  | 'from_zero'
  | 'replaced'
  /** Updates that were rounded away step by step: no f32 master copy. */
  | 'rounded_steps'
  /** Elements that a mask left out of the update. */
  | 'masked'
  /** What is left: weights that were trained, merged or edited. */
  | 'changed'
  /** Running statistics of batch norms. */
  | 'statistics_moved';

/** What accounts for a part of the change. No tensor belongs to two of them. */
export interface Explanation {
  readonly code: ExplanationCode;
  /** What it says, without a full stop. */
  readonly sentence: string;
  /** Share of the sum of d^2 over all changed weights that its tensors hold, 0 to 1. */
  readonly share: number;
  /** Its tensors, as indices into the columns. */
  readonly tensors: readonly number[];
  /** The numbers of the sentence. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** The conclusion in one sentence and its numbers. */
export interface AnalysisSummary {
  /** One sentence: what happened and how sure that is. */
  readonly verdict: string;
  /** null where less than half of the elements were compared, and where a side was a manifest, whose hashes tell no sizes. */
  readonly band: MagnitudeBand | null;
  /** Overall R = sqrt(sum d^2 / sum max(old^2, new^2)) over matrices that were compared (over all tensors where there is none); null where a side was a manifest. */
  readonly change: number | null;
  /** Cosine between all matrices of old and new taken as one vector; null when a side is zero. */
  readonly cosine: number | null;
  /** Share of the common elements whose value did not change, 0 to 1; null when not counted. */
  readonly unchangedShare: number | null;
  /** Share of elements that rounding alone explains as unchanged; null where unknown. */
  readonly expectedUnchangedShare: number | null;
  /** Tensors whose type no rule knows. */
  readonly unclassified: readonly string[];
  /** Numbers of tensors by change type. */
  readonly tensors: Readonly<Record<ChangeType | 'failed' | 'identical', number>>;
}

/** Result of `DiffAnalyzer.analyze`. */
export interface Analysis {
  /** null with `analyzeTrainingDynamics: false` and where less than half of the elements were compared. */
  readonly changePattern: ChangePattern | null;
  readonly pattern: PatternResult | null;
  /** By layer type; the original's five types (`attention mlp embedding norm output`) and every other that occurs. */
  readonly layerAnalysis: Readonly<Record<string, LayerAnalysis>>;
  readonly insights: readonly TrainingInsight[];
  /** What accounts for the change, from what is broken to what was trained; the verdict is made of them. */
  readonly explanations: readonly Explanation[];
  readonly summary: AnalysisSummary;
  /** R by depth, for the chart: one entry a stack and depth, in order. */
  readonly depthProfile: readonly DepthPoint[];
}

/** Change of one block. */
export interface DepthPoint {
  /** Path of the stack of blocks, as `model.layers`. */
  readonly stack: string;
  readonly depth: number;
  /** R of the block's tensors. */
  readonly change: number;
}
