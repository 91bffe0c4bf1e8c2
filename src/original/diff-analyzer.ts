import { ANALYSIS_OPTIONS, analyzeColumns, findPattern } from '../analysis/analyze.ts';
import { readContext } from '../analysis/context.ts';
import { explainAll } from '../analysis/insights/table.ts';
import { analyzeTypes } from '../analysis/layer-analysis.ts';
import { detectPattern } from '../analysis/patterns/detect.ts';
import { readRows } from '../analysis/rows.ts';
import type { TensorRow } from '../analysis/tensor-row.ts';
import type {
  Analysis,
  AnalysisConfig,
  ChangePattern,
  LayerAnalysis,
  PatternResult,
  TrainingInsight,
} from '../analysis/types.ts';
import { checkRows, columnsFromRows, type PartialRow } from '../comparison/from-rows.ts';
import type { ParameterDiff } from '../comparison/rows.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { argumentError } from '../errors.ts';
import { compileUserPatterns, type UserTypes } from '../layer-types/user-patterns.ts';
import { checkOptions, isPlainObject, spell, wholeNumber } from '../options.ts';
import { readResult } from './results.ts';
import { rankLayers, rankParameters } from './rankings.ts';
import { compareStages } from './stages.ts';
import type { StageComparison } from './types.ts';

const COUNT = wholeNumber(0);

/** Explains what happened between two checkpoints, as `analyze` does. */
export class DiffAnalyzer {
  readonly #config: AnalysisConfig;
  readonly #userTypes: UserTypes | null;

  /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or a layer pattern that is no regular expression. */
  constructor(config: AnalysisConfig = {}) {
    checkOptions(config, ANALYSIS_OPTIONS, 'DiffAnalyzer');
    this.#config = config;
    this.#userTypes = compileUserPatterns(config.layerPatterns);
  }

  /**
   * The whole analysis. It rests on `summary.tensors`, which has every tensor; without it on `diffs`, whose fields may then be missing
   * where they were made by hand.
   */
  analyze(diffs: readonly PartialRow[], summary: Partial<DiffSummary>): Analysis {
    const result = readResult(diffs, summary);
    return analyzeColumns(result.columns, result.summary, this.#config);
  }

  /** Change by layer type over the tensors of the list. */
  analyzeLayerTypes(diffs: readonly PartialRow[]): Record<string, LayerAnalysis> {
    return analyzeTypes(this.#readRows(diffs), this.#config.normalizeBySize);
  }

  /** Where in the network the change sits, as far as the list tells. Types are read from the names, whatever `layerAnalysis` says. */
  detectChangePattern(diffs: readonly PartialRow[], layerAnalysis?: Readonly<Record<string, LayerAnalysis>>): ChangePattern;
  detectChangePattern(diffs: readonly PartialRow[]): ChangePattern {
    return this.explainChangePattern(diffs).pattern;
  }

  /** As {@link detectChangePattern}, with probabilities and evidence. */
  explainChangePattern(diffs: readonly PartialRow[]): PatternResult {
    return detectPattern(this.#readRows(diffs));
  }

  /** The explained conclusions. What is not given is computed. */
  generateInsights(
    diffs: readonly PartialRow[],
    summary: Partial<DiffSummary>,
    layerAnalysis?: Readonly<Record<string, LayerAnalysis>>,
    changePattern?: ChangePattern | null,
  ): TrainingInsight[];
  generateInsights(
    diffs: readonly PartialRow[],
    summary: Partial<DiffSummary>,
    layerAnalysis?: Readonly<Record<string, LayerAnalysis>>,
  ): TrainingInsight[] {
    if (layerAnalysis !== undefined && !isPlainObject(layerAnalysis))
      throw argumentError(`layerAnalysis must be what analyzeLayerTypes gave, not ${spell(layerAnalysis)}`);
    const result = readResult(diffs, summary);
    const rows = readRows(result.columns, this.#userTypes);
    const types = layerAnalysis ?? analyzeTypes(rows, this.#config.normalizeBySize);
    const context = readContext(rows, result.summary, types, findPattern(rows, this.#config), this.#config);
    return explainAll(context, this.#config.analyzeTrainingDynamics ?? true);
  }

  /** The modified tensors with the largest relative change. */
  getMostChangedParameters(diffs: readonly ParameterDiff[], topK = 20): ParameterDiff[] {
    checkRows(diffs, 'getMostChangedParameters');
    if (!COUNT.accepts(topK)) throw argumentError(`topK must be ${COUNT.expected}, not ${spell(topK)}`);
    return rankParameters(diffs, topK);
  }

  /** Layers by the sum of the relative changes of their modified tensors. */
  getLayerChangeRanking(diffs: readonly ParameterDiff[]): [string, number][] {
    checkRows(diffs, 'getLayerChangeRanking');
    return rankLayers(diffs);
  }

  /** How the change of each tensor developed from one stage of training to the next. */
  compareTrainingStages(diffs1: readonly PartialRow[], diffs2: readonly PartialRow[]): StageComparison {
    checkRows(diffs1, 'compareTrainingStages');
    checkRows(diffs2, 'compareTrainingStages');
    return compareStages(diffs1, diffs2);
  }

  #readRows(diffs: readonly PartialRow[]): TensorRow[] {
    checkRows(diffs, 'DiffAnalyzer');
    return readRows(columnsFromRows(diffs), this.#userTypes);
  }
}
