/** Reports that are damaged, made by somebody else, or made to hurt. */
import test from 'ava';
import { ModelDiffError } from '../../src/errors.ts';
import { writeJson } from '../../src/report/json/comparison.ts';
import { writeComparisonLines } from '../../src/report/json/lines.ts';
import { INSPECTION_SCHEMA_ID, SERIES_SCHEMA_ID } from '../../src/tool.ts';
import { joinPieces } from '../../src/report/writers/writer.ts';
import { parseReport } from '../../src/report/json/parse.ts';
import { renderReport } from '../../src/report/render.ts';
import { buildModel, buildResult, prepare } from './build.ts';

const MODEL = joinPieces(writeJson(prepare(buildModel())));

type Json = Record<string, unknown>;
interface Saved extends Json {
  readonly columns: Json & { readonly old: Record<string, Json>; readonly names: unknown[]; readonly l2_diff: Json };
  readonly summary: Json;
  readonly options: Json;
}

/** A saved model with something done to it. */
function spoil(change: (json: Saved) => unknown): string {
  const json = JSON.parse(MODEL) as Saved;
  change(json);
  return JSON.stringify(json);
}

function refuse(text: string): ModelDiffError {
  try {
    parseReport(text);
  } catch (error) {
    if (error instanceof ModelDiffError) return error;
    throw error;
  }
  throw new Error('the report was read');
}

test('a program is told a call, and no command', (t) => {
  t.is(refuse('<html>').hint, "renderReport(comparison, { format: 'json' }) makes one");
  t.is(refuse(`{"$schema": "${SERIES_SCHEMA_ID}"}`).hint, 'createSeriesReport writes every format of a series');
});

for (const [title, text, code, pattern] of [
  ['no JSON', '<html>', 'E_UNKNOWN_FORMAT', /expected JSON/],
  ['another JSON', '{"a": 1}', 'E_UNKNOWN_FORMAT', /expected the keys/],
  ['null', 'null', 'E_UNKNOWN_FORMAT', /expected the keys/],
  ['a list', '[1, 2]', 'E_UNKNOWN_FORMAT', /expected the keys/],
  ['of a series', `{"$schema": "${SERIES_SCHEMA_ID}"}`, 'E_UNSUPPORTED_FORMAT', /of a series/],
  ['of inspect', `{"$schema": "${INSPECTION_SCHEMA_ID}"}`, 'E_UNSUPPORTED_FORMAT', /description of one checkpoint/],
  ['of JSONL', joinPieces(writeComparisonLines(prepare(buildModel()))), 'E_UNSUPPORTED_FORMAT', /this is JSONL/],
  ['of a later version', '{"schema_version": 99, "parameters": []}', 'E_UNSUPPORTED_VERSION', /99: expected 2/],
  ['of version 1', '{"schema_version": 1, "parameters": []}', 'E_UNSUPPORTED_VERSION', /version 1: expected 2/],
  [
    'without columns',
    spoil((json) => Reflect.deleteProperty(json, 'columns')),
    'E_INVALID_HEADER',
    /^columns: expected an object, found nothing$/,
  ],
  [
    'without a summary',
    spoil((json) => Reflect.deleteProperty(json, 'summary')),
    'E_INVALID_HEADER',
    /^summary: expected an object, found nothing/,
  ],
  [
    'with a string for a number',
    spoil((json) => (json.summary['total_l2_diff'] = '\u001b[31mhuge')),
    'E_INVALID_HEADER',
    /^summary\.total_l2_diff: expected a number, found "\\u001b\[31mhuge"$/,
  ],
  [
    'with a number beyond all others',
    MODEL.replace(/"total_l2_diff": [\d.]+/, '"total_l2_diff": 1e999'),
    'E_INVALID_HEADER',
    /^summary\.total_l2_diff: expected a number, found null$/,
  ],
] as const) {
  test(`a file ${title} is refused with its place`, (t) => {
    const error = refuse(text);
    t.is(error.code, code);
    t.regex(error.message, pattern);
    t.truthy(error.hint);
  });
}

test('a report of version 1 says what to do', (t) => {
  t.regex(refuse('{"schema_version": 1, "parameters": []}').hint ?? '', /compare the checkpoints again/);
  t.is(refuse('{"schema_version": 3, "parameters": []}').hint, 'update model-diff');
});

const floats = (values: readonly number[]): string => Buffer.from(Float64Array.from(values).buffer).toString('base64');
const shorts = (values: readonly number[]): string => Buffer.from(Uint16Array.from(values).buffer).toString('base64');
const indices = (values: readonly number[]): string => Buffer.from(Uint32Array.from(values).buffer).toString('base64');
const ROWS = 101;

