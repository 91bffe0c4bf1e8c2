import type { Analysis } from '../../analysis/types.ts';
import type { ComparisonData } from '../../comparison/data.ts';
import type { RuleResult } from '../../rules/types.ts';
import { REPORT_SCHEMA_ID, REPORT_SCHEMA_VERSION, type TOOL } from '../../tool.ts';
import { ANALYSIS_SCHEMA } from './analysis-schema.ts';
import { COLUMNS_SCHEMA } from './columns-schema.ts';
import { PROVENANCE_SCHEMA, TOOL_SCHEMA } from './origin-schema.ts';
import { PARAMETER_SCHEMA, type SavedParameter, SHORT_PARAMETER_SCHEMA } from './parameter-schema.ts';
import { RULES_SCHEMA } from './rules-schema.ts';
import { constant, described, either, list, object, type ObjectSchema, oneOf, optional, type Schema } from './schema.ts';
import { OPTIONS_SCHEMA, SIDE_SCHEMA } from './side-schema.ts';
import { SUMMARY_SCHEMA } from './summary-schema.ts';

/** What is said of a comparison beside its tensors. */
export interface ReportHead extends Omit<ComparisonData, 'columns'> {
  readonly analysis: Analysis;
  readonly rules?: readonly RuleResult[] | undefined;
}

export const REPORT_HEAD_FIELDS: Readonly<Record<keyof ReportHead, Schema>> = object<ReportHead>({
  provenance: described('Where the comparison comes from; null where that was not to be saved.', PROVENANCE_SCHEMA),
  options: described('What the comparison was asked for.', OPTIONS_SCHEMA),
  old: described('The old checkpoint.', SIDE_SCHEMA),
  new: described('The new checkpoint.', SIDE_SCHEMA),
  summary: described('Totals.', SUMMARY_SCHEMA),
  analysis: described('What was found in the comparison.', ANALYSIS_SCHEMA),
  rules: optional(RULES_SCHEMA),
}).fields;

/** A report as the file has it. */
export interface SavedReport extends ReportHead {
  readonly $schema: string;
  readonly schemaVersion: number;
  readonly tool: typeof TOOL;
  /** Whether `parameters` have all their keys, or only those of the Python package. */
  readonly parametersKeys: 'all' | 'original';
  readonly parameters: readonly SavedParameter[];
  readonly columns: ComparisonData['columns'];
}

/** The whole file. Where `parametersKeys` is `original`, the entries of `parameters` are short ones. */
export const REPORT_SCHEMA: ObjectSchema = object<SavedReport>({
  $schema: constant(REPORT_SCHEMA_ID),
  schemaVersion: constant(REPORT_SCHEMA_VERSION),
  tool: TOOL_SCHEMA,
  ...REPORT_HEAD_FIELDS,
  parametersKeys: described(
    'all: every key of a parameter; original: the list is longer than 10,000, and its entries are short ones.',
    oneOf(['all', 'original']),
  ),
  parameters: described(
    'The listed tensors: by default those that changed, ordered by name.',
    list(either(PARAMETER_SCHEMA, SHORT_PARAMETER_SCHEMA)),
  ),
  columns: COLUMNS_SCHEMA,
});
