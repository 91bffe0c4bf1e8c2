import type { Analysis } from '../analysis/types.ts';
import type { RuleResult } from '../rules/types.ts';
import { flag, isPlainObject, numberFrom, oneOf, type OptionsOf, type OptionType, wholeNumber } from '../options.ts';

/** Options of the reports. */
export interface VisualizationConfig {
  /** Rows of the text report and of the HTML page's table; what is left out is counted in words. @default 50 */
  readonly maxLayersDisplay?: number;
  /** @default 'default' (follows the reader's system) */
  readonly colorScheme?: 'default' | 'dark' | 'light';
  /** true: every number in full in the HTML's data. @default false */
  readonly includeRawData?: boolean;
  /** Width of the chart's view box in SVG units. @default 800 */
  readonly chartWidth?: number;
  /** Height of the chart's view box in SVG units. @default 400 */
  readonly chartHeight?: number;
}

export const VISUALIZATION_OPTIONS: OptionsOf<VisualizationConfig> = {
  maxLayersDisplay: wholeNumber(0),
  colorScheme: oneOf('default', 'dark', 'light'),
  includeRawData: flag,
  chartWidth: numberFrom(100, 10_000),
  chartHeight: numberFrom(100, 10_000),
};

/** Results of rules, as far as their parts tell. */
export const RULE_RESULTS: OptionType = {
  expected: 'what checkRules gave',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((result) => {
      if (!isPlainObject(result)) return false;
      const { rule, status, message, worst } = result as Partial<RuleResult>;
      return [rule, status, message].every((word) => typeof word === 'string') && Array.isArray(worst);
    }),
};

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
