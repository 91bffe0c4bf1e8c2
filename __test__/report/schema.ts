import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** The schemas that the package ships. */
export type SchemaName = 'report' | 'series' | 'inspect' | 'lines' | 'manifest';

const compiled = new Map<SchemaName, ValidateFunction>();

/** What of a value is not of a published schema, which here allows no field but the ones it names; null where all is. */
export function findSchemaErrors(value: unknown, name: SchemaName = 'report'): string | null {
  const validate = compiled.get(name) ?? compile(name);
  return validate(value) ? null : JSON.stringify(validate.errors?.slice(0, 3));
}

function compile(name: SchemaName): ValidateFunction {
  const published: unknown = JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8'));
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(close(published) as object);
  compiled.set(name, validate);
  return validate;
}

/** The same schema that allows no other fields. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== 'object' || schema === null) return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  return 'properties' in closed && 'type' in closed ? { ...closed, additionalProperties: false } : closed;
}
