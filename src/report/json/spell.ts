import { encode } from './encode.ts';
import { listFields } from './keys.ts';
import type { Schema } from './schema.ts';

/** Entries of a list that are encoded at a time. */
const SLICE = 4096;

/**
 * The text of a value in pieces, together what `JSON.stringify(encode(value, schema))` gives; none for a field that is left out. Lists as
 * long as a checkpoint has tensors are many pieces, so that none takes long.
 */
export function* spell(value: unknown, schema: Schema): Generator<string> {
  switch (schema.kind) {
    case 'nullable':
      return value === null || value === undefined ? yield 'null' : yield* spell(value, schema.of);
    case 'optional':
      return value === undefined ? undefined : yield* spell(value, schema.of);
    case 'list':
      return yield* spellList(Array.isArray(value) ? value : Array.from(value as Iterable<unknown>), schema);
    case 'record':
      return yield* spellEntries(Object.entries(value as object).map(([key, item]) => [key, item, schema.of] as const));
    case 'object': {
      const fields = listFields(schema.fields);
      const entries = fields.map(([field, key, of]) => [key, (value as Readonly<Record<string, unknown>>)[field], of] as const);
      return yield* spellEntries(entries);
    }
    case 'number':
    case 'string':
    case 'boolean':
    case 'verbatim':
    case 'evidence':
    case 'enum':
    case 'tuple':
    case 'either':
    case 'constant':
    case 'column':
    case 'lookup':
    case 'rows': {
      const text = JSON.stringify(encode(value, schema));
      if (text !== undefined) yield text;
    }
  }
}

function* spellList(items: readonly unknown[], schema: Schema): Generator<string> {
  if (items.length <= SLICE) return yield JSON.stringify(encode(items, schema));
  for (let from = 0; from < items.length; from += SLICE) {
    const text = JSON.stringify(encode(items.slice(from, from + SLICE), schema));
    yield `${from === 0 ? '[' : ','}${text.slice(1, -1)}`;
  }
  yield ']';
}

function* spellEntries(entries: readonly (readonly [key: string, value: unknown, schema: Schema])[]): Generator<string> {
  let before = '{';
  for (const [key, value, schema] of entries) {
    let isNew = true;
    for (const piece of spell(value, schema)) {
      yield isNew ? `${before}${JSON.stringify(key)}:${piece}` : piece;
      isNew = false;
      before = ',';
    }
  }
  yield before === '{' ? '{}' : '}';
}
