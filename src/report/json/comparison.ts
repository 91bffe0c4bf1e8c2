import type { ParameterDiff } from '../../comparison/rows.ts';
import { REPORT_SCHEMA_ID, REPORT_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import { escapeJson } from '../../wording/escape.ts';
import type { Report } from '../report.ts';
import { encode } from './encode.ts';
import { listFields } from './keys.ts';
import { PARAMETER_SCHEMA, type SavedParameter, SHORT_PARAMETER_SCHEMA } from './parameter-schema.ts';
import { REPORT_SCHEMA, type SavedReport } from './report-schema.ts';
import type { ObjectSchema } from './schema.ts';
import { write } from './write.ts';

/** Longer lists of tensors have the keys of the Python package alone; the columns have everything. */
const LONGEST_FULL_LIST = 10_000;

/**
 * The whole comparison as JSON, one line a listed tensor and one a column. The same comparison gives the same bytes. Read it back with
 * `parseReport`.
 */
export function writeJson({ comparison, analysis, rules, oldName, newName }: Report): string {
  const { columns, summary, old, new: fresh, options, provenance, diffs } = comparison;
  const isShort = diffs.length > LONGEST_FULL_LIST;
  const report: Omit<SavedReport, 'parameters'> = {
    $schema: REPORT_SCHEMA_ID,
    schemaVersion: REPORT_SCHEMA_VERSION,
    tool: TOOL,
    provenance,
    options,
    old: { ...old, name: oldName },
    new: { ...fresh, name: newName },
    summary,
    analysis,
    rules: rules.length === 0 ? undefined : rules,
    parametersKeys: isShort ? 'original' : 'all',
    columns,
  };
  const parts = listFields(REPORT_SCHEMA.fields).flatMap(([field, key, schema]) => {
    const name = field as keyof SavedReport;
    if (name === 'parameters') return `"${key}": ${writeParameters(diffs, isShort ? SHORT_PARAMETER_SCHEMA : PARAMETER_SCHEMA)}`;
    const layOut = LAYOUTS[name] ?? JSON.stringify;
    const value = encode(report[name], schema);
    return value === undefined ? [] : `"${key}": ${layOut(value)}`;
  });
  return escapeJson(`{\n  ${parts.join(',\n  ')}\n}\n`);
}

/** How the parts are laid out that are not one line. */
const LAYOUTS: Readonly<Partial<Record<keyof SavedReport, (value: unknown) => string>>> = {
  old: layOutFields,
  new: layOutFields,
  summary: layOutFields,
  analysis: layOutFields,
  rules: (rules) => layOutList(rules as readonly unknown[], '  '),
  columns: layOutColumns,
};

function writeParameters(diffs: readonly ParameterDiff[], schema: ObjectSchema): string {
  const lines = diffs.map((diff) => {
    const saved: SavedParameter = { ...diff, oldShape: diff.oldInfo?.shape ?? null, newShape: diff.newInfo?.shape ?? null };
    return write(saved, schema) ?? '';
  });
  return layOutItems(lines);
}

/** An object with one line a field; of lists and maps of larger values, one line an entry. */
function layOutFields(value: unknown): string {
  return layOutObject(value as object, '  ', (item, indent) => {
    if (Array.isArray(item)) return typeof item[0] === 'object' ? layOutList(item, indent) : JSON.stringify(item);
    const isMap =
      typeof item === 'object' &&
      item !== null &&
      Object.values(item).every((entry) => typeof entry === 'object' && entry !== null);
    return isMap ? layOutObject(item, indent, (entry) => JSON.stringify(entry)) : JSON.stringify(item);
  });
}

/** One line a column, those of both sides too. */
function layOutColumns(columns: unknown): string {
  return layOutObject(columns as object, '  ', (item, indent) =>
    typeof item === 'object' && item !== null && 'size_bytes' in item
      ? layOutObject(item, indent, (column) => JSON.stringify(column))
      : JSON.stringify(item),
  );
}

function layOutObject(value: object, indent: string, layOut: (item: unknown, indent: string) => string): string {
  const fields = Object.entries(value).map(([key, item]) => `${indent}  ${JSON.stringify(key)}: ${layOut(item, `${indent}  `)}`);
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
}

function layOutList(items: readonly unknown[], indent: string): string {
  return layOutItems(
    items.map((item) => JSON.stringify(item)),
    indent,
  );
}

function layOutItems(items: readonly string[], indent: string = '  '): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}]`;
}
