import { analyze } from '../analysis/analyze.ts';
import type { Analysis } from '../analysis/types.ts';
import { checkComparison } from '../comparison/check.ts';
import { Comparison } from '../comparison/comparison.ts';
import type { ComparisonData } from '../comparison/data.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, oneOf, type OptionsOf, spell, text, texts, wholeNumber } from '../options.ts';
import type { RuleResult } from '../rules/types.ts';
import { renameSeries } from '../series/result.ts';
import type { SeriesResult } from '../series/types.ts';
import { FORMAT_NAMES, type ReportFormat } from './formats.ts';
import { ANALYSIS, RULE_RESULTS, VISUALIZATION_OPTIONS, type VisualizationConfig } from './options.ts';
import { prepareReport } from './report.ts';
import { WRITERS } from './writers/table.ts';
import { joinPieces, ROWS } from './writers/writer.ts';

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
  return joinPieces(WRITERS[format].comparison(report, config));
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
  const named = names === undefined ? series : renameSeries(series, names);
  return joinPieces(WRITERS[format].series(named, { maxLayersDisplay: rows }));
}
