import { LINES_SCHEMA_ID, LINES_SCHEMA_VERSION } from '../../tool.ts';
import { INSPECTION_HEAD_FIELDS } from './inspection-schema.ts';
import { TOOL_SCHEMA } from './origin-schema.ts';
import { PARAMETER_SCHEMA, TENSOR_INFO_SCHEMA } from './parameter-schema.ts';
import { REPORT_HEAD_FIELDS } from './report-schema.ts';
import { constant, described, either, named, type ObjectSchema, type Schema } from './schema.ts';
import { EVENT_SCHEMA, SERIES_HEAD_FIELDS, SERIES_TENSOR_SCHEMA, STEP_SCHEMA } from './series-schema.ts';

type Fields = ObjectSchema['fields'];

/** The first line of a file: what it is about. */
function head(type: string, description: string, fields: Fields): ObjectSchema {
  const preamble = { $schema: constant(LINES_SCHEMA_ID), schemaVersion: constant(LINES_SCHEMA_VERSION), tool: TOOL_SCHEMA };
  return line(type, `${type}_head`, description, { ...preamble, ...fields });
}

function line(type: string, name: string, description: string, fields: Fields): ObjectSchema {
  return named(name, described(description, { kind: 'object', fields: { type: constant(type), ...fields } } as const));
}

export const COMPARISON_LINE: ObjectSchema = head(
  'comparison',
  'The first line of a comparison; a line a tensor follows, changed or not, in the order that explanations count in.',
  REPORT_HEAD_FIELDS,
);
export const TENSOR_LINE: ObjectSchema = line('tensor', 'compared_tensor', 'A tensor of a comparison.', PARAMETER_SCHEMA.fields);

export const SERIES_LINE: ObjectSchema = head(
  'series',
  'The first line of a series; a line a step, event and tensor follows.',
  SERIES_HEAD_FIELDS,
);
export const STEP_LINE: ObjectSchema = line('step', 'step', 'A step of a series.', STEP_SCHEMA.fields);
export const EVENT_LINE: ObjectSchema = line('event', 'event', 'An event of a series.', EVENT_SCHEMA.fields);
export const SERIES_TENSOR_LINE: ObjectSchema = line(
  'tensor',
  'followed_tensor',
  'A tensor of a series; its lists have a value a step.',
  SERIES_TENSOR_SCHEMA.fields,
);

export const CHECKPOINT_LINE: ObjectSchema = head(
  'checkpoint',
  'The first line of what inspect writes; a line a tensor follows.',
  INSPECTION_HEAD_FIELDS,
);
export const TENSOR_INFO_LINE: ObjectSchema = line(
  'tensor',
  'tensor',
  'A tensor of a checkpoint; statistics are null where --stats was not given.',
  TENSOR_INFO_SCHEMA.fields,
);

/** One line of JSONL, of any command. */
export const LINE_SCHEMA: Schema = either(
  COMPARISON_LINE,
  TENSOR_LINE,
  SERIES_LINE,
  STEP_LINE,
  EVENT_LINE,
  SERIES_TENSOR_LINE,
  CHECKPOINT_LINE,
  TENSOR_INFO_LINE,
);
