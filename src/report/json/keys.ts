import type { Shape } from './shape.ts';

/** `oneMinusCos` to `one_minus_cos`. Only for names of fields, never for names that come from files. */
export function toSnakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The way back: `one_minus_cos` to `oneMinusCos`. */
export function toCamelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A field of an object: its name here, its name in JSON, its shape. */
export type Field = readonly [field: string, key: string, shape: Shape];

const FIELDS = new WeakMap<object, readonly Field[]>();

/** The fields of an object's shape with their names in JSON; worked out once for all the objects of a report. */
export function listFields(fields: Readonly<Record<string, Shape>>): readonly Field[] {
  const known = FIELDS.get(fields);
  if (known !== undefined) return known;
  const listed = Object.entries(fields).map(([field, shape]): Field => [field, toSnakeCase(field), shape]);
  FIELDS.set(fields, listed);
  return listed;
}
