import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { example, makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const BASE = example('base');
const TUNED = example('sft');

test('the report is stdout, and what is said beside it is stderr', async (t) => {
  const { code, stdout, stderr } = await run([BASE, TUNED]);
  t.is(code, 0);
  const lines = stdout.split('\n');
  t.regex(lines[0] ?? '', /^base → sft {3}57 tensors, 119k parameters, bf16$/u);
  t.regex(lines[1] ?? '', /^\S.*\. {3}\(strong: 5–25%\)$/u);
  t.true(stdout.includes('model.layers.'));
  t.false(stdout.includes('\u001b'));
  t.regex(stderr, /^Compared 57 tensors, 2 × 238\.5 kB in \d+(\.\d)? m?s \(.*\/s, \d+ threads?\)(, \d+ of them twice)?\.\n$/);
});

test('--json is JSON and nothing else, the same bytes for any number of threads', async (t) => {
  const flags = ['--json', '--no-provenance', '--threads'];
  const runs = await Promise.all(['1', '2', '3', '8'].map((threads) => run([BASE, TUNED, ...flags, threads])));
  const [first] = runs;
  const json = JSON.parse(first?.stdout ?? '') as {
    old: { name: string };
    summary: { modified_parameters: number };
    parameters: unknown[];
  };
  t.is(json.old.name, 'base');
  t.is(json.parameters.length, json.summary.modified_parameters);
  for (const { code, stdout } of runs) {
    t.is(code, 0);
    t.is(stdout, first?.stdout ?? '');
  }
  t.false(first?.stdout.includes(process.cwd()) ?? true, 'no absolute path');
});

for (const [format, start] of [
  ['text', 'base → sft   '],
  ['json', '{\n'],
  ['html', '<!doctype html>'],
  ['markdown', '## `base` → `sft`'],
  ['csv', 'name,change_type'],
  ['jsonl', '{"type":"comparison"'],
  ['metrics', '{\n  "change":'],
] as const) {
  test(`--format ${format}`, async (t) => {
    const { code, stdout } = await run([BASE, TUNED, '--format', format]);
    t.is(code, 0);
    t.true(stdout.startsWith(start));
  });
}

test('-o writes each file in the format of its ending, and the text still goes to stdout', async (t) => {
  const place = join(folder.path, 'each');
  mkdirSync(place);
  const files = ['a.html', 'b.json', 'c.txt', 'd.md', 'e.csv'].map((name) => join(place, name));
  const { code, stdout, stderr } = await run([BASE, TUNED, ...files.flatMap((file) => ['-o', file])]);
  t.is(code, 0);
  t.true(stdout.startsWith('base → sft'));
  const starts = ['<!doctype html>', '{\n', 'base → sft', '## `base`', 'name,change_type'];
  for (const [index, file] of files.entries()) {
    t.true(readFileSync(file, 'utf8').startsWith(starts[index] ?? '?'), file);
    t.true(stderr.includes(`Wrote ${file} (`));
  }
  t.is(readdirSync(place).length, files.length, 'and nothing else');
});

test('-o follows a symbolic link and replaces an earlier report', async (t) => {
  const target = join(folder.path, 'linked-target.json');
  const link = join(folder.path, 'link.json');
  writeFileSync(target, 'old');
  symlinkSync(target, link);
  t.is((await run([BASE, TUNED, '-q', '-o', link])).code, 0);
  t.true(readFileSync(target, 'utf8').startsWith('{\n'));
});

test('a checkpoint is never overwritten by its report', async (t) => {
  const model = writeSafetensors(join(folder.path, 'model.safetensors'), [{ name: 'a', shape: [2] }]);
  writeFileSync(join(folder.path, 'config.json'), '{"model_type":"x"}');
  const { code, stderr } = await run([model, model, '-o', join(folder.path, 'config.json')]);
  t.is(code, 2);
  t.regex(stderr, /error\[E_ARGUMENT\]: .*config\.json belongs to the checkpoint .* and would be overwritten\nhint: /);
  t.is(readFileSync(join(folder.path, 'config.json'), 'utf8'), '{"model_type":"x"}');
  const report = join(folder.path, 'beside.json');
  t.is((await run([model, model, '-q', '-o', report])).code, 0);
  t.is((await run([model, model, '-q', '-o', report])).code, 0, 'a report that is ours may be replaced');
});

test('--quiet says nothing, and still prints a format that is asked for', async (t) => {
  t.deepEqual(await run([BASE, TUNED, '--quiet']), { code: 0, signal: null, stdout: '', stderr: '' });
  const { stdout, stderr } = await run([BASE, TUNED, '-q', '--format', 'csv']);
  t.true(stdout.startsWith('name,'));
  t.is(stderr, '');
});

test('a checkpoint is identical with itself', async (t) => {
  const { code, stdout } = await run([BASE, BASE, '--exit-code']);
  t.is(code, 0);
  t.regex(stdout.split('\n')[1] ?? '', /^Identical/);
  t.regex(stdout, /^changed 0 +identical 57 /mu);
});

test('--exit-code is 1 for other values, names, shapes and dtypes, and 0 otherwise', async (t) => {
  const make = (name: string, tensors: Parameters<typeof writeSafetensors>[1]): string =>
    writeSafetensors(join(folder.path, name), tensors);
  const one = make('one.safetensors', [
    { name: 'a', shape: [2], values: [1, 2] },
    { name: 'b', shape: [2] },
  ]);
  const cases = [
    [
      'same',
      [
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'b', shape: [2] },
      ],
      0,
    ],
    [
      'value',
      [
        { name: 'a', shape: [2], values: [1, 2.0000002] },
        { name: 'b', shape: [2] },
      ],
      1,
    ],
    [
      'name',
      [
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'c', shape: [2] },
      ],
      1,
    ],
    [
      'more',
      [
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'b', shape: [2] },
        { name: 'c', shape: [2] },
      ],
      1,
    ],
    [
      'shape',
      [
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'b', shape: [2, 1] },
      ],
      1,
    ],
    [
      'dtype',
      [
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'b', shape: [2], dtype: 'BF16' },
      ],
      1,
    ],
  ] as const;
  for (const [name, tensors, expected] of cases) {
    const other = make(`${name}.safetensors`, tensors);
    t.is((await run([one, other, '-q', '--exit-code'])).code, expected, name);
    t.is((await run([one, other, '-q'])).code, 0, `${name} without the flag`);
  }
});

