import type { Analysis } from '../analysis/types.ts';
import type { PartialRow } from '../comparison/from-rows.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, nested, oneOf, type OptionsOf, spell, text } from '../options.ts';
import { FORMAT_NAMES, type ReportFormat } from '../report/formats.ts';
import { ANALYSIS, VISUALIZATION_OPTIONS, type VisualizationConfig } from '../report/options.ts';
import { WRITERS } from '../report/writers/table.ts';
import { joinPieces } from '../report/writers/writer.ts';
import { prepareReport } from '../report/report.ts';
import { readResult } from './results.ts';

const [OLD_NAME, NEW_NAME] = ['Model A', 'Model B'];

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

const REPORT_OPTIONS: OptionsOf<DiffReportOptions> = {
  format: oneOf(...FORMAT_NAMES),
  oldName: text,
  newName: text,
  config: nested(VISUALIZATION_OPTIONS),
};

/** Writes reports of a comparison as strings, as `renderReport` does. */
export class DiffVisualizer {
  readonly config: VisualizationConfig;

  /** @throws `ModelDiffError` of kind `Argument` for a value that no report can be made with. */
  constructor(config: VisualizationConfig = {}) {
    checkOptions(config, VISUALIZATION_OPTIONS, 'DiffVisualizer');
    this.config = config;
  }

  /** One page that needs no network. */
  createHtmlReport(
    diffs: readonly PartialRow[],
    summary: Partial<DiffSummary>,
    analysis: Analysis,
    oldName: string = OLD_NAME,
    newName: string = NEW_NAME,
  ): string {
    return createDiffReport(diffs, summary, analysis, { format: 'html', oldName, newName, config: this.config });
  }

  /** The same bytes for the same result; `parseReport` reads it back. */
  createJsonReport(
    diffs: readonly PartialRow[],
    summary: Partial<DiffSummary>,
    analysis: Analysis,
    oldName: string = OLD_NAME,
    newName: string = NEW_NAME,
  ): string {
    return createDiffReport(diffs, summary, analysis, { format: 'json', oldName, newName, config: this.config });
  }

  /** For a terminal or a log, names in full. The first line after the two of the header is the verdict. */
  createTextReport(
    diffs: readonly PartialRow[],
    summary: Partial<DiffSummary>,
    analysis: Analysis,
    oldName: string = OLD_NAME,
    newName: string = NEW_NAME,
  ): string {
    return createDiffReport(diffs, summary, analysis, { format: 'text', oldName, newName, config: this.config });
  }
}

/**
 * Writes one report.
 *
 * @throws `ModelDiffError` of kind `Argument` for a format that there is not, or an analysis that is none.
 */
export function createDiffReport(
  diffs: readonly PartialRow[],
  summary: Partial<DiffSummary>,
  analysis: Analysis,
  options: DiffReportOptions = {},
): string {
  checkOptions(options, REPORT_OPTIONS, 'createDiffReport');
  if (!ANALYSIS.accepts(analysis)) throw argumentError(`analysis must be ${ANALYSIS.expected}, not ${spell(analysis)}`);
  const { format = 'html', oldName = OLD_NAME, newName = NEW_NAME, config = {} } = options;
  const report = prepareReport(readResult(diffs, summary), analysis, { oldName, newName });
  return joinPieces(WRITERS[format].comparison(report, config));
}
