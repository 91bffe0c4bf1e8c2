import type { Analysis } from '../analysis/types.ts';
import type { RuleCase, RuleResult } from '../rules/types.ts';
import {
  flag,
  isPlainObject,
  numberFrom,
  oneOf,
  type OptionsOf,
  type OptionTable,
  type OptionType,
  text,
  wholeNumber,
} from '../options.ts';

/** Options of the reports. */
export interface VisualizationConfig {
  /** Rows of the text report and of the HTML page where no script runs; what is left out is counted in words. @default 50 */
  readonly maxLayersDisplay?: number;
  /** @default 'default' (follows the reader's system) */
  readonly colorScheme?: 'default' | 'dark' | 'light';
  /** true: every number with all of its bits in the HTML's data, and not in three to six digits. @default false */
  readonly includeRawData?: boolean;
  /** Width of the HTML page's map before the page is shown somewhere, in pixels; in a browser it fills its place. @default 800 */
  readonly chartWidth?: number;
  /** Height of the rows of the HTML page's map where no script runs, in pixels; what is left out is counted in words. @default 400 */
  readonly chartHeight?: number;
  /**
   * How many tensors the HTML page holds: all (`full`), a number of them, or all up to 150,000 and beyond that the 5,000 most changed
   * (`auto`). The page says what it does not hold. @default 'auto'
   */
  readonly htmlDetail?: HtmlDetail;
}

/** How many tensors an HTML page holds. */
export type HtmlDetail = 'auto' | 'full' | number;

const HTML_DETAIL: OptionType = {
  expected: "'auto', 'full' or a whole number",
  accepts: (value) => value === 'auto' || value === 'full' || (Number.isInteger(value) && Number(value) >= 0),
};

export const VISUALIZATION_OPTIONS: OptionsOf<VisualizationConfig> = {
  maxLayersDisplay: wholeNumber(0),
  colorScheme: oneOf('default', 'dark', 'light'),
  includeRawData: flag,
  chartWidth: numberFrom(100, 10_000),
  chartHeight: numberFrom(100, 10_000),
  htmlDetail: HTML_DETAIL,
};

const count = wholeNumber(0);
const number: OptionType = { expected: 'a number or null', accepts: (value) => value === null || Number.isFinite(value) };

const RULE_CASE: OptionsOf<RuleCase> = { name: text, value: number, note: text };

const RULE_RESULT: OptionsOf<RuleResult> = {
  rule: text,
  status: oneOf('passed', 'failed', 'unmatched'),
  value: number,
  tensors: count,
  broken: count,
  message: text,
  worst: { expected: 'tensors', accepts: (value) => Array.isArray(value) && value.every((one) => isMadeOf(RULE_CASE, one)) },
};

/** Results of rules. */
export const RULE_RESULTS: OptionType = {
  expected: 'what checkRules gave',
  accepts: (value) => Array.isArray(value) && value.every((result) => isMadeOf(RULE_RESULT, result)),
};

/** Whether a value has every field of a table. */
function isMadeOf(table: OptionTable, value: unknown): boolean {
  return isPlainObject(value) && Object.entries(table).every(([field, { accepts }]) => accepts(value[field]));
}

/** An analysis, as far as its parts tell. */
export const ANALYSIS: OptionType = {
  expected: 'what analyze gave',
  accepts: (value) => {
    if (!isPlainObject(value)) return false;
    const { summary, layerAnalysis, insights, depthProfile } = value as Partial<Analysis>;
    const isSummary =
      typeof summary?.verdict === 'string' && isPlainObject(summary.tensors) && Array.isArray(summary.unclassified);
    return isSummary && isPlainObject(layerAnalysis) && Array.isArray(insights) && Array.isArray(depthProfile);
  },
};
