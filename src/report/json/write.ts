import { encode } from './encode.ts';
import { listFields } from './keys.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/**
 * The text of a value, as `JSON.stringify(encode(value, schema))` gives it; undefined for a field that is left out. Long lists are
 * written by it: the objects in between would take most of the time.
 */
export function write(value: unknown, schema: Schema): string | undefined {
  switch (schema.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? String(value) : 'null';
    case 'nullable':
      return value === null || value === undefined ? 'null' : write(value, schema.of);
    case 'object':
      return `{${writeFields(value as object, schema.fields).join(',')}}`;
    case 'string':
    case 'boolean':
    case 'verbatim':
    case 'evidence':
    case 'enum':
    case 'optional':
    case 'list':
    case 'tuple':
    case 'record':
    case 'either':
    case 'constant':
    case 'column':
    case 'lookup':
    case 'rows':
      return JSON.stringify(encode(value, schema));
  }
}

/** The text of each of many values, in one piece. */
export function* writeEach(values: Iterable<object>, schema: ObjectSchema): Generator<[string]> {
  for (const value of values) yield [write(value, schema) ?? ''];
}

function writeFields(value: object, fields: Readonly<Record<string, Schema>>): string[] {
  const written: string[] = [];
  for (const [field, key, schema] of listFields(fields)) {
    const text = write((value as Readonly<Record<string, unknown>>)[field], schema);
    if (text !== undefined) written.push(`"${key}":${text}`);
  }
  return written;
}
