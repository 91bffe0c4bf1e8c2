import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { example, makeFolder, ROOT, run } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);
const saved = join(folder.path, 'saved.json');

test.before(async () => {
  const { code, stderr } = await run([example('base'), example('last-layer'), '-q', '-o', saved]);
  if (code !== 0) throw new Error(stderr);
});

test('a saved result gives the text that the comparison gave, without the add-on', async (t) => {
  const direct = await run([example('base'), example('last-layer'), '--no-provenance']);
  const later = await run(['report', saved, '--no-provenance'], { env: { MODEL_DIFF_NATIVE: '/nowhere.node' } });
  t.is(later.code, 0);
  t.is(later.stdout, direct.stdout);
});

test('and the same JSON, byte for byte', async (t) => {
  t.is((await run(['report', saved, '--json'])).stdout, readFileSync(saved, 'utf8'));
});

test('the saved result is what the schema says', (t) => {
  const schema = JSON.parse(readFileSync(join(ROOT, 'schema', 'report.schema.json'), 'utf8')) as object;
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
  t.true(validate(JSON.parse(readFileSync(saved, 'utf8'))), JSON.stringify(validate.errors?.slice(0, 3)));
});

test('from stdin, into files', async (t) => {
  const page = join(folder.path, 'page.html');
  const { code, stderr } = await run(['report', '-', '-q', '-o', page], { stdin: readFileSync(saved, 'utf8') });
  t.deepEqual([code, stderr], [0, '']);
  t.true(readFileSync(page, 'utf8').startsWith('<!doctype html>'));
});

test('what is no saved result is refused', async (t) => {
  const other = join(folder.path, 'other.json');
  for (const [text, message] of [
    ['{}', /E_UNKNOWN_FORMAT.*\nhint: model-diff OLD NEW -o report\.json makes one\n/],
    ['{"$schema": "urn:model-diff:schema:series:1"}', /hint: model-diff series writes every format itself/],
    ['not json', /E_UNKNOWN_FORMAT/],
    [
      readFileSync(saved, 'utf8').replace('"precision":"fast"', '"precision":"\u009b31m"'),
      /E_INVALID_HEADER\]: options\.precision: expected one of .*\\u\{9b\}/,
    ],
  ] as const) {
    writeFileSync(other, text);
    const { code, stdout, stderr } = await run(['report', other]);
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, message);
  }
});
