import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseReport } from 'model-diff';
import { BIN, makeFolder, ROOT, run } from './cli.ts';
import { type Sketch, writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const make = (file: string, names: readonly (string | Sketch)[]): string =>
  writeSafetensors(
    join(folder.path, `${file}.safetensors`),
    names.map((name) => (typeof name === 'string' ? { name, shape: [2], values: [1, 2] } : name)),
  );

const PLAIN = make('plain', ['a.weight', 'b.weight']);
const UNRELATED = make('unrelated', ['conv.kernel']);

/** Runs the command of the hint as a shell would. @returns how many tensors it compared */
async function follow(t: ExecutionContext, stderr: string): Promise<number> {
  const command = /^hint: to match \d+ of them, run: model-diff (.*)$/m.exec(stderr)?.[1];
  t.truthy(command, stderr);
  const out = join(folder.path, `${t.title.replaceAll(/\W+/g, '-').slice(0, 60)}-followed.json`);
  const line = `'${process.execPath}' '${BIN}' ${command} -q -o '${out}'`;
  const { status, stderr: said } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
  t.deepEqual([status, said], [0, ''], line);
  return parseReport(readFileSync(out, 'utf8')).summary.comparedTensors;
}

test('checkpoints without a name in common are reported in every format, and then the status is 2', async (t) => {
  const files = ['html', 'json', 'txt', 'md', 'csv'].map((ending) => join(folder.path, `nothing.${ending}`));
  const { code, stdout, stderr } = await run([PLAIN, UNRELATED, '--json', ...files.flatMap((file) => ['-o', file])]);
  t.is(code, 2);
  const comparison = parseReport(stdout);
  t.deepEqual([comparison.coverage, comparison.summary.addedTensors, comparison.summary.removedTensors], [0, 1, 2]);
  t.true(files.every((file) => existsSync(file)));
  t.is(readFileSync(files[1] ?? '', 'utf8'), stdout);
  const [error, hint] = stderr.trimEnd().split('\n').slice(-2);
  t.is(
    error,
    'error[E_NO_COMMON_TENSORS]: no tensor in common: the old checkpoint has a.weight, b.weight; the new one has conv.kernel',
  );
  t.is(hint, 'hint: are these checkpoints of the same model? model-diff inspect lists the names in each');
  const quiet = await run([PLAIN, UNRELATED, '-q']);
  t.deepEqual([quiet.code, quiet.stdout], [2, '']);
  t.regex(quiet.stderr, /^error\[E_NO_COMMON_TENSORS\]/);
  t.true((await run([PLAIN, UNRELATED])).stdout.startsWith('plain.safetensors → unrelated.safetensors   '));
});

const CASES: readonly (readonly [
  title: string,
  old: string,
  next: string,
  flags: readonly string[],
  hint: RegExp,
  count: number,
])[] = [
  ['a prefix', make('net', ['net.a.weight', 'net.b.weight']), PLAIN, ['--no-auto-prefix'], /--strip-prefix-old net\.$/, 2],
  [
    'a part of a pipeline',
    PLAIN,
    make('pipeline', [{ name: 'text.a.weight', shape: [3] }, 'unet.a.weight', 'unet.b.weight']),
    [],
    /--include-new 'unet\.\*' --strip-prefix-new unet\.$/,
    2,
  ],
  [
    'another mapping of the file',
    join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt'),
    make('generator', [
      { name: '0.weight', shape: [3, 2] },
      { name: '0.bias', shape: [3] },
      { name: '2.weight', shape: [1, 3] },
      { name: '2.bias', shape: [1] },
    ]),
    ['--key-old', 'D'],
    /--key-old D --key-old G$/,
    4,
  ],
  [
    'a prefix with signs that a shell and a pattern read',
    make('odd', ["m*[$(x)'].a.weight", "m*[$(x)'].b.weight", 'rest']),
    PLAIN,
    [],
    /--include-old 'm\[\*\]\[\[\]\$\(x\)/,
    2,
  ],
  [
    'another prefix on either side',
    make('net-prefix', ['net.a.weight', 'net.b.weight']),
    make('body-prefix', ['body.a.weight', 'body.b.weight']),
    [],
    /--rename-old '\^net\\\.=>body\.'$/,
    2,
  ],
  [
    'a path with a blank',
    make('with blank', ['x.a.weight', 'x.b.weight', 'y']),
    PLAIN,
    [],
    /with blank\.safetensors' .*--strip-prefix-old x\.$/,
    2,
  ],
];

for (const [title, old, next, flags, hint, count] of CASES) {
  test(`the command of the hint works: ${title}`, async (t) => {
    const { code, stderr } = await run([old, next, ...flags]);
    t.is(code, 2);
    t.regex(stderr.trimEnd(), hint);
    t.is(await follow(t, stderr), count);
  });
}

test('no command where none helps: other shapes, few names, an adapter beside its model', async (t) => {
  const other = make(
    'other-shapes',
    ['a.weight', 'b.weight'].map((name) => ({ name: `x.${name}`, shape: [3] })),
  );
  const rest = make('with-rest', [
    { name: 'x.a.weight', shape: [3] },
    { name: 'c', shape: [1] },
  ]);
  const adapter = make('lora', [
    { name: 'q.lora_A.weight', shape: [1, 2] },
    { name: 'q.lora_B.weight', shape: [2, 1] },
  ]);
  const hint = async (old: string, next: string): Promise<string> => (await run([old, next, '-q', '--no-auto-prefix'])).stderr;
  t.regex(await hint(other, PLAIN), /hint: are these checkpoints of the same/);
  t.regex(await hint(PLAIN, rest), /hint: are these checkpoints of the same/);
  t.regex(await hint(adapter, UNRELATED), /hint: the old checkpoint is an adapter: give its base, and it with --adapter-old/);
});

test('names of hostile files in the error are escaped, and cost no time', async (t) => {
  const hostile = make('hostile', ['\u001b[2J.x', '.'.repeat(100_000), `${'a.'.repeat(40_000)}b`, '$(touch /tmp/no)', '\n']);
  const many = make(
    'many',
    Array.from({ length: 5000 }, (_, at) => `${'x.'.repeat(20)}${at}.weight`),
  );
  for (const [old, next] of [
    [hostile, PLAIN],
    [PLAIN, hostile],
    [many, hostile],
  ] as const) {
    const { code, stderr } = await run([old, next, '-q']);
    t.is(code, 2);
    t.notRegex(stderr, /[\0-\x08\x0b-\x1f\x7f]/);
    t.is(stderr.trimEnd().split('\n').length, 2);
    t.true(stderr.length < 2000);
  }
});
