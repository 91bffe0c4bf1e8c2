/**
 * The form of a saved value, stated once and read by all: the writer takes fields in this order and turns their names to snake_case, the
 * reader checks kinds and turns them back, and the published JSON Schema is made of it. Keys of a `record` are names (layers, types,
 * metadata) and stay as they are.
 */
export type Schema = Kind & { readonly description?: string };

type Kind =
  /** `null` stands for NaN and the infinities, which JSON has not. */
  | { readonly kind: 'number' }
  | { readonly kind: 'string' }
  | { readonly kind: 'boolean' }
  /** Passed on as it is: values of configuration files. */
  | { readonly kind: 'verbatim' }
  /** What an insight rests on: the keys are ours, what is below them is passed on as it is. */
  | { readonly kind: 'evidence' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'nullable'; readonly of: Schema }
  | { readonly kind: 'optional'; readonly of: Schema }
  | { readonly kind: 'list'; readonly of: Schema }
  | { readonly kind: 'tuple'; readonly of: readonly Schema[] }
  | { readonly kind: 'record'; readonly of: Schema }
  /** A typed array of f64 or u8, as base64 of its little-endian bytes, or one number where all are equal. */
  | { readonly kind: 'column'; readonly dtype: ColumnDtype }
  /** A list in which few values occur often: each value once, and which one stands in each row. */
  | { readonly kind: 'lookup'; readonly of: Schema }
  /** `ReadonlyMap<number, string>`, an object by row in JSON. */
  | { readonly kind: 'rows' }
  | ObjectSchema;

/** numpy's name of a column's elements. */
export type ColumnDtype = '<f8' | '|u1' | '<u4';

/** An object with these fields. */
export interface ObjectSchema {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Schema>>;
}

/** A schema that names every field of `T`: a field that is added to a type must be added to its schema. */
export type FieldsOf<T> = { readonly [Key in keyof Required<T>]: Schema };

export const number: Schema = { kind: 'number' };
export const string: Schema = { kind: 'string' };
export const boolean: Schema = { kind: 'boolean' };
export const verbatim: Schema = { kind: 'verbatim' };
export const evidence: Schema = { kind: 'evidence', description: 'The numbers behind the conclusion.' };
export const rows: Schema = { kind: 'rows' };
export const floats: Schema = { kind: 'column', dtype: '<f8' };
export const bytes: Schema = { kind: 'column', dtype: '|u1' };

export function nullable(of: Schema): Schema {
  return { kind: 'nullable', of };
}

export function optional(of: Schema): Schema {
  return { kind: 'optional', of };
}

export function list(of: Schema): Schema {
  return { kind: 'list', of };
}

export function tuple(...of: readonly Schema[]): Schema {
  return { kind: 'tuple', of };
}

export function record(of: Schema): Schema {
  return { kind: 'record', of };
}

export function lookup(of: Schema): Schema {
  return { kind: 'lookup', of };
}

export function oneOf(values: readonly string[]): Schema {
  return { kind: 'enum', values };
}

/** An object with every field of `T`. */
export function object<T>(fields: FieldsOf<T>): ObjectSchema {
  return { kind: 'object', fields };
}

/** The same schema with a line for whoever reads the published one. */
export function described(description: string, schema: Schema): Schema {
  return { ...schema, description };
}
