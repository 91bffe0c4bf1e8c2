import { argumentError } from '../../errors.ts';
import { findNearest, isPlainObject, spell } from '../../options.ts';
import { listFields } from '../../report/json/keys.ts';
import type { ObjectSchema, Schema } from '../../report/json/schema.ts';

/**
 * The fields of an object as its schema has them, under their names here.
 *
 * @param path the file, for messages
 * @param at where the object stands in it, as `expect.may`; '' for the whole
 * @throws ModelDiffError `E_ARGUMENT` for a key that there is not, with the nearest one that there is, or a value of another kind
 */
export function readFields(value: unknown, schema: ObjectSchema, path: string, at = ''): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw failKind(path, at, 'an object', value);
  const fields = listFields(schema.fields);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const field = fields.find(([, known]) => known === key);
      if (field === undefined)
        throw failKey(
          path,
          at,
          key,
          fields.map(([, known]) => known),
        );
      const [name, , of] = field;
      return [name, readValue(item, of, path, at === '' ? key : `${at}.${key}`)];
    }),
  );
}

function readValue(value: unknown, schema: Schema, path: string, at: string): unknown {
  if (schema.kind === 'optional') return readValue(value, schema.of, path, at);
  if (schema.kind === 'object') return readFields(value, schema, path, at);
  if (schema.kind === 'list') {
    if (!Array.isArray(value)) throw failKind(path, at, 'a list', value);
    return value.map((item, index) => readValue(item, schema.of, path, `${at}[${index}]`));
  }
  const isRight = schema.kind === 'enum' ? schema.values.includes(value as string) : typeof value === schema.kind;
  if (isRight) return value;
  throw failKind(
    path,
    at,
    schema.kind === 'enum' ? schema.values.map((one) => spell(one)).join(' or ') : (KINDS[schema.kind] ?? schema.kind),
    value,
  );
}

const KINDS: Readonly<Record<string, string>> = { string: 'a string', number: 'a number', boolean: 'true or false' };

function failKind(path: string, at: string, expected: string, value: unknown): Error {
  return argumentError(`${path}: expected ${expected}${at === '' ? '' : ` at ${at}`}, found ${spell(value)}`);
}

function failKey(path: string, at: string, key: string, known: readonly string[]): Error {
  const nearest = findNearest(key, known);
  return argumentError(
    `${path}: there is no key ${spell(key)}${at === '' ? '' : ` in ${at}`}`,
    nearest === undefined ? `the keys are ${known.join(', ')}` : `did you mean ${nearest}?`,
  );
}