for (const [title, change, at] of [
  ['a column that is too short', (json) => (json.columns.l2_diff['data'] = floats([1, 2, 3])), 'columns.l2_diff'],
  ['a column that is too long', (json) => (json.columns.l2_diff['data'] = floats(Array(ROWS + 1).fill(1))), 'columns.l2_diff'],
  ['a name more', (json) => json.columns.names.push('more'), 'columns.change_type'],
  [
    'what is not base64',
    (json) => (json.columns.l2_diff['data'] = `****${String(json.columns.l2_diff['data']).slice(4)}`),
    'columns.l2_diff',
  ],
  [
    'base64 with blanks in it',
    (json) => (json.columns.l2_diff['data'] = `    ${String(json.columns.l2_diff['data'])}`),
    'columns.l2_diff',
  ],
  ['no padding', (json) => (json.columns.l2_diff['data'] = String(json.columns.l2_diff['data']).replace(/=+$/, '')), 'l2_diff'],
  ['another type', (json) => (json.columns.l2_diff['dtype'] = '<f4'), 'columns.l2_diff'],
  ['floats for codes', (json) => (json.columns['identical'] = { dtype: '<f8', count: ROWS, fill: 0 }), 'columns.identical'],
  [
    'floats for a lookup',
    (json) => (json.columns.old['dtype']!['index'] = { dtype: '<f8', count: ROWS, fill: 0 }),
    'old.dtype.index',
  ],
  ['a list for a column', (json) => (json.columns['l1_diff'] = [1, 2]), 'columns.l1_diff'],
  ['a huge count', (json) => (json.columns['l1_diff'] = { dtype: '<f8', count: 1e12, fill: 0 }), 'columns.l1_diff'],
  ['a count below zero', (json) => (json.columns['l1_diff'] = { dtype: '<f8', count: -1, fill: 0 }), 'columns.l1_diff'],
  ['a fill that is no number', (json) => (json.columns['l1_diff'] = { dtype: '<f8', count: ROWS, fill: '0' }), 'l1_diff'],
  ['no value at all', (json) => (json.columns['l1_diff'] = { dtype: '<f8', count: ROWS }), 'columns.l1_diff'],
  ['NaN for a flag', (json) => (json.columns['identical'] = { dtype: '|u1', count: ROWS, fill: null }), 'columns.identical'],
  ['a flag of 2', (json) => (json.columns['identical'] = { dtype: '|u1', count: ROWS, fill: 2 }), 'columns.identical'],
  ['a byte of 256', (json) => (json.columns['identical'] = { dtype: '|u1', count: ROWS, fill: 256 }), 'columns.identical'],
  ['half a byte', (json) => (json.columns['identical'] = { dtype: '|u1', count: ROWS, fill: 0.5 }), 'columns.identical'],
  ['a change type of 5', (json) => (json.columns['change_type'] = { dtype: '|u1', count: ROWS, fill: 5 }), 'columns.change_type'],
  ...(
    [
      ['beyond the end', { at: { dtype: '<u2', data: shorts([ROWS]) }, data: floats([1]) }],
      ['in falling order', { at: { dtype: '<u2', data: shorts([5, 4]) }, data: floats([1, 2]) }],
      ['twice', { at: { dtype: '<u2', data: shorts([5, 5]) }, data: floats([1, 2]) }],
      ['more than there are', { at: { dtype: '|u1', count: ROWS + 1, fill: 0 }, data: floats(Array(ROWS + 1).fill(1)) }],
      ['without values', { at: { dtype: '<u2', data: shorts([5]) } }],
      ['with values of another number', { at: { dtype: '<u2', data: shorts([5]) }, data: floats([1, 2]) }],
      ['that are columns of columns', { at: { dtype: '|u1', count: 1, fill: 0, at: {}, data: '' }, data: floats([1]) }],
    ] as const
  ).map(
    ([what, others]) =>
      [
        `others ${what}`,
        (json: Saved) => (json.columns['l1_diff'] = { dtype: '<f8', count: ROWS, fill: null, ...others }),
        'columns.l1_diff',
      ] as const,
  ),
  ['a name that is none', (json) => (json.columns.names[0] = 5), 'columns.names[0]'],
  [
    'a lookup beyond its values',
    (json) => (json.columns.old['dtype']!['index'] = { dtype: '<u4', data: indices(Array(ROWS).fill(9)) }),
    'columns.old.dtype.index',
  ],
  ['a lookup without values', (json) => (json.columns.old['dtype']!['values'] = []), 'columns.old.dtype.index'],
  ['a value of another kind', (json) => (json.columns.old['shape']!['values'] = [['8']]), 'columns.old.shape.values[0][0]'],
  ['an error of no row', (json) => (json.columns['errors'] = { [ROWS]: 'x' }), 'columns.errors'],
  ['an error of half a row', (json) => (json.columns['errors'] = { '1.5': 'x' }), 'columns.errors'],
  ['an error of a name', (json) => (json.columns['errors'] = JSON.parse('{"__proto__": "x"}') as Json), 'columns.errors'],
  ['an error that is no text', (json) => (json.columns['errors'] = { 0: {} }), 'columns.errors.0'],
  ...([0, 0.5, 65, 1e12, null] as const).map(
    (bins) =>
      [
        `a histogram of ${bins} bins`,
        (json: Saved) =>
          (json.columns['histogram'] = { first_exponent: 0, bins, counts: { dtype: '<f8', count: ROWS, fill: 0 } }),
        'columns.histogram.bins',
      ] as const,
  ),
  [
    'a histogram of a row too few',
    (json) => (json.columns['histogram'] = { first_exponent: 0, bins: 2, counts: { dtype: '<f8', count: ROWS, fill: 0 } }),
    'columns.histogram.counts',
  ],
  ['options of another kind', (json) => (json.options['precision'] = 'toString'), 'options.precision'],
  [
    'a configuration nested without end',
    (json) =>
      (json.summary['config_changes'] = [{ key: 'a', old: JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) as unknown, new: 1 }]),
    'summary.config_changes[0].old',
  ],
] as readonly (readonly [string, (json: Saved) => unknown, string])[]) {
  test(`a damaged report is refused: ${title}`, (t) => {
    const text = spoilOrNest(change);
    const before = process.memoryUsage().arrayBuffers;
    const error = refuse(text);
    t.is(error.code, 'E_INVALID_HEADER', error.message);
    t.true(error.message.includes(at), error.message);
    t.true(error.message.length < 400);
    t.true(process.memoryUsage().arrayBuffers - before < 16e6);
  });
}

