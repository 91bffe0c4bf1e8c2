export { parseReport, type ParsedReport } from './parse-report.ts';
export { createDiffReport, type DiffReportOptions, DiffVisualizer, type ReportFormat } from './visualizer.ts';
export { createSeriesReport, type SeriesReportOptions } from './series/create.ts';
