import { toSnakeCase } from '../../wording/snake-case.ts';
import { listFields } from './keys.ts';
import { type Column, encodeColumn } from './column.ts';
import type { Schema } from './schema.ts';

/** A value as plain data for JSON: snake_case fields in the order of the schema, null for what is not a number. */
export function encode(value: unknown, schema: Schema): unknown {
  switch (schema.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case 'string':
    case 'boolean':
    case 'enum':
    case 'verbatim':
    case 'either':
      return value;
    case 'constant':
      return schema.value;
    case 'evidence':
      return renameFields(value, toSnakeCase);
    case 'nullable':
      return value === null || value === undefined ? null : encode(value, schema.of);
    case 'optional':
      return value === undefined ? undefined : encode(value, schema.of);
    case 'list':
      return Array.from(value as Iterable<unknown>, (item) => encode(item, schema.of));
    case 'tuple':
      return schema.of.map((of, index) => encode((value as readonly unknown[])[index], of));
    case 'record':
      return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, encode(item, schema.of)]));
    case 'column':
      return encodeColumn(value as Column);
    case 'lookup':
      return encodeLookup(value as readonly unknown[], schema.of);
    case 'rows':
      return Object.fromEntries(value as ReadonlyMap<number, string>);
    case 'object':
      return encodeFields(value as Readonly<Record<string, unknown>>, schema.fields);
  }
}

/** Each value once, in the order in which they come, and its number row by row. */
function encodeLookup(items: readonly unknown[], of: Schema): unknown {
  const values: unknown[] = [];
  const known = new Map<string, number>();
  const index = Uint32Array.from(items, (item) => {
    const key = typeof item === 'string' ? item : JSON.stringify(item);
    const found = known.get(key) ?? values.push(encode(item, of)) - 1;
    known.set(key, found);
    return found;
  });
  return { values, index: encodeColumn(index) };
}

function encodeFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Schema>>,
): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [field, key, schema] of listFields(fields)) {
    const item = encode(value[field], schema);
    if (item !== undefined) encoded[key] = item;
  }
  return encoded;
}

/** Renames the fields of one object; `fromEntries` takes `__proto__` for a field like any other. */
export function renameFields(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), item]));
}
