import { ModelDiffError } from '../errors.ts';
import type { Analysis, DiffSummary, ParameterDiff } from '../types.ts';
import { decode } from './json/decode.ts';
import { list, type Shape, string } from './json/shape.ts';
import { ANALYSIS_SHAPE, OVERVIEW_SHAPE, PARAMETER_SHAPE, SUMMARY_SHAPE } from './json/shapes.ts';
import type { Overview } from './overview.ts';
import { REPORT_SCHEMA_VERSION } from './tool.ts';

/** A saved result, as it was before it was written. */
export interface ParsedReport {
  readonly diffs: readonly ParameterDiff[];
  readonly summary: DiffSummary;
  readonly analysis: Analysis;
  readonly oldName: string;
  readonly newName: string;
  /** Totals of the whole result, of which `diffs` may be a part. */
  readonly overview: Overview;
}

const REPORT_SHAPE: Shape = {
  kind: 'object',
  fields: {
    oldName: string,
    newName: string,
    summary: SUMMARY_SHAPE,
    overview: OVERVIEW_SHAPE,
    analysis: ANALYSIS_SHAPE,
    parameters: list(PARAMETER_SHAPE),
  },
};

/**
 * Reads a report that was saved as JSON. Numbers, names and their order come back as they were.
 * @throws ModelDiffError `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_FORMAT` for those of a series, `E_UNSUPPORTED_VERSION` for those of a later version, `E_INVALID_HEADER` for damaged ones
 */
export function parseReport(json: string): ParsedReport {
  const data = readObject(json);
  const version = data['schema_version'];
  if (data['kind'] === 'series') {
    throw new ModelDiffError('the result of a series, not of a comparison', {
      kind: 'Unsupported',
      code: 'E_UNSUPPORTED_FORMAT',
      hint: 'model-diff series writes every format by itself, as with -o series.html',
    });
  }
  if (typeof version !== 'number' || !('parameters' in data)) {
    throw new ModelDiffError('not a report of model-diff: expected the keys schema_version, summary, analysis, parameters', {
      kind: 'Format',
      code: 'E_UNKNOWN_FORMAT',
      hint: HOW_TO_MAKE,
    });
  }
  if (version > REPORT_SCHEMA_VERSION) {
    throw new ModelDiffError(`report of schema version ${version}, this program reads up to ${REPORT_SCHEMA_VERSION}`, {
      kind: 'Unsupported',
      code: 'E_UNSUPPORTED_VERSION',
      hint: 'update model-diff, or make the report again with this version',
    });
  }
  const { parameters, ...report } = decode(data, REPORT_SHAPE, '') as Omit<ParsedReport, 'diffs'> & {
    readonly parameters: ParsedReport['diffs'];
  };
  return { diffs: parameters, ...report };
}

/** Where a file to read comes from, as a hint. */
export const HOW_TO_MAKE = 'such a file is made with: model-diff OLD NEW -o report.json';

function readObject(json: string): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw new ModelDiffError('not a report of model-diff: expected JSON', {
      kind: 'Format',
      code: 'E_UNKNOWN_FORMAT',
      hint: HOW_TO_MAKE,
      cause,
    });
  }
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}
