import { ModelDiffError } from '../../errors.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { renameFields } from './encode.ts';
import { listFields, toCamelCase } from './keys.ts';
import { decodeColumn } from './column.ts';
import { type ColumnDtype, type Schema, string } from './schema.ts';

/**
 * Reads plain data of JSON back. Fields that the schema does not know are left out.
 * @param most rows that a column may have, see {@link decodeColumn}
 * @param at where the value stands, for the message, as `parameters[3].l2_diff`
 * @throws ModelDiffError `E_INVALID_HEADER` where the data is not of the schema
 */
export function decode(value: unknown, schema: Schema, at: string, most: number): unknown {
  switch (schema.kind) {
    case 'number':
      return expect(value === null ? Number.NaN : value, (found) => typeof found === 'number', 'a number', at);
    case 'string':
      return expect(value, (found) => typeof found === 'string', 'a string', at);
    case 'boolean':
      return expect(value, (found) => typeof found === 'boolean', 'true or false', at);
    case 'verbatim':
      return value;
    case 'evidence':
      return renameFields(expectObject(value, at), toCamelCase);
    case 'enum':
      return expect(value, (found) => schema.values.includes(found as string), `one of ${schema.values.join(', ')}`, at);
    case 'nullable':
      return value === null || value === undefined ? null : decode(value, schema.of, at, most);
    case 'optional':
      return value === undefined ? undefined : decode(value, schema.of, at, most);
    case 'list':
      return expectList(value, at).map((item, index) => decode(item, schema.of, `${at}[${index}]`, most));
    case 'tuple': {
      const items = expect(expectList(value, at), (found) => found.length === schema.of.length, `${schema.of.length} values`, at);
      return schema.of.map((of, index) => decode(items[index], of, `${at}[${index}]`, most));
    }
    case 'record':
      return Object.fromEntries(
        Object.entries(expectObject(value, at)).map(([key, item]) => [key, decode(item, schema.of, `${at}.${key}`, most)]),
      );
    case 'column':
      return expectColumn(value, schema.dtype, at, most);
    case 'lookup':
      return decodeLookup(expectObject(value, at), schema.of, at, most);
    case 'rows':
      return new Map(
        Object.entries(expectObject(value, at)).map(([row, item]) => [Number(row), decode(item, string, `${at}.${row}`, most)]),
      );
    case 'object':
      return decodeFields(expectObject(value, at), schema.fields, at, most);
  }
}

function decodeLookup(value: Readonly<Record<string, unknown>>, of: Schema, at: string, most: number): unknown[] {
  const values = expectList(value['values'], `${at}.values`).map((item, index) =>
    decode(item, of, `${at}.values[${index}]`, most),
  );
  const index = expectColumn(value['index'], '<u4', `${at}.index`, most);
  return Array.from(index, (found) => {
    expect(found, () => found < values.length, `numbers below ${values.length}`, `${at}.index`);
    return values[found];
  });
}

function expectColumn(value: unknown, dtype: ColumnDtype, at: string, most: number): ArrayLike<number> {
  const column = decodeColumn(value, dtype, most);
  expect(value, () => column !== undefined, `a column of ${dtype}`, at);
  return column ?? [];
}

function decodeFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Schema>>,
  at: string,
  most: number,
): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [field, key, schema] of listFields(fields)) {
    const item = decode(Object.hasOwn(value, key) ? value[key] : undefined, schema, at === '' ? key : `${at}.${key}`, most);
    // A configuration value that is absent is undefined and not left out.
    if (item !== undefined || schema.kind === 'verbatim') decoded[field] = item;
  }
  return decoded;
}

function expectList(value: unknown, at: string): readonly unknown[] {
  return expect(value, (found) => Array.isArray(found), 'a list', at) as readonly unknown[];
}

function expectObject(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return expect(
    value,
    (found) => typeof found === 'object' && found !== null && !Array.isArray(found),
    'an object',
    at,
  ) as Readonly<Record<string, unknown>>;
}

function expect<T>(value: T, holds: (found: T) => boolean, expected: string, at: string): T {
  if (holds(value)) return value;
  const found = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 40);
  throw invalidReport(at, expected, found);
}

/** A report that contradicts its own form. */
export function invalidReport(at: string, expected: string, found: string): ModelDiffError {
  return new ModelDiffError(
    `${escapeTerminal(at.slice(0, 200)) || 'report'}: expected ${expected}, found ${escapeTerminal(found)}`,
    {
      kind: 'Format',
      code: 'E_INVALID_HEADER',
      hint: 'the file was edited or written by another program; make the report again',
    },
  );
}
