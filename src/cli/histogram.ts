import { Comparison } from '../comparison/comparison.ts';
import type { ReportFormat } from '../report/formats.ts';
import type { Report } from '../report/report.ts';
import type { ResultFlags } from './flags.ts';
import type { OutputFile } from './output.ts';
import { chooseFormat } from './render.ts';

/** Whether changes are counted by size: a web page draws them, whether they were asked for or not. */
export function needsHistogram(flags: ResultFlags, outputs: readonly OutputFile[]): boolean {
  return flags.histogram === true || [chooseFormat(flags), ...outputs.map(({ format }) => format)].includes('html');
}

/**
 * What each format is written from. JSON has the counts only where they were asked for: a file must not depend on what else the run
 * writes.
 */
export function chooseReports(report: Report, flags: ResultFlags): (format: ReportFormat) => Report {
  const { histogram, ...columns } = report.columns;
  if (histogram === undefined || flags.histogram === true) return () => report;
  return (format) => {
    if (format !== 'json') return report;
    return { ...report, columns, comparison: Comparison.from({ ...report.comparison, columns }) };
  };
}
