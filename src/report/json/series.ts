import { TENSOR_COLUMNS } from '../../series/tensor-columns.ts';
import type { SeriesResult } from '../../series/types.ts';
import { escapeJson } from '../../wording/escape.ts';
import { encode } from './encode.ts';
import { toSnakeCase } from './keys.ts';
import { TOOL } from '../../tool.ts';
import { EVENT_SCHEMA, STEP_SCHEMA } from './series-schema.ts';

/** Version of the JSON of a series. Fields are only ever added within one. */
const SERIES_VERSION = 1;

/**
 * The series as JSON, one line a checkpoint, step, event and tensor; a tensor has one list a quantity, with a value a step. The same
 * result gives the same bytes: no time, no path, no machine in it.
 */
export function writeSeriesJson(series: SeriesResult): string {
  const { checkpoints, steps, events, tensors, verdict } = series;
  const described = checkpoints.map(({ name, format, tensors: count, parameters, sizeBytes }) => ({
    name,
    format,
    tensors: count,
    parameters,
    size_bytes: sizeBytes,
  }));
  const parts = [
    `"kind": "series"`,
    `"schema_version": ${SERIES_VERSION}`,
    `"tool": ${JSON.stringify(TOOL)}`,
    `"verdict": ${JSON.stringify(verdict)}`,
    `"checkpoints": ${writeList(described)}`,
    `"steps": ${writeList(steps.map((step) => encode(step, STEP_SCHEMA)))}`,
    `"events": ${writeList(events.map((event) => encode(event, EVENT_SCHEMA)))}`,
    `"tensors": ${writeList(tensors.names.map((name, tensor) => encodeTensor(series, name, tensor)))}`,
  ];
  return escapeJson(`{\n  ${parts.join(',\n  ')}\n}\n`);
}

function encodeTensor({ tensors, steps }: SeriesResult, name: string, tensor: number): Record<string, unknown> {
  const slice = [tensor * steps.length, (tensor + 1) * steps.length] as const;
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const encoded: Record<string, unknown> = {
    name,
    is_measured: tensors.isMeasured[tensor] === 1,
    start_nonfinite: orNull(tensors.startNonfinite[tensor] ?? Number.NaN),
  };
  for (const column of TENSOR_COLUMNS) encoded[toSnakeCase(column)] = Array.from(tensors[column].subarray(...slice), orNull);
  encoded['identical'] = Array.from(tensors.identical.subarray(...slice), (same) => same === 1);
  return encoded;
}

function writeList(items: readonly unknown[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
}
