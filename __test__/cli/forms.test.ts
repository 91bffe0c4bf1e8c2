/** Forms for programs, of every command: what the published schemas say, and what hostile files cannot change. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { HOSTILE_NAMES } from '../report/hostile.ts';
import { findSchemaErrors, type SchemaName } from '../report/schema.ts';
import { example, makeFolder, ROOT, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

/** Those that a safetensors file can hold. */
const NAMES = HOSTILE_NAMES.filter((name) => !/\p{Cs}/u.test(name) && name.length < 1e5);

const [hostileOld, hostileNew] = ['hostile-old', 'hostile-new'].map((name, index) =>
  writeSafetensors(
    join(folder.path, `${name}.safetensors`),
    NAMES.map((tensor, at) => ({
      name: tensor,
      shape: [2],
      values: [1 + at, index * at === 3 ? Number.NaN : 2 + index],
    })),
  ),
) as [string, string];
const gan = join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt');

const CALLS: readonly (readonly [SchemaName, readonly string[]])[] = [
  ['report', [example('base'), example('sft')]],
  ['report', [hostileOld, hostileNew]],
  ['series', ['series', example('continue-0100'), example('continue-0200'), example('continue-0300')]],
  ['series', ['series', hostileOld, hostileNew, hostileOld]],
  ['series', ['series', example('base'), example('diverge-5'), example('diverge-6'), '--no-provenance']],
  ['inspect', ['inspect', example('sft-sharded')]],
  ['inspect', ['inspect', hostileNew, '--stats', '--no-provenance']],
  ['inspect', ['inspect', gan]],
];

for (const [schema, args] of CALLS) {
  const title = args.map((arg) => arg.split('/').at(-1)).join(' ');

  test(`the JSON of ${title} is of its schema`, async (t) => {
    const { stdout, stderr } = await run([...args, '--json', '--no-progress']);
    t.is(findSchemaErrors(JSON.parse(stdout), schema), null, stderr);
    t.regex(stdout, /^\{\n {2}"\$schema": "urn:model-diff:schema:\w+:\d+",\n/);
    t.notRegex(stdout, /[^\n\x20-\x7e\u00a0-\uffff]/, 'no control characters');
  });

  test(`every line of the JSONL of ${title} is of its schema`, async (t) => {
    const { stdout } = await run([...args, '--format', 'jsonl', '--no-progress']);
    const lines = stdout.trimEnd().split('\n');
    t.is(stdout.at(-1), '\n');
    for (const line of lines) t.is(findSchemaErrors(JSON.parse(line), 'lines'), null, line.slice(0, 200));
    const [head, ...rest] = lines.map((line) => JSON.parse(line) as { type: string; name?: string });
    t.is(head?.type, { report: 'comparison', series: 'series', inspect: 'checkpoint', lines: '', manifest: '' }[schema]);
    const names = rest.filter(({ type }) => type === 'tensor').map(({ name }) => name);
    t.true(names.length > 2);
    t.is(new Set(names).size, names.length);
    if (args.includes(hostileNew)) t.true(NAMES.every((name) => names.includes(name)) && names.length === NAMES.length);
  });
}

test('a schema refuses what is not of its form', async (t) => {
  const { stdout } = await run(['series', example('base'), example('sft'), '--json']);
  interface Series {
    steps: [Record<string, unknown>];
    tensors: [Record<string, unknown>];
    [key: string]: unknown;
  }
  const spoilt: readonly ((series: Series) => unknown)[] = [
    (series) => delete series['verdict'],
    (series) => delete series['provenance'],
    (series) => (series.steps[0]['norm'] = 'NaN'),
    (series) => delete series.tensors[0]['step_cosine'],
    (series) => (series.tensors[0]['identical'] = [0]),
  ];
  for (const spoil of spoilt) {
    const series = JSON.parse(stdout) as Series;
    t.is(findSchemaErrors(series, 'series'), null);
    spoil(series);
    t.not(findSchemaErrors(series, 'series'), null, spoil.toString());
  }
});

test('JSONL has every tensor, changed or not, in the order that explanations count in', async (t) => {
  const args = [example('base'), example('last-layer'), '--no-provenance'];
  const lines = (await run([...args, '-f', 'jsonl'])).stdout.trimEnd().split('\n');
  const whole = JSON.parse((await run([...args, '--json'])).stdout) as { columns: { names: string[] }; analysis: unknown };
  const [head, ...tensors] = lines.map((line) => JSON.parse(line) as { name: string; change_type: string; analysis?: unknown });
  t.deepEqual(
    tensors.map(({ name }) => name),
    whole.columns.names,
  );
  t.true(tensors.some(({ change_type: type }) => type === 'unchanged'));
  t.deepEqual(head?.analysis, whole.analysis);
});

test('what --security prints is of the schema too, and has no lines', async (t) => {
  for (const flags of [[], ['--no-provenance']]) {
    const { stdout } = await run(['inspect', hostileNew, '--security', '--json', ...flags]);
    const found = JSON.parse(stdout) as { findings: unknown[]; provenance: unknown; layers?: unknown };
    t.is(findSchemaErrors(found, 'inspect'), null);
    t.true(found.findings.length > 0);
    t.is(found.layers, undefined);
  }
  const { code, stdout, stderr } = await run(['inspect', hostileNew, '--security', '-f', 'jsonl']);
  t.deepEqual([code, stdout], [2, '']);
  t.regex(stderr, /--security prints text or JSON, not jsonl\nhint: use --json/);
});

test('statistics are in the JSON with --stats alone', async (t) => {
  const read = async (...flags: readonly string[]): Promise<Record<string, unknown> | undefined> => {
    const json = JSON.parse((await run(['inspect', example('base'), '--json', ...flags])).stdout) as {
      layers: Record<string, Record<string, unknown>>;
    };
    return json.layers['lm_head.weight'];
  };
  t.deepEqual([(await read())?.['mean'], (await read())?.['nan_count']], [null, null]);
  const known = await read('--stats');
  t.deepEqual([typeof known?.['mean'], known?.['nan_count']], ['number', 0]);
});

test('a file of lines may be written over, as any report', async (t) => {
  const out = join(folder.path, 'run.jsonl');
  for (let turn = 0; turn < 2; turn += 1) {
    const { code, stderr } = await run([example('base'), example('sft'), '-q', '-o', out]);
    t.deepEqual([code, stderr], [0, '']);
  }
  t.is(readFileSync(out, 'utf8').trimEnd().split('\n').length, 1 + 57);
  t.true(existsSync(out));
  t.false(readdirSync(folder.path).some((name) => name.endsWith('.tmp')));
});
