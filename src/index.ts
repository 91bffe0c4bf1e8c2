/**
 * model-diff compares two machine-learning checkpoints tensor by tensor and explains what training changed.
 *
 * @module
 */
export { Checkpoint, CheckpointLoader, loadCheckpoint } from './checkpoint.ts';
export { ModelDiff, compareCheckpoints } from './diff.ts';
export { ModelDiffError } from './errors.ts';
export type { ErrorKind } from './errors.ts';
export { DiffAnalyzer } from './analysis/index.ts';
export { compareSeries } from './series.ts';
export { DiffVisualizer, createDiffReport, createSeriesReport, parseReport } from './report/index.ts';
export type { DiffReportOptions, ParsedReport, ReportFormat, SeriesReportOptions } from './report/index.ts';
export type * from './types.ts';
export { CHANGE_TYPES } from './types.ts';
