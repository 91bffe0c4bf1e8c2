import { renameSeries } from '../../analysis/series.ts';
import { argumentError } from '../../errors.ts';
import type { SeriesResult } from '../../types.ts';
import { REPORT_FORMATS, type ReportFormat } from '../visualizer.ts';
import { writeSeriesCsv } from './csv.ts';
import { writeSeriesHtml } from './html.ts';
import { writeSeriesJson } from './json.ts';
import { writeSeriesMarkdown } from './markdown.ts';
import { writeSeriesText } from './text.ts';

/** Options of {@link createSeriesReport}. */
export interface SeriesReportOptions {
  /** @default 'html' */
  readonly format?: ReportFormat;
  /** What the checkpoints are called, in their order. @default the names in the series */
  readonly names?: readonly string[];
  /** Rows of each list of tensors in the text, HTML and Markdown reports; what is left out is counted in words. @default 50 */
  readonly rows?: number;
}

/**
 * Writes the report of a series as a string. Everything that comes from a file is escaped for the format.
 * @throws ModelDiffError `E_ARGUMENT` for a format that there is not, or rows that are no whole number
 */
export function createSeriesReport(series: SeriesResult, options: SeriesReportOptions = {}): string {
  const { format = 'html', names, rows = 50 } = options;
  if (!Number.isInteger(rows) || rows < 0) throw argumentError(`rows: expected a whole number from 0, found ${String(rows)}`);
  const named = names === undefined ? series : renameSeries(series, names);
  switch (format) {
    case 'html':
      return writeSeriesHtml(named, rows);
    case 'json':
      return writeSeriesJson(named);
    case 'text':
      return writeSeriesText(named, { rows });
    case 'markdown':
      return writeSeriesMarkdown(named, { rows });
    case 'csv':
      return writeSeriesCsv(named);
    default:
      throw argumentError(`unknown report format ${JSON.stringify(format)}: expected one of ${REPORT_FORMATS.join(', ')}`);
  }
}
