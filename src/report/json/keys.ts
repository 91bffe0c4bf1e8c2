import { toSnakeCase } from '../../wording/snake-case.ts';
import type { Schema } from './schema.ts';

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
