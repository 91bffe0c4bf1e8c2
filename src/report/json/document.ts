import { escapeJson } from '../../wording/escape.ts';
import { listFields } from './keys.ts';
import type { ObjectSchema, Schema } from './schema.ts';
import { spell } from './spell.ts';

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

/** An object with one line a field; of lists and maps of larger values, one line an entry. */
export const byField: Layout = (value, schema, indent) =>
  schema.kind === 'object'
    ? layOutObject(value as object, schema.fields, mapFields(schema, byEntry), indent)
    : spell(value, schema);

/** One line an entry of a list or a map of larger values. */
export const byEntry: Layout = function* (value, schema, indent) {
  if ((schema.kind === 'optional' || schema.kind === 'nullable') && value !== undefined && value !== null)
    return yield* byEntry(value, schema.of, indent);
  if (schema.kind === 'list' && isLarge(schema.of))
    return yield* layOutItems(
      mapItems(value as Iterable<unknown>, (item) => spell(item, schema.of)),
      indent,
    );
  if (schema.kind === 'record' && isLarge(schema.of)) {
    const entries = mapItems(Object.entries(value as object), ([key, item]) => spellEntry(key, item, schema.of));
    return yield* layOutItems(entries, indent, '{}');
  }
  return yield* spell(value, schema);
};

/** One line a column, those of a part of the columns too. */
export const byColumn: Layout = (value, schema, indent) =>
  schema.kind === 'object'
    ? layOutObject(value as object, schema.fields, mapFields(schema, onePart), indent)
    : spell(value, schema);

const onePart: Layout = (value, schema, indent) =>
  schema.kind === 'object' && 'sizeBytes' in schema.fields ? byColumn(value, schema, indent) : spell(value, schema);

/** A list of entries, a line each, of texts in pieces. */
export function* layOutItems(
  entries: Iterable<Iterable<string>>,
  indent: string,
  brackets: '[]' | '{}' = '[]',
): Generator<string> {
  const [open, close] = brackets;
  let before: string = open ?? '';
  for (const entry of entries) {
    yield `${before}\n${indent}  `;
    yield* entry;
    before = ',';
  }
  yield before === ',' ? `\n${indent}${close}` : brackets;
}

function* layOutObject<T extends object>(
  value: T,
  fields: ObjectSchema['fields'],
  layouts: Readonly<Partial<Record<keyof T, Layout>>>,
  indent: string,
): Generator<string> {
  const inner = `${indent}  `;
  let before = '{';
  for (const [field, key, schema] of listFields(fields)) {
    let isNew = true;
    for (const piece of (layouts[field as keyof T] ?? spell)(value[field as keyof T], schema, inner)) {
      // A field that is left out has no piece.
      yield isNew ? `${before}\n${inner}"${key}": ${piece}` : piece;
      isNew = false;
      before = ',';
    }
  }
  yield before === '{' ? '{}' : `\n${indent}}`;
}

function* spellEntry(key: string, value: unknown, schema: Schema): Generator<string> {
  yield `${JSON.stringify(key)}: `;
  yield* spell(value, schema);
}

/** What deserves a line of its own. */
function isLarge({ kind }: Schema): boolean {
  return kind === 'object' || kind === 'tuple';
}

function mapFields({ fields }: ObjectSchema, layout: Layout): Record<string, Layout> {
  return Object.fromEntries(Object.keys(fields).map((field) => [field, layout]));
}

function* mapItems<T, R>(items: Iterable<T>, map: (item: T) => R): Generator<R> {
  for (const item of items) yield map(item);
}
