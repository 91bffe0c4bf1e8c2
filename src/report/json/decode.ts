import { ModelDiffError } from '../../errors.ts';
import { escapeTerminal } from '../escape.ts';
import { renameFields } from './encode.ts';
import { listFields, toCamelCase } from './keys.ts';
import type { Shape } from './shape.ts';

/**
 * Reads plain data of JSON back. Fields that the shape does not know are left out.
 * @param at where the value stands, for the message, as `parameters[3].l2_diff`
 * @throws ModelDiffError `E_INVALID_HEADER` where the data is not of the shape
 */
export function decode(value: unknown, shape: Shape, at: string): unknown {
  switch (shape.kind) {
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
      return expect(value, (found) => shape.values.includes(found as string), `one of ${shape.values.join(', ')}`, at);
    case 'nullable':
      return value === null || value === undefined ? null : decode(value, shape.of, at);
    case 'optional':
      return value === undefined ? undefined : decode(value, shape.of, at);
    case 'list':
      return expectList(value, at).map((item, index) => decode(item, shape.of, `${at}[${index}]`));
    case 'tuple': {
      const items = expect(expectList(value, at), (found) => found.length === shape.of.length, `${shape.of.length} values`, at);
      return shape.of.map((of, index) => decode(items[index], of, `${at}[${index}]`));
    }
    case 'record':
      return Object.fromEntries(
        Object.entries(expectObject(value, at)).map(([key, item]) => [key, decode(item, shape.of, `${at}.${key}`)]),
      );
    case 'column': {
      const items = expectList(value, at).map((item, index) => decode(item, { kind: 'number' }, `${at}[${index}]`) as number);
      return shape.bytes === 1 ? Uint8Array.from(items) : Float64Array.from(items);
    }
    case 'rows':
      return new Map(
        Object.entries(expectObject(value, at)).map(([row, item]) => [
          Number(row),
          decode(item, { kind: 'string' }, `${at}.${row}`),
        ]),
      );
    case 'object':
      return decodeFields(expectObject(value, at), shape.fields, at);
  }
}

function decodeFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Shape>>,
  at: string,
): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [field, key, shape] of listFields(fields)) {
    const item = decode(Object.hasOwn(value, key) ? value[key] : undefined, shape, at === '' ? key : `${at}.${key}`);
    // A configuration value that is absent is undefined and not left out.
    if (item !== undefined || shape.kind === 'verbatim') decoded[field] = item;
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
  throw new ModelDiffError(
    `${escapeTerminal(at.slice(0, 200)) || 'report'}: expected ${expected}, found ${escapeTerminal(found)}`,
    {
      kind: 'Format',
      code: 'E_INVALID_HEADER',
      hint: 'the file was changed by hand or written by another program; make it again with --format json',
    },
  );
}
