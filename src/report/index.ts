export { parseReport, type ParsedReport } from './parse-report.ts';
export type { Overview, SideOverview } from './overview.ts';
export { createDiffReport, type DiffReportOptions, DiffVisualizer, REPORT_FORMATS, type ReportFormat } from './visualizer.ts';
