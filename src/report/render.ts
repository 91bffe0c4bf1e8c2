import { analyze } from '../analysis/analyze.ts';
import type { Analysis } from '../analysis/types.ts';
import { checkComparison } from '../comparison/check.ts';
import { Comparison } from '../comparison/comparison.ts';
import type { ComparisonData } from '../comparison/data.ts';
import type { SeriesProvenance } from '../comparison/provenance.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, oneOf, type OptionsOf, spell, text, texts, wholeNumber } from '../options.ts';
import type { RuleResult } from '../rules/types.ts';
import { renameSeries } from '../series/result.ts';
import type { SeriesResult } from '../series/types.ts';
import { writeCsv } from './csv/comparison.ts';
import { writeSeriesCsv } from './csv/series.ts';
import { FORMAT_NAMES, type ReportFormat } from './formats.ts';
import { writeGithub } from './github/comparison.ts';
import { writeSeriesGithub } from './github/series.ts';
import { writeHtml } from './html/comparison.ts';
import { writeSeriesHtml } from './html/series.ts';
import { writeJson } from './json/comparison.ts';
import { writeComparisonLines, writeSeriesLines } from './json/lines.ts';
import { writeSeriesJson } from './json/series.ts';
import { writeMarkdown } from './markdown/comparison.ts';
import { writeSeriesMarkdown } from './markdown/series.ts';
import { writeMetrics } from './metrics/comparison.ts';
import { writeSeriesMetrics } from './metrics/series.ts';
import { ANALYSIS, RULE_RESULTS, VISUALIZATION_OPTIONS, type VisualizationConfig } from './options.ts';
import { prepareReport, type Report } from './report.ts';
import { writeText } from './text/comparison.ts';
import type { TextOptions } from './text/layout.ts';
import { writeSeriesText } from './text/series.ts';

/** How a report is written, whatever its format. */
export interface WriteOptions extends VisualizationConfig {
  /** Form of a text for a terminal. */
  readonly terminal?: Omit<TextOptions, 'rows'>;
  /** Where a series comes from; a comparison has its own. */
  readonly provenance?: SeriesProvenance | null;
}

/** How each format is written, in pieces: long ones are made while they are written. */
interface Writer {
  readonly comparison: (report: Report, options: WriteOptions) => Iterable<string>;
  readonly series: (series: SeriesResult, options: WriteOptions) => Iterable<string>;
}

const ROWS = 50;

const WRITERS: Readonly<Record<ReportFormat, Writer>> = {
  text: {
    comparison: (report, { maxLayersDisplay: rows = ROWS, terminal }) => [writeText(report, { ...terminal, rows })],
    series: (series, { maxLayersDisplay: rows = ROWS, terminal, provenance }) => [
      writeSeriesText(series, { ...terminal, rows }, provenance),
    ],
  },
  json: {
    comparison: (report) => writeJson(report),
    series: (series, { provenance = null }) => writeSeriesJson(series, provenance),
  },
  jsonl: {
    comparison: (report) => writeComparisonLines(report),
    series: (series, { provenance = null }) => writeSeriesLines(series, provenance),
  },
  html: {
    comparison: (report, options) => writeHtml(report, options),
    series: (series, { maxLayersDisplay = ROWS, provenance }) => writeSeriesHtml(series, maxLayersDisplay, provenance),
  },
  markdown: {
    comparison: (report, { maxLayersDisplay: rows = ROWS }) => [writeMarkdown(report, { rows })],
    series: (series, { maxLayersDisplay: rows = ROWS, provenance }) => [writeSeriesMarkdown(series, { rows }, provenance)],
  },
  csv: { comparison: (report) => writeCsv(report), series: (series) => writeSeriesCsv(series) },
  metrics: { comparison: (report) => writeMetrics(report), series: (series) => writeSeriesMetrics(series) },
  github: { comparison: (report) => [writeGithub(report)], series: (series) => [writeSeriesGithub(series)] },
};

/** Writes a report in one format, in pieces. */
export function writeReport(report: Report, format: ReportFormat, options: WriteOptions): Iterable<string> {
  return WRITERS[format].comparison(report, options);
}

/** Writes the report of a series in one format, in pieces. */
export function writeSeries(series: SeriesResult, format: ReportFormat, options: WriteOptions): Iterable<string> {
  return WRITERS[format].series(series, options);
}

/** The whole text of its pieces. */
export function joinPieces(pieces: Iterable<string>): string {
  return [...pieces].join('');
}

/** Options of {@link renderReport}. */
export interface RenderOptions extends VisualizationConfig {
  /** @default 'html' */
  readonly format?: ReportFormat;
  /** What was found in the comparison. @default `analyze(comparison)` */
  readonly analysis?: Analysis;
  /** What the old checkpoint is called. @default its name in the comparison */
  readonly oldName?: string;
  /** What the new checkpoint is called. @default its name in the comparison */
  readonly newName?: string;
  /** What became of the rules, as `checkRules` gives it. @default none */
  readonly rules?: readonly RuleResult[];
}

const RENDER_OPTIONS: OptionsOf<RenderOptions> = {
  format: oneOf(...FORMAT_NAMES),
  analysis: ANALYSIS,
  oldName: text,
  newName: text,
  rules: RULE_RESULTS,
  ...VISUALIZATION_OPTIONS,
};

/**
 * Writes a report of a comparison as a string. Everything that comes from a file is escaped for the format. The same comparison gives
 * the same bytes, whether it was just made or read back with `parseReport`.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense.
 */
export function renderReport(comparison: Comparison | ComparisonData, options: RenderOptions = {}): string {
  checkComparison(comparison, 'renderReport');
  checkOptions(options, RENDER_OPTIONS, 'renderReport');
  const { format = 'html', analysis = analyze(comparison), oldName, newName, rules, ...config } = options;
  const report = prepareReport(Comparison.from(comparison), analysis, { oldName, newName, rules });
  return joinPieces(writeReport(report, format, config));
}

/** Options of {@link createSeriesReport}. */
export interface SeriesReportOptions {
  /** @default 'html' */
  readonly format?: ReportFormat;
  /** What the checkpoints are called, in their order. @default the names in the series */
  readonly names?: readonly string[];
  /** Rows of each list of tensors in the text, HTML and Markdown reports; what is left out is counted in words. @default 50 */
  readonly rows?: number;
}

const SERIES_OPTIONS: OptionsOf<SeriesReportOptions> = {
  format: oneOf(...FORMAT_NAMES),
  names: texts,
  rows: wholeNumber(0),
};

/**
 * Writes the report of a series as a string. Everything that comes from a file is escaped for the format.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or what is no series.
 */
export function createSeriesReport(series: SeriesResult, options: SeriesReportOptions = {}): string {
  checkOptions(options, SERIES_OPTIONS, 'createSeriesReport');
  const { checkpoints, steps, tensors } = (series ?? {}) as Partial<SeriesResult>;
  if (!Array.isArray(checkpoints) || !Array.isArray(steps) || tensors === undefined)
    throw argumentError(`createSeriesReport takes the result of compareSeries, not ${spell(series)}`);
  const { format = 'html', names, rows = ROWS } = options;
  return joinPieces(writeSeries(names === undefined ? series : renameSeries(series, names), format, { maxLayersDisplay: rows }));
}
