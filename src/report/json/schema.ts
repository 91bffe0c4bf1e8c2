/**
 * The form of a saved value, stated once and read by all: the writer takes fields in this order and turns their names to snake_case, the
 * reader checks kinds and turns them back, and the published JSON Schema is made of it. Keys of a `record` are names (layers, types,
 * metadata) and stay as they are.
 */
export type Schema = Kind & {
  /** One line for whoever reads the published schema. */
  readonly description?: string;
  /** Name among the definitions of the published schema, for what occurs more than once or is long. */
  readonly name?: string;
};

type Kind =
  /** Always finite. */
  | { readonly kind: 'number' }
  | { readonly kind: 'string' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'constant'; readonly value: string | number }
  /** Passed on as it is: values of configuration files. */
  | { readonly kind: 'verbatim' }
  /** What an insight rests on: the keys are ours, what is below them is passed on as it is. */
  | { readonly kind: 'evidence' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  /** `null` stands for what is absent, and for NaN and the infinities, which JSON has not. */
  | { readonly kind: 'nullable'; readonly of: Schema }
  | { readonly kind: 'optional'; readonly of: Schema }
  | { readonly kind: 'list'; readonly of: Schema }
  | { readonly kind: 'tuple'; readonly of: readonly Schema[] }
  | { readonly kind: 'record'; readonly of: Schema }
  /** One of several, which the writer decides on by itself. */
  | { readonly kind: 'either'; readonly of: readonly Schema[] }
  | ColumnSchema
  /** A list with an entry a row in which few values occur often: each value once, and which one stands in each row. */
  | { readonly kind: 'lookup'; readonly of: Schema }
  /** `ReadonlyMap<number, string>` by row; an object in JSON. */
  | { readonly kind: 'rows' }
  | ObjectSchema;

/** A typed array, see `column.ts`. */
export interface ColumnSchema {
  readonly kind: 'column';
  /** `floats` is a `Float64Array`, `codes` a `Uint8Array`. */
  readonly of: 'floats' | 'codes';
  /** `bins`: as many elements a row as the histogram has bins. */
  readonly perRow: 'one' | 'bins';
  /** Codes are below it. */
  readonly below: number;
}

/** An object with these fields. */
export interface ObjectSchema {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Schema>>;
  /** Whether other fields are refused; a report may gain some. */
  readonly isClosed?: true;
}

/** A schema that names every field of `T`: a field that is added to a type must be added to its schema. */
export type FieldsOf<T> = { readonly [Key in keyof Required<T>]: Schema };

export const number: Schema = { kind: 'number' };
export const string: Schema = { kind: 'string' };
export const boolean: Schema = { kind: 'boolean' };
export const verbatim: Schema = { kind: 'verbatim' };
export const evidence: Schema = { kind: 'evidence', description: 'The numbers behind the conclusion.' };
export const rows: Schema = { kind: 'rows' };
export const floats: Schema = { kind: 'column', of: 'floats', perRow: 'one', below: Infinity };
export const bins: Schema = { kind: 'column', of: 'floats', perRow: 'bins', below: Infinity };
export const flags: Schema = codes(2);

export const numberOrNull: Schema = nullable(number);

/** A column of numbers from 0 to `below` - 1. */
export function codes(below: number): Schema {
  return { kind: 'column', of: 'codes', perRow: 'one', below };
}

export function constant(value: string | number): Schema {
  return { kind: 'constant', value };
}

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

export function either(...of: readonly Schema[]): Schema {
  return { kind: 'either', of };
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

/** An object with every field of `T` and no other: what people write, and misspell. */
export function closed<T>(fields: FieldsOf<T>): ObjectSchema {
  return { kind: 'object', fields, isClosed: true };
}

/** The same schema with a line for whoever reads the published one. */
export function described<S extends Schema>(description: string, schema: S): S {
  return { ...schema, description };
}

/** The same schema with a name among the definitions of the published one. */
export function named<S extends Schema>(name: string, schema: S): S {
  return { ...schema, name };
}
