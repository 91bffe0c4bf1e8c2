import type { ParameterDiff } from '../../types.ts';
import { encode } from './encode.ts';
import { listFields } from './keys.ts';
import type { Shape } from './shape.ts';
import { PARAMETER_SHAPE } from './shapes.ts';

/**
 * The text of a value, as `JSON.stringify(encode(value, shape))` gives it; undefined for a field that is left out. Long lists are
 * written by it: the objects in between would take most of the time.
 */
export function write(value: unknown, shape: Shape): string | undefined {
  switch (shape.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? String(value) : 'null';
    case 'nullable':
      return value === null || value === undefined ? 'null' : write(value, shape.of);
    case 'object':
      return `{${writeFields(value as object, shape.fields).join(',')}}`;
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
    case 'rows':
      return JSON.stringify(encode(value, shape));
  }
}

/** A tensor; the shapes of both sides stand behind the metrics of the original too, where its readers look for them. */
export function writeParameter(diff: ParameterDiff): string {
  const written = writeFields(diff, PARAMETER_SHAPE.fields);
  const behind = written.findIndex((field) => field.startsWith('"change_ratio":')) + 1;
  const shapes = [diff.oldInfo, diff.newInfo].map((info) => JSON.stringify(info?.shape ?? null));
  written.splice(behind, 0, `"old_shape":${shapes[0]}`, `"new_shape":${shapes[1]}`);
  return `{${written.join(',')}}`;
}

function writeFields(value: object, fields: Readonly<Record<string, Shape>>): string[] {
  const written: string[] = [];
  for (const [field, key, shape] of listFields(fields)) {
    const text = write((value as Readonly<Record<string, unknown>>)[field], shape);
    if (text !== undefined) written.push(`"${key}":${text}`);
  }
  return written;
}
