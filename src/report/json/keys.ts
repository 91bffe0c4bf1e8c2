import type { Schema } from './schema.ts';

/** `oneMinusCos` to `one_minus_cos`. Only for names of fields, never for names that come from files. */
export function toSnakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A field of an object: its name here, its name in JSON, its schema. */
export type Field = readonly [field: string, key: string, schema: Schema];

const FIELDS = new WeakMap<object, readonly Field[]>();

/** The fields of an object's schema with their names in JSON; worked out once for all the objects of a report. */
export function listFields(fields: Readonly<Record<string, Schema>>): readonly Field[] {
  const known = FIELDS.get(fields);
  if (known !== undefined) return known;
  const listed = Object.entries(fields).map(([field, schema]): Field => [field, toSnakeCase(field), schema]);
  FIELDS.set(fields, listed);
  return listed;
}
