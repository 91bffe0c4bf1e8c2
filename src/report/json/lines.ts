import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesResult } from '../../series/types.ts';
import { LINES_SCHEMA_ID, LINES_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import { escapeJson } from '../../wording/escape.ts';
import type { Inspection } from '../inspection.ts';
import type { Report } from '../report.ts';
import { describeComparison, listParameters } from './comparison.ts';
import {
  CHECKPOINT_LINE,
  COMPARISON_LINE,
  EVENT_LINE,
  SERIES_LINE,
  SERIES_TENSOR_LINE,
  STEP_LINE,
  TENSOR_INFO_LINE,
  TENSOR_LINE,
} from './lines-schema.ts';
import type { ObjectSchema } from './schema.ts';
import { listSeriesTensors } from './series.ts';
import { spell } from './spell.ts';
import { write } from './write.ts';

const PREAMBLE = { $schema: LINES_SCHEMA_ID, schemaVersion: LINES_SCHEMA_VERSION, tool: TOOL };

/** A comparison as JSONL, in pieces: what is said of it as a whole, and then every tensor, changed or not. */
export function* writeComparisonLines(report: Report): Generator<string> {
  const { comparison } = report;
  yield* writeHead({ ...PREAMBLE, ...describeComparison(report) }, COMPARISON_LINE);
  yield* writeLines(listParameters(comparison, [...comparison.columns.names.keys()]), TENSOR_LINE);
}

/** A series as JSONL, in pieces: what is said of it as a whole, and then its steps, events and tensors. */
export function* writeSeriesLines(series: SeriesResult, provenance: SeriesProvenance | null): Generator<string> {
  const { verdict, checkpoints, steps, events } = series;
  yield* writeHead({ ...PREAMBLE, provenance, verdict, checkpoints }, SERIES_LINE);
  yield* writeLines(steps, STEP_LINE);
  yield* writeLines(events, EVENT_LINE);
  yield* writeLines(listSeriesTensors(series), SERIES_TENSOR_LINE);
}

/** A checkpoint as JSONL, in pieces: what is said of it as a whole, and then its tensors. */
export function* writeInspectionLines({ tensors, ...head }: Inspection): Generator<string> {
  yield* writeHead({ ...PREAMBLE, ...head, numLayers: tensors.length }, CHECKPOINT_LINE);
  yield* writeLines(tensors, TENSOR_INFO_LINE);
}

function* writeLines(items: Iterable<object>, schema: ObjectSchema): Generator<string> {
  for (const item of items) yield `${escapeJson(write(item, schema) ?? '')}\n`;
}

/** The first line in pieces: it may hold the names of all tensors. */
function* writeHead(value: object, schema: ObjectSchema): Generator<string> {
  for (const piece of spell(value, schema)) yield escapeJson(piece);
  yield '\n';
}
