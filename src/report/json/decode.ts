import { ModelDiffError } from '../../errors.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { type Column, COLUMN_DTYPES, type ColumnDtype, decodeColumn, INTEGERS } from './column.ts';
import { listFields } from './keys.ts';
import { type ColumnSchema, type Schema, string } from './schema.ts';

/** How many rows the columns have, and how many bins each of them has in the histogram. */
export interface Size {
  readonly rows: number;
  readonly bins: number;
}

/**
 * Reads plain data of JSON back. Fields that the schema does not know are left out.
 * @param at where the value stands, for the message, as `columns.old.dtype`
 * @throws ModelDiffError `E_INVALID_HEADER` where the data is not of the schema
 */
export function decode(value: unknown, schema: Schema, at: string, size: Size): unknown {
  switch (schema.kind) {
    case 'number':
      return expect(value, Number.isFinite, 'a number', at);
    case 'string':
      return expect(value, (found) => typeof found === 'string', 'a string', at);
    case 'boolean':
      return expect(value, (found) => typeof found === 'boolean', 'true or false', at);
    case 'constant':
      return expect(value, (found) => found === schema.value, String(schema.value), at);
    case 'verbatim':
      return expect(value, (found) => isShallow(found), `at most ${DEEPEST} levels of nesting`, at);
    case 'record':
      return decodeRecord(expectObject(value, at), schema.of, at, size);
    case 'evidence':
    case 'either':
      // Only written: what is found in a comparison, and its rows, follow from its columns.
      return value;
    case 'enum':
      return expect(value, (found) => schema.values.includes(found as string), `one of ${schema.values.join(', ')}`, at);
    case 'nullable':
      return value === null || value === undefined ? null : decode(value, schema.of, at, size);
    case 'optional':
      return value === undefined ? undefined : decode(value, schema.of, at, size);
    case 'list':
      return expectList(value, at).map((item, index) => decode(item, schema.of, `${at}[${index}]`, size));
    case 'tuple': {
      const items = expect(expectList(value, at), (found) => found.length === schema.of.length, `${schema.of.length} values`, at);
      return schema.of.map((of, index) => decode(items[index], of, `${at}[${index}]`, size));
    }
    case 'column':
      return decodeColumnOf(value, schema, at, size);
    case 'lookup':
      return decodeLookup(expectObject(value, at), schema.of, at, size);
    case 'rows':
      return decodeRows(expectObject(value, at), at, size);
    case 'object':
      return decodeFields(expectObject(value, at), schema.fields, at, size);
  }
}

/** What is nested more deeply than anything in a configuration is not worth a stack that overflows when it is written again. */
const DEEPEST = 128;

function isShallow(value: unknown, deepest = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return deepest > 0 && Object.values(value).every((item) => isShallow(item, deepest - 1));
}

/** Without a prototype: keys are names from files, and `constructor` is one like any other. */
function decodeRecord(value: Readonly<Record<string, unknown>>, of: Schema, at: string, size: Size): Record<string, unknown> {
  const decoded = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) decoded[key] = decode(item, of, `${at}.${key}`, size);
  return decoded;
}

function decodeLookup(value: Readonly<Record<string, unknown>>, of: Schema, at: string, size: Size): unknown[] {
  const values = expectList(value['values'], `${at}.values`).map((item, index) =>
    decode(item, of, `${at}.values[${index}]`, size),
  );
  const index = expectColumn(value['index'], INTEGERS, size.rows, values.length, `${at}.index`);
  return Array.from(index, (found) => values[found]);
}

function decodeRows(value: Readonly<Record<string, unknown>>, at: string, size: Size): ReadonlyMap<number, unknown> {
  return new Map(
    Object.entries(value).map(([key, item]) => {
      const row = Number(key);
      expect(key, () => Number.isInteger(row) && row >= 0 && row < size.rows && String(row) === key, 'the number of a row', at);
      return [row, decode(item, string, `${at}.${key}`, size)];
    }),
  );
}

const CODES: readonly ColumnDtype[] = ['|u1'];

function decodeColumnOf(value: unknown, { of, perRow, below }: ColumnSchema, at: string, size: Size): Column {
  const length = size.rows * (perRow === 'bins' ? size.bins : 1);
  if (of === 'codes') return expectColumn(value, CODES, length, below, at);
  const column = expectColumn(value, COLUMN_DTYPES, length, below, at);
  return column instanceof Float64Array ? column : new Float64Array(column);
}

function expectColumn(value: unknown, dtypes: readonly ColumnDtype[], length: number, below: number, at: string): Column {
  const column = decodeColumn(value, dtypes, length);
  if (column === undefined) return expect(value as never, () => false, `a column of ${length} ${dtypes.join(' or ')}`, at);
  const wrong = below === Infinity ? undefined : column.find((found) => found >= below);
  expect(wrong, (found) => found === undefined, `numbers below ${below}`, at);
  return column;
}

function decodeFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Schema>>,
  at: string,
  size: Size,
): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [field, key, schema] of listFields(fields)) {
    const item = decode(Object.hasOwn(value, key) ? value[key] : undefined, schema, at === '' ? key : `${at}.${key}`, size);
    // A configuration value that is absent is undefined and not left out.
    if (item !== undefined || schema.kind === 'verbatim') decoded[field] = item;
  }
  return decoded;
}

function expectList(value: unknown, at: string): readonly unknown[] {
  return expect(value, (found) => Array.isArray(found), 'a list', at) as readonly unknown[];
}

/** An object of JSON, which is no list. */
export function expectObject(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return expect(
    value,
    (found) => typeof found === 'object' && found !== null && !Array.isArray(found),
    'an object',
    at,
  ) as Readonly<Record<string, unknown>>;
}

/** @throws ModelDiffError `E_INVALID_HEADER`, where the value does not hold: the report contradicts its own form. */
export function expect<T>(value: T, holds: (found: T) => boolean, expected: string, at: string): T {
  if (holds(value)) return value;
  throw new ModelDiffError(`${escapeTerminal(at.slice(0, 200))}: expected ${expected}, found ${describe(value)}`, {
    kind: 'Format',
    code: 'E_INVALID_HEADER',
    hint: 'the file was edited or written by another program; make it again with --format json',
  });
}

/** A few words on a value that may be a whole file. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'object' || value === null) return escapeTerminal(JSON.stringify(value).slice(0, 40));
  const keys = Object.entries(value)
    .slice(0, 4)
    .map(([key, item]) => (typeof item === 'object' || typeof item === 'string' ? key : `${key}: ${String(item)}`));
  return `an object${keys.length === 0 ? '' : ` of ${escapeTerminal(keys.join(', ').slice(0, 80))}`}`;
}
