/**
 * The shape of a saved value, stated once and read by both directions: the writer takes fields in this order and turns their names to
 * snake_case, the reader checks kinds and turns them back. Keys of a `record` are names (layers, types, metadata) and stay as they are.
 */
export type Shape =
  /** `null` stands for NaN and the infinities, which JSON has not. */
  | { readonly kind: 'number' }
  | { readonly kind: 'string' }
  | { readonly kind: 'boolean' }
  /** Passed on as it is: values of configuration files. */
  | { readonly kind: 'verbatim' }
  /** What an insight rests on: the keys are ours, what is below them is passed on as it is. */
  | { readonly kind: 'evidence' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'nullable'; readonly of: Shape }
  | { readonly kind: 'optional'; readonly of: Shape }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'tuple'; readonly of: readonly Shape[] }
  | { readonly kind: 'record'; readonly of: Shape }
  /** A typed array; NaN is null in JSON. */
  | { readonly kind: 'column'; readonly bytes: 1 | 8 }
  /** `ReadonlyMap<number, string>`, an object by row in JSON. */
  | { readonly kind: 'rows' }
  | ObjectShape;

/** An object with these fields. */
export interface ObjectShape {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Shape>>;
}

/** A shape that names every field of `T`: a field that is added to a type must be added to its shape. */
export type FieldsOf<T> = { readonly [Key in keyof Required<T>]: Shape };

export const number: Shape = { kind: 'number' };
export const string: Shape = { kind: 'string' };
export const boolean: Shape = { kind: 'boolean' };
export const verbatim: Shape = { kind: 'verbatim' };
export const evidence: Shape = { kind: 'evidence' };
export const rows: Shape = { kind: 'rows' };
export const floats: Shape = { kind: 'column', bytes: 8 };
export const bytes: Shape = { kind: 'column', bytes: 1 };

export function nullable(of: Shape): Shape {
  return { kind: 'nullable', of };
}

export function optional(of: Shape): Shape {
  return { kind: 'optional', of };
}

export function list(of: Shape): Shape {
  return { kind: 'list', of };
}

export function tuple(...of: readonly Shape[]): Shape {
  return { kind: 'tuple', of };
}

export function record(of: Shape): Shape {
  return { kind: 'record', of };
}

export function oneOf(values: readonly string[]): Shape {
  return { kind: 'enum', values };
}

/** An object with every field of `T`. */
export function object<T>(fields: FieldsOf<T>): ObjectShape {
  return { kind: 'object', fields };
}
