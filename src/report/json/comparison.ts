import type { Comparison } from '../../comparison/comparison.ts';
import { listRows, selectListed } from '../../comparison/rows.ts';
import { REPORT_SCHEMA_ID, REPORT_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import type { Report } from '../report.ts';
import { byColumn, byEntry, byField, type Layout, layOutItems, writeDocument } from './document.ts';
import { PARAMETER_SCHEMA, type SavedParameter, SHORT_PARAMETER_SCHEMA } from './parameter-schema.ts';
import { REPORT_SCHEMA, type ReportHead, type SavedReport } from './report-schema.ts';
import { writeEach } from './write.ts';

/** Longer lists of tensors have the keys of the Python package alone; the columns have everything. */
const LONGEST_FULL_LIST = 10_000;

/**
 * The whole comparison as JSON, in pieces: one line a listed tensor and one a column. The same comparison gives the same bytes. Read it
 * back with `parseReport`.
 */
export function writeJson(report: Report): Iterable<string> {
  const { comparison } = report;
  const rows = selectListed(comparison.columns, comparison.options.includeUnchanged);
  const isShort = rows.length > LONGEST_FULL_LIST;
  const schema = isShort ? SHORT_PARAMETER_SCHEMA : PARAMETER_SCHEMA;
  const saved: Omit<SavedReport, 'parameters'> = {
    $schema: REPORT_SCHEMA_ID,
    schemaVersion: REPORT_SCHEMA_VERSION,
    tool: TOOL,
    ...describeComparison(report),
    parametersKeys: isShort ? 'original' : 'all',
    columns: comparison.columns,
  };
  const byParameter: Layout = (_value, _schema, indent) =>
    layOutItems(writeEach(listParameters(comparison, rows), schema), indent);
  return writeDocument<object>(saved, REPORT_SCHEMA, { ...LAYOUTS, parameters: byParameter });
}

/** Everything that is said of a comparison beside its tensors. */
export function describeComparison({ comparison, analysis, rules, oldName, newName }: Report): ReportHead {
  const { summary, old, new: fresh, options, provenance } = comparison;
  return {
    provenance,
    options,
    old: { ...old, name: oldName },
    new: { ...fresh, name: newName },
    summary,
    analysis,
    rules: rules.length === 0 ? undefined : rules,
  };
}

/** How the parts are laid out that are not one line. */
const LAYOUTS: Readonly<Partial<Record<keyof SavedReport, Layout>>> = {
  old: byField,
  new: byField,
  summary: byField,
  analysis: byField,
  rules: byEntry,
  columns: byColumn,
};

/** Rows that are made at a time: all of them would be 1 KB each. */
const BATCH = 256;

/** The given rows as files have them. */
export function* listParameters({ columns }: Comparison, rows: readonly number[]): Generator<SavedParameter> {
  for (let from = 0; from < rows.length; from += BATCH)
    for (const diff of listRows(columns, rows.slice(from, from + BATCH)))
      yield { ...diff, oldShape: diff.oldInfo?.shape ?? null, newShape: diff.newInfo?.shape ?? null };
}
