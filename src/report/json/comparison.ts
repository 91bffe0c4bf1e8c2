import { escapeJson } from '../../wording/escape.ts';
import { REPORT_SCHEMA_ID, REPORT_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import type { Report } from '../report.ts';
import {
  ANALYSIS_SCHEMA,
  COLUMNS_SCHEMA,
  OPTIONS_SCHEMA,
  PARAMETER_SCHEMA,
  PROVENANCE_SCHEMA,
  SHORT_PARAMETER_SCHEMA,
  SIDE_SCHEMA,
  SUMMARY_SCHEMA,
} from './comparison-schema.ts';
import { encode } from './encode.ts';
import { writeParameter } from './write.ts';

/** Longer lists of tensors have the keys of the Python package alone; the columns have everything. */
const LONGEST_FULL_LIST = 10_000;

/**
 * The whole comparison as JSON, one line a listed tensor and one a column. The same comparison gives the same bytes. Read it back with
 * `parseReport`.
 */
export function writeJson({ comparison, analysis, oldName, newName }: Report): string {
  const { columns, summary, old, new: fresh, options, provenance, diffs } = comparison;
  const isShort = diffs.length > LONGEST_FULL_LIST;
  const schema = isShort ? SHORT_PARAMETER_SCHEMA : PARAMETER_SCHEMA;
  const parts = [
    `"$schema": ${JSON.stringify(REPORT_SCHEMA_ID)}`,
    `"schema_version": ${REPORT_SCHEMA_VERSION}`,
    `"tool": ${JSON.stringify(TOOL)}`,
    `"provenance": ${JSON.stringify(encode(provenance, PROVENANCE_SCHEMA))}`,
    `"options": ${JSON.stringify(encode(options, OPTIONS_SCHEMA))}`,
    `"old": ${writeLines(encode({ ...old, name: oldName }, SIDE_SCHEMA))}`,
    `"new": ${writeLines(encode({ ...fresh, name: newName }, SIDE_SCHEMA))}`,
    `"summary": ${writeLines(encode(summary, SUMMARY_SCHEMA))}`,
    `"analysis": ${writeLines(encode(analysis, ANALYSIS_SCHEMA))}`,
    `"parameters_keys": ${JSON.stringify(isShort ? 'original' : 'all')}`,
    `"parameters": ${writeItems(diffs.map((diff) => writeParameter(diff, schema)))}`,
    `"columns": ${writeColumns(encode(columns, COLUMNS_SCHEMA))}`,
  ];
  return escapeJson(`{\n  ${parts.join(',\n  ')}\n}\n`);
}

/** An object with one line a field; of lists and maps of larger values, one line an entry. */
function writeLines(value: unknown): string {
  return writeObject(value as object, '  ', (item, indent) => {
    if (Array.isArray(item)) return typeof item[0] === 'object' ? writeList(item, indent) : JSON.stringify(item);
    const isMap =
      typeof item === 'object' &&
      item !== null &&
      Object.values(item).every((entry) => typeof entry === 'object' && entry !== null);
    return isMap ? writeObject(item, indent, (entry) => JSON.stringify(entry)) : JSON.stringify(item);
  });
}

/** One line a column, those of both sides too. */
function writeColumns(columns: unknown): string {
  return writeObject(columns as object, '  ', (item, indent) =>
    typeof item === 'object' && item !== null && 'size_bytes' in item
      ? writeObject(item, indent, (column) => JSON.stringify(column))
      : JSON.stringify(item),
  );
}

function writeObject(value: object, indent: string, write: (item: unknown, indent: string) => string): string {
  const fields = Object.entries(value).map(([key, item]) => `${indent}  ${JSON.stringify(key)}: ${write(item, `${indent}  `)}`);
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
}

function writeList(items: readonly unknown[], indent: string = '  '): string {
  return writeItems(
    items.map((item) => JSON.stringify(item)),
    indent,
  );
}

function writeItems(items: readonly string[], indent: string = '  '): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}]`;
}
