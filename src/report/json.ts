import { escapeJson } from './escape.ts';
import { encode } from './json/encode.ts';
import { ANALYSIS_SHAPE, OVERVIEW_SHAPE, SUMMARY_SHAPE } from './json/shapes.ts';
import { writeParameter } from './json/write.ts';
import type { Report } from './report.ts';
import { REPORT_SCHEMA_ID, REPORT_SCHEMA_VERSION, TOOL } from './tool.ts';

/** Options of the JSON report. */
export interface JsonOptions {
  /** true: every tensor of the result, listed or not, as columns in `summary.tensors`. @default false */
  readonly includeRawData?: boolean;
}

/**
 * The result as JSON, one line a tensor. The same result gives the same bytes: no time, no path, no machine in it.
 * Read it back with {@link parseReport}.
 */
export function writeJson(report: Report, options: JsonOptions = {}): string {
  const { tensors: _, ...totals } = report.summary;
  const summary = options.includeRawData === true ? { ...totals, tensors: report.columns } : totals;
  const parts = [
    `"$schema": ${JSON.stringify(REPORT_SCHEMA_ID)}`,
    `"schema_version": ${REPORT_SCHEMA_VERSION}`,
    `"tool": ${JSON.stringify(TOOL)}`,
    `"old_name": ${JSON.stringify(report.oldName)}`,
    `"new_name": ${JSON.stringify(report.newName)}`,
    `"summary": ${writeLines(encode(summary, SUMMARY_SHAPE))}`,
    `"overview": ${writeLines(encode(report.overview, OVERVIEW_SHAPE))}`,
    `"analysis": ${writeLines(encode(report.analysis, ANALYSIS_SHAPE))}`,
    `"parameters": ${writeItems(report.diffs.map((diff) => writeParameter(diff)))}`,
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
