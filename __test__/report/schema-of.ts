import { toSnakeCase } from '../../src/report/json/keys.ts';
import type { Shape } from '../../src/report/json/schema.ts';

export type Schema = Record<string, unknown>;

/** The JSON Schema that a shape amounts to, without words. */
export function schemaOf(shape: Shape): Schema {
  switch (shape.kind) {
    case 'number':
    case 'string':
    case 'boolean':
      return { type: shape.kind };
    case 'verbatim':
      return {};
    case 'evidence':
      return { type: 'object' };
    case 'enum':
      return { enum: [...shape.values] };
    case 'nullable': {
      const inner = schemaOf(shape.of);
      return typeof inner['type'] === 'string' && Object.keys(inner).length === 1
        ? { type: [inner['type'], 'null'] }
        : { oneOf: [inner, { type: 'null' }] };
    }
    case 'optional':
      return schemaOf(shape.of);
    case 'list':
      return { type: 'array', items: schemaOf(shape.of) };
    case 'tuple':
      return { type: 'array', prefixItems: shape.of.map(schemaOf), items: false, minItems: shape.of.length };
    case 'record':
      return { type: 'object', additionalProperties: schemaOf(shape.of) };
    case 'column':
      return { type: 'array', items: { type: ['number', 'null'] } };
    case 'rows':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'object': {
      const fields = Object.entries(shape.fields).filter(([, of]) => of.kind !== 'optional' && of.kind !== 'verbatim');
      return {
        type: 'object',
        properties: Object.fromEntries(Object.entries(shape.fields).map(([key, of]) => [toSnakeCase(key), schemaOf(of)])),
        required: fields.map(([key]) => toSnakeCase(key)),
      };
    }
  }
}

/** The same schema without words and with references in place, so that two can be compared. */
export function strip(schema: unknown, root: unknown = schema): unknown {
  if (Array.isArray(schema)) return schema.map((item) => strip(item, root));
  if (typeof schema !== 'object' || schema === null) return schema;
  const reference = (schema as Schema)['$ref'];
  if (typeof reference === 'string') {
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Schema)[key], root);
    return strip(target, root);
  }
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !(['description', 'title'].includes(key) && typeof value === 'string') &&
      !['$defs', '$schema', '$id', '$comment'].includes(key),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, strip(value, root)]));
}

/** The same schema that allows no field but the ones it names. */
export function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== 'object' || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  return 'properties' in closed && 'type' in closed ? { ...closed, additionalProperties: false } : closed;
}
