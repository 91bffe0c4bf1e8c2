import type { SideColumns, TensorColumns } from '../../comparison/columns.ts';
import { Comparison } from '../../comparison/comparison.ts';
import type { ComparisonData } from '../../comparison/data.ts';
import { PAIR_METRIC_NAMES, PROBE_METRIC_NAMES, PROBE_METRICS, SIDE_METRIC_NAMES } from '../../comparison/metrics.ts';
import { argumentError, type ErrorCode, type ErrorKind, ModelDiffError } from '../../errors.ts';
import { spell } from '../../options.ts';
import { REPORT_SCHEMA_VERSION } from '../../tool.ts';
import { COLUMNS_SCHEMA, OPTIONS_SCHEMA, PROVENANCE_SCHEMA, SIDE_SCHEMA, SUMMARY_SCHEMA } from './comparison-schema.ts';
import { decode, invalidReport } from './decode.ts';
import type { Schema } from './schema.ts';

/** What of a saved report is read back; analysis and rows follow from it. */
const REPORT_SCHEMA: Schema = {
  kind: 'object',
  fields: {
    provenance: PROVENANCE_SCHEMA,
    options: OPTIONS_SCHEMA,
    old: SIDE_SCHEMA,
    new: SIDE_SCHEMA,
    summary: SUMMARY_SCHEMA,
    columns: COLUMNS_SCHEMA,
  },
};

/** Bins of a histogram: the longest column has as many numbers a tensor. */
const MOST_BINS = 64;

/**
 * Reads a comparison that was saved as JSON. It is complete: analysing it, rendering it and saving it again give what the first one gave.
 *
 * @throws `ModelDiffError` `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_FORMAT` for those of a series, `E_UNSUPPORTED_VERSION` for
 * those of another version, `E_INVALID_HEADER` for damaged ones
 */
export function parseReport(json: string): Comparison {
  if (typeof json !== 'string') throw argumentError(`parseReport takes the text of a report, not ${spell(json)}`);
  const data = readObject(json);
  checkVersion(data);
  const names = (data['columns'] as { names?: unknown } | null | undefined)?.names;
  const count = Array.isArray(names) ? names.length : 0;
  const read = decode(data, REPORT_SCHEMA, '', count * MOST_BINS) as ComparisonData;
  checkLengths(read.columns);
  return Comparison.from({ ...read, summary: { ...read.summary, tensors: read.columns } });
}

const HOW_TO_MAKE = "renderReport(comparison, { format: 'json' }) makes one";

function checkVersion(data: Readonly<Record<string, unknown>>): void {
  const version = data['schema_version'];
  if (data['kind'] === 'series') {
    throw fail('Unsupported', 'E_UNSUPPORTED_FORMAT', 'this is the report of a series, not of a comparison', SERIES_HINT);
  }
  if (typeof version !== 'number' || !('parameters' in data)) {
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

const SERIES_HINT = 'createSeriesReport writes every format of a series';

function readObject(json: string): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw fail('Format', 'E_UNKNOWN_FORMAT', 'not a report of model-diff: expected JSON', HOW_TO_MAKE, cause);
  }
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}

function fail(kind: ErrorKind, code: ErrorCode, message: string, hint: string, cause?: unknown): ModelDiffError {
  return new ModelDiffError(message, { kind, code, hint, cause });
}

/** Every column must have a row for every name. */
function checkLengths(columns: TensorColumns): void {
  const count = columns.names.length;
  const check = (at: string, column: ArrayLike<unknown>, expected = count): void => {
    if (column.length !== expected) throw invalidReport(`columns.${at}`, `${expected} values`, String(column.length));
  };
  const side = (at: string, values: SideColumns): void => {
    for (const key of ['dtype', 'shape', 'numElements', 'sizeBytes', ...SIDE_METRIC_NAMES] as const)
      check(`${at}.${key}`, values[key]);
  };
  for (const key of ['changeType', 'totalElements', 'identical', 'dtypeChanged', ...PAIR_METRIC_NAMES] as const)
    check(key, columns[key]);
  side('old', columns.old);
  side('new', columns.new);
  const { rounding, histogram, probes } = columns;
  if (rounding !== undefined) {
    check('rounding.expected_changed', rounding.expectedChanged);
    check('rounding.update_size', rounding.updateSize);
    check('rounding.shape', rounding.shape);
  }
  if (probes !== undefined) for (const key of PROBE_METRIC_NAMES) check(`probes.${PROBE_METRICS[key].binding}`, probes[key]);
  if (histogram !== undefined) check('histogram.counts', histogram.counts, count * histogram.bins);
}
