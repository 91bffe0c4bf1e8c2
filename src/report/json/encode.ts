import { listFields, toSnakeCase } from './keys.ts';
import type { Shape } from './shape.ts';

/** A value as plain data for JSON: snake_case fields in the order of the shape, null for what is not a number. */
export function encode(value: unknown, shape: Shape): unknown {
  switch (shape.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case 'string':
    case 'boolean':
    case 'enum':
    case 'verbatim':
      return value;
    case 'evidence':
      return renameFields(value, toSnakeCase);
    case 'nullable':
      return value === null || value === undefined ? null : encode(value, shape.of);
    case 'optional':
      return value === undefined ? undefined : encode(value, shape.of);
    case 'list':
      return Array.from(value as Iterable<unknown>, (item) => encode(item, shape.of));
    case 'tuple':
      return shape.of.map((of, index) => encode((value as readonly unknown[])[index], of));
    case 'record':
      return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, encode(item, shape.of)]));
    case 'column':
      return Array.from(value as ArrayLike<number>, (item) => (Number.isFinite(item) ? item : null));
    case 'rows':
      return Object.fromEntries(value as ReadonlyMap<number, string>);
    case 'object':
      return encodeFields(value as Readonly<Record<string, unknown>>, shape.fields);
  }
}

function encodeFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Shape>>,
): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [field, key, shape] of listFields(fields)) {
    const item = encode(value[field], shape);
    if (item !== undefined) encoded[key] = item;
  }
  return encoded;
}

/** Renames the fields of one object; `fromEntries` takes `__proto__` for a field like any other. */
export function renameFields(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), item]));
}
