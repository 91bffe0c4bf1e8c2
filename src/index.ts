/**
 * model-diff compares two machine-learning checkpoints tensor by tensor and explains what training changed.
 *
 * @module
 */
export { Checkpoint } from './checkpoint/checkpoint.ts';
export type { Dtype, KnownDtype } from './checkpoint/dtype.ts';
export { detectFormat, loadCheckpoint } from './checkpoint/load.ts';
export type * from './checkpoint/types.ts';
export type * from './checkpoint/view-types.ts';

export { hashCheckpoint } from './manifest/hash-checkpoint.ts';
export type { HashOptions } from './manifest/hash-checkpoint.ts';
export { readManifest } from './manifest/read.ts';
export { writeManifest } from './manifest/write.ts';

export { compare } from './compare/compare.ts';
export { compareStructure } from './compare/compare-structure.ts';
export type { CheckpointInput } from './compare/inputs.ts';
export type { CompareOptions, DiffConfig, SideOptions } from './compare/options.ts';
export { Comparison } from './comparison/comparison.ts';
export type { RowOptions } from './comparison/comparison.ts';
export type { ComparisonData, ComparisonOptions } from './comparison/data.ts';
export { CHANGE_TYPES, ROUNDING_SHAPES } from './comparison/columns.ts';
export type {
  BoundColumns,
  ChangeType,
  HistogramColumns,
  RoundingColumns,
  RoundingShape,
  SideColumns,
  TensorColumns,
} from './comparison/columns.ts';
export type { PartialRow } from './comparison/from-rows.ts';
export type { LeftOutDifference } from './comparison/left-out.ts';
export type { Manifest, ManifestLeftOut, ManifestTensor } from './comparison/manifest.ts';
export type { PairMetrics, ProbeMetrics, SideMetrics } from './comparison/metrics.ts';
export type { InspectionProvenance, Origin, Provenance } from './comparison/provenance.ts';
export type { ParameterDiff } from './comparison/rows.ts';
export type { ComparedFile, ComparedSide, SideTotals } from './comparison/side.ts';
export type * from './comparison/structure.ts';
export type { ConfigChange, DiffSummary, MovedBlocks, PartialCoverage, ResizedTensor } from './comparison/summary.ts';
export type { NameChange } from './names/name-change.ts';
export type { LayerType } from './layer-types/layer-type.ts';
export type { LayerPatterns } from './layer-types/user-patterns.ts';

export { analyze } from './analysis/analyze.ts';
export type * from './analysis/types.ts';

export { compareSeries } from './series/compare-series.ts';
export { createSeries } from './series/create-series.ts';
export type { SeriesOptions, SeriesRunOptions } from './series/options.ts';
export type { Series } from './series/series.ts';
export type * from './series/types.ts';

export { combineParts } from './parts/combine-parts.ts';
export { comparePart } from './parts/compare-part.ts';
export { partsStatus } from './parts/parts-status.ts';
export { planParts } from './parts/plan-parts.ts';
export type * from './parts/types.ts';

export { checkRules } from './rules/check.ts';
export type * from './rules/types.ts';

export { createSeriesReport, renderReport } from './report/render.ts';
export type { RenderOptions, SeriesReportOptions } from './report/render.ts';
export { parseReport } from './report/json/parse.ts';
export type { ReportFormat } from './report/formats.ts';
export type { HtmlDetail, VisualizationConfig } from './report/options.ts';

export { ModelDiffError } from './errors.ts';
export type { ErrorCode, ErrorDetails, ErrorKind } from './errors.ts';

// The API of the Python package that this one succeeds.
export { CheckpointLoader } from './original/checkpoint-loader.ts';
export { ModelDiff, compareCheckpoints } from './original/model-diff.ts';
export { DiffAnalyzer } from './original/diff-analyzer.ts';
export { DiffVisualizer, createDiffReport } from './original/diff-visualizer.ts';
export type { DiffReportOptions } from './original/diff-visualizer.ts';
export type { LayerDiff } from './original/layer-diff.ts';
export type { DiffResult, StageComparison } from './original/types.ts';
