import { escapeJson } from '../../wording/escape.ts';
import { encode } from './encode.ts';
import { listFields } from './keys.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/** How a field of a document is laid out, as pieces of text. */
export type Layout = (value: unknown, schema: Schema, indent: string) => Iterable<string>;

/**
 * The text of a document, in pieces: one line a field, or what the layout of the field makes of it. No piece takes long to make, so that
 * whoever writes them can stop between any two.
 */
export function* writeDocument<T extends object>(
  value: T,
  schema: ObjectSchema,
  layouts: Readonly<Partial<Record<keyof T, Layout>>>,
): Generator<string> {
  for (const piece of layOutObject(value, schema.fields, layouts, '')) yield escapeJson(piece);
  yield '\n';
}

/** The whole value on one line. */
export const onOneLine: Layout = function* (value, schema) {
  const text = JSON.stringify(encode(value, schema));
  if (text !== undefined) yield text;
};

/** An object with one line a field; of lists and maps of larger values, one line an entry. */
export const byField: Layout = function* (value, schema, indent) {
  if (schema.kind !== 'object') return yield* onOneLine(value, schema, indent);
  yield* layOutObject(value as object, schema.fields, mapFields(schema, byEntry), indent);
};

/** One line an entry of a list or a map of larger values. */
export const byEntry: Layout = function* (value, schema, indent) {
  const encoded = encode(value, schema);
  if (Array.isArray(encoded)) {
    if (typeof encoded[0] !== 'object') yield JSON.stringify(encoded);
    else yield* layOutItems(mapItems(encoded, JSON.stringify), indent);
    return;
  }
  const isMap = isObject(encoded) && Object.values(encoded).every(isObject);
  if (!isMap) return yield* encoded === undefined ? [] : [JSON.stringify(encoded)];
  const entries = Object.entries(encoded);
  yield* layOutItems(
    mapItems(entries, ([key, entry]) => `${JSON.stringify(key)}: ${JSON.stringify(entry)}`),
    indent,
    '{}',
  );
};

/** One line a column, those of a part of the columns too. */
export const byColumn: Layout = function* (value, schema, indent) {
  if (schema.kind !== 'object') return yield* onOneLine(value, schema, indent);
  yield* layOutObject(value as object, schema.fields, mapFields(schema, onePart), indent);
};

const onePart: Layout = (value, schema, indent) =>
  schema.kind === 'object' && 'sizeBytes' in schema.fields ? byColumn(value, schema, indent) : onOneLine(value, schema, indent);

/** A list of lines that are written already, each of them an entry. */
export function* layOutItems(lines: Iterable<string>, indent: string, brackets: '[]' | '{}' = '[]'): Generator<string> {
  const [open, close] = brackets;
  let isEmpty = true;
  for (const line of lines) {
    yield `${isEmpty ? open : ','}\n${indent}  ${line}`;
    isEmpty = false;
  }
  yield isEmpty ? brackets : `\n${indent}${close}`;
}

function* layOutObject<T extends object>(
  value: T,
  fields: ObjectSchema['fields'],
  layouts: Readonly<Partial<Record<keyof T, Layout>>>,
  indent: string,
): Generator<string> {
  const inner = `${indent}  `;
  let isEmpty = true;
  for (const [field, key, schema] of listFields(fields)) {
    let isNew = true;
    for (const piece of (layouts[field as keyof T] ?? onOneLine)(value[field as keyof T], schema, inner)) {
      // A field that is left out has no piece.
      yield isNew ? `${isEmpty ? '{' : ','}\n${inner}"${key}": ${piece}` : piece;
      isNew = false;
      isEmpty = false;
    }
  }
  yield isEmpty ? '{}' : `\n${indent}}`;
}

function mapFields({ fields }: ObjectSchema, layout: Layout): Record<string, Layout> {
  return Object.fromEntries(Object.keys(fields).map((field) => [field, layout]));
}

function* mapItems<T>(items: Iterable<T>, write: (item: T) => string): Generator<string> {
  for (const item of items) yield write(item);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
