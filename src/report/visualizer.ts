import { argumentError } from '../errors.ts';
import type { Analysis, DiffSummary, ParameterDiff, VisualizationConfig } from '../types.ts';
import { writeCsv } from './csv.ts';
import { writeHtml } from './html.ts';
import { writeJson } from './json.ts';
import { writeMarkdown } from './markdown.ts';
import { prepareReport } from './report.ts';
import { writeText } from './text.ts';

/** Formats of {@link createDiffReport}. */
export type ReportFormat = 'html' | 'json' | 'text' | 'markdown' | 'csv';

/** All formats of reports. */
export const REPORT_FORMATS: readonly ReportFormat[] = ['text', 'json', 'html', 'markdown', 'csv'];

/** Options of {@link createDiffReport}. */
export interface DiffReportOptions {
  /** @default 'html' */
  readonly format?: ReportFormat;
  /** What the old checkpoint is called. @default 'Model A' */
  readonly oldName?: string;
  /** What the new checkpoint is called. @default 'Model B' */
  readonly newName?: string;
  readonly config?: VisualizationConfig;
}

/** Writes reports of a comparison as strings. Everything that comes from a file is escaped for the format. */
export class DiffVisualizer {
  readonly config: VisualizationConfig;

  /** @throws ModelDiffError `E_ARGUMENT` for a value that no report can be made with */
  constructor(config: VisualizationConfig = {}) {
    checkConfig(config);
    this.config = config;
  }

  /** One page without scripts or requests. */
  createHtmlReport(
    diffs: readonly ParameterDiff[],
    summary: DiffSummary,
    analysis: Analysis,
    oldName: string = 'Model A',
    newName: string = 'Model B',
  ): string {
    return writeHtml(prepareReport({ diffs, summary }, analysis, oldName, newName), this.config);
  }

  /** The same bytes for the same result; `parseReport` reads it back. */
  createJsonReport(
    diffs: readonly ParameterDiff[],
    summary: DiffSummary,
    analysis: Analysis,
    oldName: string = 'Model A',
    newName: string = 'Model B',
  ): string {
    return writeJson(prepareReport({ diffs, summary }, analysis, oldName, newName), this.config);
  }

  /** For a terminal or a log, names in full. The first line after the two of the header is the verdict. */
  createTextReport(
    diffs: readonly ParameterDiff[],
    summary: DiffSummary,
    analysis: Analysis,
    oldName: string = 'Model A',
    newName: string = 'Model B',
  ): string {
    return writeText(prepareReport({ diffs, summary }, analysis, oldName, newName), { rows: this.config.maxLayersDisplay ?? 50 });
  }
}

/**
 * Writes one report.
 * @throws ModelDiffError `E_ARGUMENT` for a format that there is not
 */
export function createDiffReport(
  diffs: readonly ParameterDiff[],
  summary: DiffSummary,
  analysis: Analysis,
  options: DiffReportOptions = {},
): string {
  const { format = 'html', oldName, newName, config = {} } = options;
  checkConfig(config);
  const report = prepareReport({ diffs, summary }, analysis, oldName, newName);
  const rows = config.maxLayersDisplay ?? 50;
  switch (format) {
    case 'html':
      return writeHtml(report, config);
    case 'json':
      return writeJson(report, config);
    case 'text':
      return writeText(report, { rows });
    case 'markdown':
      return writeMarkdown(report, { rows });
    case 'csv':
      return writeCsv(report);
    default:
      throw argumentError(`unknown report format ${JSON.stringify(format)}: expected one of ${REPORT_FORMATS.join(', ')}`);
  }
}

function checkConfig(config: VisualizationConfig): void {
  const { maxLayersDisplay = 50, chartWidth = 800, chartHeight = 400, colorScheme = 'default' } = config;
  if (!Number.isInteger(maxLayersDisplay) || maxLayersDisplay < 0)
    throw argumentError(`maxLayersDisplay: expected a whole number from 0, found ${String(maxLayersDisplay)}`);
  for (const [name, value] of [
    ['chartWidth', chartWidth],
    ['chartHeight', chartHeight],
  ] as const) {
    if (!Number.isFinite(value) || value < 100 || value > 10_000)
      throw argumentError(`${name}: expected 100 to 10000, found ${String(value)}`);
  }
  if (!['default', 'dark', 'light'].includes(colorScheme))
    throw argumentError(`colorScheme: expected default, dark or light, found ${JSON.stringify(colorScheme)}`);
}