test('--threshold, --include, --exclude and --top do what they say', async (t) => {
  const all = await run([BASE, TUNED, '--format', 'csv']);
  const some = await run([
    BASE,
    TUNED,
    '--format',
    'csv',
    '--include',
    '*.self_attn.*',
    '--exclude',
    '*.q_proj.*',
    '--exclude',
    '*.k_proj.*',
  ]);
  const names = some.stdout
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',')[0] ?? '');
  t.true(names.length > 0 && names.every((name) => /self_attn\.[vo]_proj/.test(name)));
  t.true(all.stdout.split('\r\n').length > names.length);
  t.regex((await run([BASE, TUNED, '--threshold', '1000'])).stdout, /^changed 0 /mu);
  t.regex((await run([BASE, TUNED, '--top', '3'])).stdout, /^54 more: --top 57, or -o report\.html$/mu);
  t.false((await run([BASE, TUNED, '--top', '1000'])).stdout.includes(' more: '));
});

test('--include-unchanged lists them', async (t) => {
  const count = async (...flags: string[]): Promise<number> =>
    (JSON.parse((await run([BASE, BASE, '--json', ...flags])).stdout) as { parameters: unknown[] }).parameters.length;
  t.is(await count(), 0);
  t.is(await count('--include-unchanged'), 57);
});

test('a tensor that cannot be read is a row with its error, and the status is 2', async (t) => {
  const [old, next] = ['XX', 'YY'].map((dtype) =>
    writeSafetensors(join(folder.path, `strange-${dtype}.safetensors`), [
      { name: 'good', shape: [2] },
      { name: 'strange', dtype, shape: [2] },
    ]),
  ) as [string, string];
  const { code, stdout, stderr } = await run([old, next, '--exit-code']);
  t.is(code, 2);
  t.regex(stdout, /could not be compared: 1 tensor\n {2}x strange\n/);
  t.regex(stderr, /error: 1 tensor could not be compared/);
});

