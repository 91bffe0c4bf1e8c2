import type { ParameterDiff } from '../../comparison/rows.ts';
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
    case 'column':
    case 'lookup':
    case 'rows':
      return JSON.stringify(encode(value, schema));
  }
}

/** A tensor; the shapes of both sides stand behind the metrics of the original, where its readers look for them. */
export function writeParameter(diff: ParameterDiff, { fields }: ObjectSchema): string {
  const written = writeFields(diff, fields);
  const behind = written.findIndex((field) => field.startsWith('"change_ratio":')) + 1;
  const shapes = [diff.oldInfo, diff.newInfo].map((info) => JSON.stringify(info?.shape ?? null));
  written.splice(behind, 0, `"old_shape":${shapes[0]}`, `"new_shape":${shapes[1]}`);
  return `{${written.join(',')}}`;
}

function writeFields(value: object, fields: Readonly<Record<string, Schema>>): string[] {
  const written: string[] = [];
  for (const [field, key, schema] of listFields(fields)) {
    const text = write((value as Readonly<Record<string, unknown>>)[field], schema);
    if (text !== undefined) written.push(`"${key}":${text}`);
  }
  return written;
}
