/** Makes the files in schema/, the published forms of what is written and read, of the schemas that the program itself goes by. */

import { writeFileSync } from 'node:fs';
import { tsImport } from 'tsx/esm/api';

/** @typedef {import('../src/report/json/schema.ts').Schema} Schema */
/** @typedef {Record<string, unknown>} JsonSchema */

/** @type {typeof import('../src/report/json/published.ts')} */
const { PUBLISHED } = await tsImport('../src/report/json/published.ts', import.meta.url);
const { PUBLISHED_CONFIG } = await tsImport('../src/cli/config/config-schema.ts', import.meta.url);
const { listFields } = await tsImport('../src/report/json/keys.ts', import.meta.url);

/** The files and how each is written. @type {Record<string, (file: string) => Promise<void>>} */
export const SCHEMAS = Object.fromEntries(
  [...PUBLISHED, PUBLISHED_CONFIG].map((published) => [
    `schema/${published.name}.schema.json`,
    async (file) => writeSchema(file, published),
  ]),
);

/**
 * Writes one JSON Schema.
 * @param {string} file
 * @param {(typeof PUBLISHED)[number]} published
 */
function writeSchema(file, { id, title, description, schema }) {
  const translator = new Translator(listFields);
  const body = translator.translate(schema);
  const written = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: id,
    title,
    description,
    ...body,
    ...(translator.definitions.size > 0 && {
      $defs: Object.fromEntries([...translator.definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
    }),
  };
  writeFileSync(file, `${layOut(written, '')}\n`);
}

/** Characters of a line, as in the rest of the repository. */
const WIDTH = 130;

/**
 * JSON whose parts stand on a line each where they do not fit on one together: a third less than one line for every value, and as easy to read.
 * @param {unknown} value
 * @param {string} indent
 * @returns {string}
 */
function layOut(value, indent) {
  const line = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  const isArray = Array.isArray(value);
  const parts = Object.entries(value).map(([key, part]) => `${isArray ? '' : `${JSON.stringify(key)}: `}${layOut(part, inner)}`);
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`;
}

/** Both kinds of column. */
const COLUMNS = {
  floats: {
    description: 'A column of numbers, NaN where there is none: 64-bit floats, or whole numbers in as few bytes as hold them.',
    dtype: { description: "numpy's name of the type.", enum: ['|u1', '<u2', '<u4', '<f8'] },
    fill: { description: 'Null stands for NaN.', type: ['number', 'null'] },
  },
  codes: {
    description: 'A column of whole numbers, in as few bytes as hold them.',
    dtype: { description: "numpy's name of the type.", enum: ['|u1', '<u2', '<u4'] },
    fill: { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
  },
};

/** Turns schemas of the writer into JSON Schema; those with a name become definitions. */
class Translator {
  /** @type {Map<string, JsonSchema>} */
  definitions = new Map();

  /** @param {(fields: Readonly<Record<string, Schema>>) => readonly (readonly [string, string, Schema])[]} listFields */
  constructor(listFields) {
    this.listFields = listFields;
  }

  /**
   * @param {Schema} schema
   * @returns {JsonSchema}
   */
  translate(schema) {
    const { name, description } = schema;
    if (name === undefined) return { ...(description === undefined ? {} : { description }), ...this.describe(schema) };
    return this.define(name, () => this.describe(schema), description);
  }

  /**
   * A reference to a definition. A description stands beside the reference: it may be about the place and not the thing.
   * @param {string} name
   * @param {() => JsonSchema} make
   * @param {string} [description]
   * @returns {JsonSchema}
   */
  define(name, make, description) {
    if (!this.definitions.has(name)) {
      this.definitions.set(name, {});
      this.definitions.set(name, make());
    }
    return { ...(description === undefined ? {} : { description }), $ref: `#/$defs/${name}` };
  }

  /**
   * @param {Schema} schema
   * @returns {JsonSchema}
   */
  describe(schema) {
    switch (schema.kind) {
      case 'number':
      case 'string':
      case 'boolean':
        return { type: schema.kind };
      case 'constant':
        return { const: schema.value };
      case 'verbatim':
        return {};
      case 'evidence':
        return { type: 'object' };
      case 'enum':
        return { enum: [...schema.values] };
      case 'nullable':
        return this.describeNullable(schema.of);
      case 'optional':
        return this.translate(schema.of);
      case 'list':
        return { type: 'array', items: this.translate(schema.of) };
      case 'tuple':
        return {
          type: 'array',
          prefixItems: schema.of.map((item) => this.translate(item)),
          items: false,
          minItems: schema.of.length,
        };
      case 'record':
        return { type: 'object', additionalProperties: this.translate(schema.of) };
      case 'either':
        return { anyOf: schema.of.map((item) => this.translate(item)) };
      case 'column':
        return this.describeColumn(schema.of);
      case 'lookup':
        return describeObject({
          values: { type: 'array', items: this.translate(schema.of) },
          index: this.describeColumn('codes'),
        });
      case 'rows':
        return { type: 'object', propertyNames: { pattern: '^(0|[1-9][0-9]*)$' }, additionalProperties: { type: 'string' } };
      case 'object': {
        const fields = this.listFields(schema.fields);
        const described = describeObject(
          Object.fromEntries(fields.map(([, key, of]) => [key, this.translate(of)])),
          fields.filter(([, , of]) => of.kind !== 'optional' && of.kind !== 'verbatim').map(([, key]) => key),
        );
        return schema.isClosed === true ? { ...described, additionalProperties: false } : described;
      }
    }
  }

  /**
   * Base64 of the bytes; or how many elements are one number; or these, and which are others.
   * @param {'floats' | 'codes'} of
   * @returns {JsonSchema}
   */
  describeColumn(of) {
    const { description, dtype, fill } = COLUMNS[of];
    const data = { description: 'Base64 of the little-endian bytes.', type: 'string', contentEncoding: 'base64' };
    const count = {
      description: 'Number of elements; all of them are fill, but for those at the indices in at.',
      type: 'integer',
      minimum: 0,
    };
    return this.define(of, () => {
      const at = { ...this.describeColumn('codes'), description: 'Rising indices of the elements whose bytes are in data.' };
      const forms = [
        { dtype, data },
        { dtype, count, fill },
        { dtype, count, fill, at, data },
      ];
      return { description, anyOf: forms.map((form) => describeObject(form)) };
    });
  }

  /**
   * @param {Schema} of
   * @returns {JsonSchema}
   */
  describeNullable(of) {
    const { description, ...inner } = this.translate(of);
    const isPlain = typeof inner.type === 'string' && Object.keys(inner).length === 1;
    const schema = isPlain ? { type: [inner.type, 'null'] } : { anyOf: [inner, { type: 'null' }] };
    return { ...(description === undefined ? {} : { description }), ...schema };
  }
}

/**
 * @param {Record<string, unknown>} properties
 * @param {string[]} required
 * @returns {JsonSchema}
 */
function describeObject(properties, required = Object.keys(properties)) {
  return { type: 'object', properties, required };
}
