import { Comparison } from '../../comparison/comparison.ts';
import type { ComparisonData } from '../../comparison/data.ts';
import type { RuleResult } from '../../rules/types.ts';
import { argumentError, type ErrorCode, type ErrorKind, ModelDiffError } from '../../errors.ts';
import { spell } from '../../options.ts';
import { REPORT_SCHEMA_VERSION, SCHEMA_URN } from '../../tool.ts';
import { COLUMNS_SCHEMA } from './columns-schema.ts';
import { decode, expect, expectObject, type Size } from './decode.ts';
import { PROVENANCE_SCHEMA } from './origin-schema.ts';
import type { SavedReport } from './report-schema.ts';
import { RULES_SCHEMA } from './rules-schema.ts';
import { object, optional } from './schema.ts';
import { OPTIONS_SCHEMA, SIDE_SCHEMA } from './side-schema.ts';
import { SUMMARY_SCHEMA } from './summary-schema.ts';

/** What of a saved report is read back; analysis and rows follow from it. */
const READ_SCHEMA = object<ComparisonData & Pick<SavedReport, 'rules'>>({
  provenance: PROVENANCE_SCHEMA,
  options: OPTIONS_SCHEMA,
  old: SIDE_SCHEMA,
  new: SIDE_SCHEMA,
  summary: SUMMARY_SCHEMA,
  columns: COLUMNS_SCHEMA,
  rules: optional(RULES_SCHEMA),
});

/** Bins that a histogram has at most: each is a number a tensor. */
const MOST_BINS = 64;

/**
 * Reads a comparison that was saved as JSON. It is complete: analysing it, rendering it and saving it again give what the first one gave.
 *
 * @throws `ModelDiffError` `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_FORMAT` for our other files, `E_UNSUPPORTED_VERSION` for
 * those of another version, `E_INVALID_HEADER` for damaged ones
 */
export function parseReport(json: string): Comparison {
  return readReport(json).comparison;
}

/** As {@link parseReport}, with what became of the rules that it was held to then. */
export function readReport(json: string): { readonly comparison: Comparison; readonly rules: readonly RuleResult[] } {
  if (typeof json !== 'string') throw argumentError(`parseReport takes the text of a report, not ${spell(json)}`);
  const data = readObject(json);
  checkVersion(data);
  const { rules = [], ...read } = decode(data, READ_SCHEMA, '', readSize(data)) as ComparisonData & Pick<SavedReport, 'rules'>;
  return { comparison: Comparison.from(read), rules };
}

/** How long the columns must be: looked at first, so that none of them decides by itself how much memory it takes. */
function readSize(data: Readonly<Record<string, unknown>>): Size {
  const { names, histogram } = expectObject(data['columns'], 'columns');
  const rows = expect(names as readonly unknown[], Array.isArray, 'a list', 'columns.names').length;
  if (histogram === undefined) return { rows, bins: 0 };
  const { bins } = expectObject(histogram, 'columns.histogram');
  const isCount = Number.isInteger(bins) && (bins as number) > 0 && (bins as number) <= MOST_BINS;
  expect(bins, () => isCount, `a whole number from 1 to ${MOST_BINS}`, 'columns.histogram.bins');
  return { rows, bins: bins as number };
}

/** Where a file to read comes from, as a hint. The command line has its own words. */
const HOW_TO_MAKE = "renderReport(comparison, { format: 'json' }) makes one";

function checkVersion(data: Readonly<Record<string, unknown>>): void {
  const version = data['schema_version'];
  refuseOther(String(data['$schema']));
  if (typeof version !== 'number' || !Object.hasOwn(data, 'parameters')) {
    const expected = 'expected the keys schema_version, summary, parameters and columns';
    throw fail('Format', 'E_UNKNOWN_FORMAT', `not a report of model-diff: ${expected}`, HOW_TO_MAKE);
  }
  if (version === REPORT_SCHEMA_VERSION) return;
  const hint =
    version > REPORT_SCHEMA_VERSION
      ? 'update model-diff'
      : 'it does not hold every tensor: compare the checkpoints again, or read it with the version of model-diff that wrote it';
  const message = `the report has schema version ${version}: expected ${REPORT_SCHEMA_VERSION}`;
  throw fail('Unsupported', 'E_UNSUPPORTED_VERSION', message, hint);
}

/** Other files of ours, by what the identifiers of their schemas begin with. */
const OTHERS: readonly (readonly [schema: string, what: string, hint: string])[] = [
  ['series:', 'the report of a series', 'createSeriesReport writes every format of a series'],
  ['inspect:', 'the description of one checkpoint', HOW_TO_MAKE],
  ['lines:', 'JSONL, which is not read back', HOW_TO_MAKE],
];

function refuseOther(schema: string): void {
  const other = OTHERS.find(([name]) => schema.startsWith(SCHEMA_URN + name));
  if (other === undefined) return;
  const [, what, hint] = other;
  throw fail('Unsupported', 'E_UNSUPPORTED_FORMAT', `this is ${what}, not the JSON of a comparison`, hint);
}

function readObject(json: string): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    // Many lines of JSON are not JSON.
    refuseOther(/^\{"type":"\w+","\$schema":"([\w:-]+)"/.exec(json.slice(0, 200))?.[1] ?? '');
    throw fail('Format', 'E_UNKNOWN_FORMAT', 'not a report of model-diff: expected JSON', HOW_TO_MAKE, cause);
  }
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}

function fail(kind: ErrorKind, code: ErrorCode, message: string, hint: string, cause?: unknown): ModelDiffError {
  return new ModelDiffError(message, { kind, code, hint, cause });
}
