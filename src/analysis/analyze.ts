import { checkComparison } from '../comparison/check.ts';
import type { Comparison } from '../comparison/comparison.ts';
import type { ComparisonData } from '../comparison/data.ts';
import { isUnmeasured, type TensorColumns } from '../comparison/columns.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { compileUserPatterns, LAYER_PATTERNS } from '../layer-types/user-patterns.ts';
import { checkOptions, flag, numberFrom, type OptionsOf } from '../options.ts';
import { readContext } from './context.ts';
import { COVERED } from './coverage.ts';
import { profileDepth } from './depth-profile.ts';
import { listExplanations } from './explanations/explain.ts';
import { composeHashVerdict } from './hash-verdict.ts';
import { explainAll, explainStructure } from './insights/table.ts';
import { analyzeTypes } from './layer-analysis.ts';
import { detectPattern } from './patterns/detect.ts';
import { readRows } from './rows.ts';
import type { TensorRow } from './tensor-row.ts';
import type { Analysis, AnalysisConfig, PatternResult } from './types.ts';
import { composeVerdict } from './verdict.ts';

export const ANALYSIS_OPTIONS: OptionsOf<AnalysisConfig> = {
  significantChangeThreshold: numberFrom(0),
  layerPatterns: LAYER_PATTERNS,
  analyzeTrainingDynamics: flag,
  normalizeBySize: flag,
};

/**
 * Explains a comparison. Pure: the same values give the same analysis, whether they come from files, from a saved report or from a clone.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or what is no comparison.
 *
 * @example
 * const { summary, insights } = analyze(await compare('base/', 'tuned/'));
 */
export function analyze(comparison: Comparison | ComparisonData, config: AnalysisConfig = {}): Analysis {
  checkOptions(config, ANALYSIS_OPTIONS, 'analyze');
  checkComparison(comparison, 'analyze');
  return analyzeColumns(comparison.columns, comparison.summary, config);
}

/** The whole analysis of columns and the totals that go with them. */
export function analyzeColumns(columns: TensorColumns, summary: DiffSummary, config: AnalysisConfig): Analysis {
  const rows = readRows(columns, compileUserPatterns(config.layerPatterns));
  if (columns.names.some((_, row) => isUnmeasured(columns, row))) return analyzeHashes(columns, summary, rows, config);
  const layerAnalysis = analyzeTypes(rows, config.normalizeBySize);
  const found = findPattern(rows, config);
  const context = readContext(rows, summary, layerAnalysis, found, config);
  // What half of a model did says nothing of the model.
  const isCovered = context.coverage.share >= COVERED.half;
  const pattern = isCovered ? found : null;
  return {
    changePattern: pattern?.pattern ?? null,
    pattern,
    layerAnalysis,
    insights: isCovered ? explainAll(context, config.analyzeTrainingDynamics ?? true) : explainStructure(context),
    explanations: listExplanations(context.claims, rows),
    summary: {
      verdict: composeVerdict(context),
      band: isCovered ? context.band : null,
      change: context.overall.change,
      cosine: context.overall.cosine,
      unchangedShare: context.counts.unchangedShare,
      expectedUnchangedShare: context.counts.expectedUnchangedShare,
      unclassified: listUnclassified(rows),
      tensors: context.counts.byType,
    },
    depthProfile: profileDepth(context.measured),
  };
}

/** Of hashes that differ: where tensors differ is told, and nothing that rests on how. */
function analyzeHashes(
  columns: TensorColumns,
  summary: DiffSummary,
  rows: readonly TensorRow[],
  config: AnalysisConfig,
): Analysis {
  const context = readContext(rows, summary, {}, null, config);
  return {
    changePattern: null,
    pattern: null,
    layerAnalysis: {},
    insights: explainStructure(context),
    explanations: [],
    summary: {
      verdict: composeHashVerdict(context, columns),
      band: null,
      change: null,
      cosine: null,
      unchangedShare: null,
      expectedUnchangedShare: null,
      unclassified: listUnclassified(rows),
      tensors: context.counts.byType,
    },
    depthProfile: [],
  };
}

function listUnclassified(rows: readonly TensorRow[]): string[] {
  return rows.filter((row) => row.class.type === 'other').map((row) => row.name);
}

/** The pattern of a change; null where there is none to be seen, or it is not asked for. */
export function findPattern(
  rows: readonly TensorRow[],
  { analyzeTrainingDynamics = true }: AnalysisConfig,
): PatternResult | null {
  const isKnown = rows.some((row) => row.isCompared && Number.isFinite(row.change));
  return analyzeTrainingDynamics && isKnown ? detectPattern(rows) : null;
}
