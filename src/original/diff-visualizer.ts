import type { Analysis } from '../analysis/types.ts';
import type { PartialRow } from '../comparison/from-rows.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, nested, oneOf, type OptionsOf, spell, text } from '../options.ts';
import { FORMAT_NAMES, type ReportFormat } from '../report/formats.ts';
import { VISUALIZATION_OPTIONS, type VisualizationConfig } from '../report/options.ts';
import { writeReport } from '../report/render.ts';
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
  createHtmlReport(...result: ReportArguments): string {
    return this.#write('html', result);
  }

  /** The same bytes for the same result; `parseReport` reads it back. */
  createJsonReport(...result: ReportArguments): string {
    return this.#write('json', result);
  }

  /** For a terminal or a log, names in full. The first line after the two of the header is the verdict. */
  createTextReport(...result: ReportArguments): string {
    return this.#write('text', result);
  }

  #write(format: ReportFormat, [diffs, summary, analysis, oldName = OLD_NAME, newName = NEW_NAME]: ReportArguments): string {
    return createDiffReport(diffs, summary, analysis, { format, oldName, newName, config: this.config });
  }
}

type ReportArguments = [
  diffs: readonly PartialRow[],
  summary: Partial<DiffSummary>,
  analysis: Analysis,
  oldName?: string,
  newName?: string,
];

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
  if (typeof analysis?.summary?.verdict !== 'string')
    throw argumentError(`analysis must be what DiffAnalyzer.analyze gave, not ${spell(analysis)}`);
  const { format = 'html', oldName = OLD_NAME, newName = NEW_NAME, config = {} } = options;
  return writeReport(prepareReport(readResult(diffs, summary), analysis, { oldName, newName }), format, config);
}