/** `JSON.stringify` overflows the stack where `JSON.parse` does not: nesting is put into the text. */
function spoilOrNest(change: (json: Saved) => unknown): string {
  try {
    return spoil(change);
  } catch {
    return MODEL.replace(
      /"config_changes": \[[^\]]*\]/,
      `"config_changes": [{"key": "a", "old": ${'['.repeat(1e5)}${']'.repeat(1e5)}}]`,
    );
  }
}

test('keys of prototypes are no fields', (t) => {
  const text = spoil((json) => {
    for (const part of [json, json.columns, json.columns.old, json.summary, json.options])
      Object.defineProperty(part, '__proto__', { value: { polluted: 1 }, enumerable: true });
  });
  t.true(text.includes('"__proto__"'));
  const read = parseReport(text);
  t.is((read.summary as unknown as Json)['polluted'], undefined);
  t.is(({} as Json)['polluted'], undefined);
  for (const key of ['toString', 'constructor'] as const)
    t.is(refuse(spoil((json) => Reflect.set(json, key, 1) && Reflect.deleteProperty(json, 'summary'))).code, 'E_INVALID_HEADER');
});

test('fields of a later minor version are left alone, and one that may be null may be missing', (t) => {
  const read = parseReport(
    spoil(({ summary }) => Reflect.set(summary, 'later', { deep: true }) && Reflect.deleteProperty(summary, 'one_minus_cos_max')),
  );
  t.is(read.summary.oneMinusCosMax, null);
  t.false('later' in read.summary);
});

test('a short file does not take long, nor much memory, whatever it asks for', (t) => {
  const fill = (dtype: unknown, value: unknown): Json => ({ dtype, count: 4e9, fill: value });
  const text = spoil((json) => {
    for (const key of Object.keys(json.columns)) {
      const column = json.columns[key] as Json;
      if (column['dtype'] !== undefined) json.columns[key] = fill(column['dtype'], 0);
    }
  });
  const [began, before] = [performance.now(), process.memoryUsage().arrayBuffers];
  t.is(refuse(text).code, 'E_INVALID_HEADER');
  t.true(performance.now() - began < 5000);
  t.true(process.memoryUsage().arrayBuffers - before < 16e6);
});

test('numbers that contradict each other make a strange report and no crash', (t) => {
  const names = ['a.weight', 'b.weight', 'c.weight', 'd.weight', 'e.weight'];
  const plain = joinPieces(writeJson(prepare(buildResult(names.map((name) => ({ name }))))));
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1e308, 5e-324, 0.5, 2 ** 53];
  for (let round = 0; round < 60; round += 1) {
    let at = round * 7;
    const pick = (): number => values[(at = (at * 31 + 17) % 1009) % values.length] ?? 0;
    const json = JSON.parse(plain) as Saved;
    for (const part of [json.columns, json.columns.old, json.columns['new'] as Json]) {
      for (const [key, column] of Object.entries(part)) {
        const dtype = (column as Json | undefined)?.['dtype'];
        if (dtype === '<f8') part[key] = { dtype, data: floats(names.map(pick)) };
      }
    }
    json.columns['change_type'] = {
      dtype: '|u1',
      data: Buffer.from(names.map((_, row) => (row + round) % 5)).toString('base64'),
    };
    json.columns['identical'] = { dtype: '|u1', data: Buffer.from(names.map((_, row) => (row * round) % 2)).toString('base64') };
    const read = parseReport(JSON.stringify(json));
    for (const format of ['text', 'html', 'markdown', 'csv', 'json'] as const) t.notThrows(() => renderReport(read, { format }));
    const again = renderReport(read, { format: 'json' });
    t.is(renderReport(parseReport(again), { format: 'json' }), again);
  }
});
