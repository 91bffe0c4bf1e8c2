import type {
  Analysis,
  AnalysisConfig,
  ChangePattern,
  DiffSummary,
  LayerAnalysis,
  ParameterDiff,
  PatternResult,
  StageComparison,
  TrainingInsight,
} from '../types.ts';
import { readContext } from './context.ts';
import { profileDepth } from './depth-profile.ts';
import { explainAll } from './insights/table.ts';
import { analyzeTypes } from './layer-analysis.ts';
import { compileUserPatterns, type UserTypes } from './layer-types/user-patterns.ts';
import { findColumns, linkColumns } from './linked-columns.ts';
import { detectPattern } from './patterns/detect.ts';
import { rankLayers, rankParameters } from './rankings.ts';
import { readColumns } from './rows-from-columns.ts';
import { readDiffs } from './rows-from-diffs.ts';
import { compareStages } from './stages.ts';
import type { TensorRow } from './tensor-row.ts';
import { composeVerdict } from './verdict.ts';

/** Explains what happened between two checkpoints. Pure: the same differences give the same analysis. */
export class DiffAnalyzer {
  readonly #config: AnalysisConfig;
  readonly #userTypes: UserTypes | null;

  /** @throws ModelDiffError `E_ARGUMENT` when an entry of `layerPatterns` is no regular expression */
  constructor(config: AnalysisConfig = {}) {
    this.#config = config;
    this.#userTypes = compileUserPatterns(config.layerPatterns);
  }

  /**
   * The whole analysis. It rests on `summary.tensors`, which has every tensor; without it on the listed `diffs`,
   * whose fields may then be missing where they were made by hand.
   */
  analyze(diffs: readonly ParameterDiff[], summary: DiffSummary): Analysis {
    const rows = this.#readRows(diffs, summary);
    const layerAnalysis = analyzeTypes(rows, this.#config.normalizeBySize);
    const pattern = this.#findPattern(rows);
    const context = readContext(rows, summary, layerAnalysis, pattern, this.#config);
    return {
      changePattern: pattern?.pattern ?? null,
      pattern,
      layerAnalysis,
      insights: explainAll(context, this.#hasDynamics),
      summary: {
        verdict: composeVerdict(context),
        band: context.band,
        change: context.overall.change,
        cosine: context.overall.cosine,
        unchangedShare: context.counts.unchangedShare,
        expectedUnchangedShare: context.counts.expectedUnchangedShare,
        unclassified: rows.filter((row) => row.class.type === 'other').map((row) => row.name),
        tensors: context.counts.byType,
      },
      depthProfile: profileDepth(context.measured),
    };
  }

  /** Change by layer type, over all tensors of the comparison that `diffs` shows; over `diffs` where it was made by hand. */
  analyzeLayerTypes(diffs: readonly ParameterDiff[]): Record<string, LayerAnalysis> {
    return analyzeTypes(this.#readRows(diffs), this.#config.normalizeBySize);
  }

  /** Where in the network the change sits, as {@link analyzeLayerTypes} over all tensors. `layerAnalysis` is taken for the sake of the signature: types are read from the names. */
  detectChangePattern(diffs: readonly ParameterDiff[], _layerAnalysis?: Readonly<Record<string, LayerAnalysis>>): ChangePattern {
    return this.explainChangePattern(diffs).pattern;
  }

  /** As {@link detectChangePattern}, with probabilities and evidence. */
  explainChangePattern(diffs: readonly ParameterDiff[]): PatternResult {
    return detectPattern(this.#readRows(diffs));
  }

  /** The explained conclusions. What is not given is computed. */
  generateInsights(
    diffs: readonly ParameterDiff[],
    summary: DiffSummary,
    layerAnalysis?: Readonly<Record<string, LayerAnalysis>>,
    _changePattern?: ChangePattern | null,
  ): TrainingInsight[] {
    const rows = this.#readRows(diffs, summary);
    const pattern = this.#findPattern(rows);
    const types = layerAnalysis ?? analyzeTypes(rows, this.#config.normalizeBySize);
    return explainAll(readContext(rows, summary, types, pattern, this.#config), this.#hasDynamics);
  }

  /** The modified tensors with the largest relative change. */
  getMostChangedParameters(diffs: readonly ParameterDiff[], topK = 20): ParameterDiff[] {
    return rankParameters(diffs, topK);
  }

  /** Layers by the sum of the relative changes of their modified tensors. */
  getLayerChangeRanking(diffs: readonly ParameterDiff[]): [string, number][] {
    return rankLayers(diffs);
  }

  /** How the change of each tensor developed from one stage of training to the next. */
  compareTrainingStages(diffs1: readonly ParameterDiff[], diffs2: readonly ParameterDiff[]): StageComparison {
    return compareStages(diffs1, diffs2);
  }

  get #hasDynamics(): boolean {
    return this.#config.analyzeTrainingDynamics ?? true;
  }

  #findPattern(rows: readonly TensorRow[]): PatternResult | null {
    const isKnown = rows.some((row) => row.isCompared && Number.isFinite(row.change));
    return this.#hasDynamics && isKnown ? detectPattern(rows) : null;
  }

  #readRows(diffs: readonly ParameterDiff[], summary: Partial<DiffSummary> = {}): TensorRow[] {
    linkColumns(diffs, summary.tensors);
    const columns = findColumns(diffs);
    return columns === undefined ? readDiffs(diffs, this.#userTypes) : readColumns(columns, this.#userTypes);
  }
}