test('names from a hostile file reach neither the terminal nor the page', async (t) => {
  const names = [
    '</script><img src=x onerror=alert(1)>',
    '\u001b[2J\u001b[31m',
    '__proto__',
    '\u202egnp',
    '=cmd()',
    'a\nb',
    'x'.repeat(100_000),
  ];
  const one = writeSafetensors(
    join(folder.path, 'hostile1.safetensors'),
    names.map((name) => ({ name, shape: [2], values: [1, 2] })),
  );
  const two = writeSafetensors(
    join(folder.path, 'hostile2.safetensors'),
    names.map((name) => ({ name, shape: [2], values: [1, 3] })),
  );
  const page = join(folder.path, 'hostile.html');
  for (const format of ['text', 'json', 'markdown'] as const) {
    const { code, stdout, stderr } = await run([one, two, '--format', format, '-o', page]);
    t.is(code, 0, stderr.slice(0, 500));
    t.notRegex(stdout + stderr, /[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  }
  t.false(readFileSync(page, 'utf8').includes('<img'));
  const saved = JSON.parse((await run([one, two, '--json'])).stdout) as { parameters: { name: string }[] };
  t.deepEqual(saved.parameters.map(({ name }) => name).toSorted(), names.toSorted());
  const inspected = await run(['inspect', one]);
  t.notRegex(inspected.stdout + inspected.stderr, /[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
});

test('checkpoints of one name are told apart by their folders', async (t) => {
  const { stdout } = await run([join(BASE, 'model.safetensors'), join(TUNED, 'model.safetensors')]);
  t.regex(stdout, /^base\/model\.safetensors → sft\/model\.safetensors {3}/u);
});

test('--fail-on config is 1 when a key of a configuration differs, and says how many', async (t) => {
  const make = (name: string, config: object): string => {
    const path = join(folder.path, name);
    mkdirSync(path);
    writeFileSync(join(path, 'config.json'), JSON.stringify(config));
    writeSafetensors(join(path, 'model.safetensors'), [{ name: 'a', shape: [2], values: [1, 2] }]);
    return path;
  };
  const one = make('config-one', { model_type: 'x', layers: 2, rate: 0.1 });
  const same = make('config-same', { rate: 0.1, model_type: 'x', layers: 2 });
  const two = make('config-two', { model_type: 'x', layers: 3, rate: 0.2 });
  t.deepEqual(await run([one, same, '-q', '--fail-on', 'config']), { code: 0, signal: null, stdout: '', stderr: '' });
  const { code, stderr } = await run([one, two, '-q', '--fail-on', 'config', '--fail-on', 'unsafe']);
  t.deepEqual([code, stderr], [1, 'FAIL config: 2 configuration keys differ\n']);
  t.is((await run([one, two, '-q', '--exit-code'])).code, 0, 'the weights are identical');
  const unknown = await run([one, two, '--fail-on', 'weather']);
  t.is(unknown.code, 2);
  t.regex(
    unknown.stderr,
    /^error\[E_ARGUMENT\]: --fail-on "weather": there is no rule or metric "weather" \(character 1\)\nhint: there are nan, /,
  );
  t.is((await run(['inspect', one, '--fail-on', 'config'])).code, 2, 'one checkpoint has nothing to differ from');
});

test('--no-provenance gives the same bytes wherever the checkpoints are', async (t) => {
  const copy = join(folder.path, 'elsewhere', 'base');
  cpSync(BASE, copy, { recursive: true });
  const [here, there] = [
    await run([BASE, TUNED, '--json', '--no-provenance']),
    await run([copy, TUNED, '--json', '--no-provenance']),
  ];
  t.is(here.stdout, there.stdout);
  const { provenance } = JSON.parse((await run([BASE, TUNED, '--json'])).stdout) as {
    provenance: { command: string; old: string };
  };
  t.is(provenance.command, `model-diff ${BASE} ${TUNED} --json`);
  t.is(provenance.old, BASE);
});
