import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { hashCheckpoint } from 'model-diff';
import { example, makeFolder, ROOT, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

test('a checkpoint in words', async (t) => {
  const { code, stdout, stderr } = await run(['inspect', example('base')]);
  t.deepEqual([code, stderr], [0, '']);
  t.regex(stdout, /^base {3}huggingface, 57 tensors, 119k parameters, 238\.5 kB\n/);
  t.regex(stdout, /dtypes +bf16 57/);
  t.regex(stdout, /config +\d+ keys: /);
  t.regex(stdout, /files +\S*model\.safetensors/);
  t.true(stdout.includes('no findings'));
  t.is(stdout.split('\n').filter((line) => / bf16 +\[/.test(line)).length, 57);
  t.regex(stdout, /lm_head\.weight +bf16 +\[68×40\] +2,720 +5,440\n/);
});

test('--top counts the rest, and --ascii has ASCII only', async (t) => {
  const { stdout } = await run(['inspect', example('base'), '--top', '2', '--ascii', '--no-provenance']);
  t.regex(stdout, /\n55 more: --top 57\n$/);
  t.notRegex(stdout, /[^\n\x20-\x7e]/);
});

test('--stats reads the tensors', async (t) => {
  const file = writeSafetensors(join(folder.path, 'stats.safetensors'), [
    { name: 'a', shape: [4], values: [0, 1, 2, Number.NaN] },
  ]);
  const { stdout } = await run(['inspect', file, '--stats']);
  t.regex(stdout, /\ntensor .* mean +std +min +max +zeros +NaN +Inf\n/);
  t.regex(stdout, /\na +f32 +\[4\] +4 +16 +1\.00e\+0 +8\.16e-1 +0 +2\.00e\+0 +25% +1 +0\n/);
});

test('--json is the checkpoint with its files and findings', async (t) => {
  const json = JSON.parse((await run(['inspect', example('sft-sharded'), '--json'])).stdout) as Record<string, unknown>;
  t.is(json['num_parameters'], 119_240);
  t.is((json['files'] as unknown[]).length, 2);
  t.deepEqual(json['findings'], []);
  const layers = json['layers'] as Record<string, { dtype: string; mean: number | null }>;
  t.is(layers['lm_head.weight']?.dtype, 'bf16');
  t.is(layers['lm_head.weight']?.mean, null, 'headers only');
});

test('--security is the findings only', async (t) => {
  const file = writeSafetensors(join(folder.path, 'odd.safetensors'), [{ name: '\u001b[2J', shape: [1] }]);
  const { code, stdout } = await run(['inspect', file, '--security']);
  t.is(code, 0);
  t.regex(stdout, /^warning\[ControlCharsInName\]: .*\\u\{1b\}\[2J/);
  t.is((await run(['inspect', example('base'), '--security'])).stdout, 'no findings\n');
});

test('a tensor of an unknown dtype is named', async (t) => {
  const file = writeSafetensors(join(folder.path, 'strange.safetensors'), [
    { name: 'a', dtype: 'XX', shape: [1] },
    { name: 'b', shape: [1] },
  ]);
  const { code, stdout } = await run(['inspect', file]);
  t.is(code, 0);
  t.regex(stdout, /\na +XX /);
});

test('long names are shortened in the middle in the table, and whole in JSON', async (t) => {
  const long = `${'x'.repeat(3000)}.weight`;
  const file = writeSafetensors(join(folder.path, 'long.safetensors'), [
    { name: long, shape: [1] },
    { name: 'y'.repeat(300), shape: [1] },
    { name: 'short', shape: Array.from({ length: 60 }, () => 1) },
  ]);
  const lines = (await run(['inspect', file])).stdout.split('\n');
  const row = lines.find((line) => line.startsWith('xxx')) ?? '';
  t.regex(row, /^x{255}…x{249}\.weight  +f32 /);
  t.true(
    lines.some((line) => line.startsWith(`${'y'.repeat(300)}  `)),
    'what a real name may be is whole',
  );
  const short = lines.find((line) => line.startsWith('short')) ?? '';
  t.regex(short, /^short {119}f32 +\[1×1×.*….*×1\] +1 +4$/);
  const json = JSON.parse((await run(['inspect', file, '--json'])).stdout) as { layers: Record<string, { shape: number[] }> };
  t.deepEqual(
    Object.keys(json.layers)
      .map((name) => name.length)
      .toSorted((a, b) => a - b),
    [5, 300, 3007],
  );
  t.is(json.layers['short']?.shape.length, 60);
});

test('--security --json is JSON for a pickle without tensors too', async (t) => {
  const write = (name: string, bytes: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, Buffer.from(bytes, 'latin1'));
    return path;
  };
  const harmless = write('empty.pkl', '\x80\x02}q\x00.');
  const dangerous = write('dangerous.pkl', '\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.');
  const scan = async (...args: readonly string[]): Promise<[number | null, string[]]> => {
    const { code, stdout } = await run(['inspect', '--security', '--json', ...args]);
    return [code, (JSON.parse(stdout) as { findings: { code: string }[] }).findings.map((finding) => finding.code)];
  };
  t.deepEqual(await scan(harmless), [0, []]);
  t.deepEqual(await scan(harmless, '--fail-on', 'unsafe'), [0, []]);
  t.deepEqual(await scan(dangerous), [0, ['GlobalDangerous']]);
  t.deepEqual(await scan(dangerous, '--fail-on', 'unsafe'), [1, ['GlobalDangerous']]);
  t.is((await run(['inspect', '--security', harmless])).stdout, 'no findings\n');
  t.regex((await run(['inspect', '--security', dangerous])).stdout, /^critical\[GlobalDangerous\]: /);
  const whole = await run(['inspect', '--json', dangerous]);
  t.deepEqual([whole.code, whole.stdout], [2, '']);
  t.regex(whole.stderr, /^error\[E_NO_TENSORS\]: /);
});

test('the mappings of a file, with the flag that reads each', async (t) => {
  const file = join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt');
  const { stdout } = await run(['inspect', file]);
  t.regex(
    stdout,
    /\nmappings {2}everything {2}5 tensors {2}60 B {2}--key ''\n {10}D {2}1 tensor {2}8 B {2}--key D\n {10}G {2}4 tensors {2}52 B {2}read\n/,
  );
  t.regex(stdout, /\nnot read {2}1 possible set of weights\n {10}D {2}8 B\n/);
  t.regex((await run(['inspect', file, '--key', 'D'])).stdout, /^gan\.pt {3}pytorch, 1 tensor, /);
  t.regex((await run(['inspect', file, '--key', ''])).stdout, /^gan\.pt {3}pytorch, 5 tensors, /);
  const { candidates } = JSON.parse((await run(['inspect', file, '--json'])).stdout) as { candidates: { key: string }[] };
  t.deepEqual(
    candidates.map(({ key }) => key),
    ['', 'D', 'G'],
  );
});

test('status 2 comes with an error line', async (t) => {
  const empty = join(folder.path, 'no-weights');
  mkdirSync(empty);
  for (const flags of [[], ['--security'], ['--security', '--json'], ['-q']]) {
    const { code, stdout, stderr } = await run(['inspect', empty, ...flags]);
    t.deepEqual([code, stdout], [2, ''], 'a folder without a file to look into is no safe file');
    t.regex(stderr, /^error\[E_NO_TENSORS\]: /);
  }
  const torn = join(ROOT, '__test__', 'fixtures', 'torch', 'meta.pt');
  const { code, stderr } = await run(['inspect', torn, '-q']);
  t.is(code, 2);
  t.regex(stderr, /^error/);
});

test('--format tsv: a line a tensor, the same for the same values in any file and with any number of threads', async (t) => {
  const tsv = async (path: string, ...args: readonly string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await run(['inspect', path, '--format', 'tsv', ...args]);
    t.deepEqual([code, stderr], [0, '']);
    return stdout.split('\n');
  };
  const lines = await tsv(example('base'));
  t.is(lines[0], 'name\tdtype\tshape\thash');
  t.is(lines.length, 59);
  t.deepEqual(lines.slice(1, -1), lines.slice(1, -1).toSorted());
  t.regex(lines[1] ?? '', /^lm_head\.weight\tbf16\t\[68,40\]\t[0-9a-f]{16}$/);
  t.deepEqual(await tsv(example('base-pt')), lines, 'of a PyTorch file');
  const { tensors } = await hashCheckpoint(example('base'));
  const beginnings = tensors.map(({ name, hash }) => `${name}\t${hash?.slice(0, 16)}`).toSorted();
  const told = lines.slice(1, -1).map((line) => line.split('\t'));
  t.deepEqual(
    told.map(([name, , , hash]) => `${name}\t${hash}`),
    beginnings,
    'the hashes of a manifest',
  );
  const values = Array.from({ length: 600_000 }, (_, index) => Math.sin(index));
  const write = (name: string, change: (values: number[]) => void): string => {
    const own = [...values];
    change(own);
    return writeSafetensors(join(folder.path, name), [
      { name: 'large', shape: [600, 1000], values: own },
      { name: 'tab\tname', shape: [3], values: [1, 2, 3] },
      { name: 'none', shape: [0] },
    ]);
  };
  const whole = write('hash.safetensors', () => undefined);
  const one = await tsv(whole, '--threads', '1');
  t.deepEqual(await tsv(whole, '--threads', '7'), one);
  t.true(one.some((line) => line.startsWith(String.raw`tab\u{9}name` + '\tf32\t[3]\t')));
  const swapped = await tsv(
    write('swapped.safetensors', (own) => {
      [own[1], own[500_000]] = [own[500_000] ?? 0, own[1] ?? 0];
    }),
  );
  t.is(swapped.filter((line) => !one.includes(line)).length, 1, 'two elements that changed places');
});

test('--format tsv of tensors that cannot be read', async (t) => {
  const file = join(ROOT, '__test__', 'fixtures', 'torch', 'meta.pt');
  const { code, stdout, stderr } = await run(['inspect', file, '--format', 'tsv']);
  t.is(code, 2);
  t.regex(stdout, /^m\tf32\t\[3\]\tunreadable\nn\tbf16\t\[2,2\]\tunreadable\nw\tf32\t\[2\]\t[0-9a-f]{16}$/m);
  t.is(stderr, 'error: 2 tensors cannot be read; the list says unreadable, and model-diff inspect --stats says why\n');
  t.regex((await run(['inspect', file, '--stats'])).stdout, /^m .*\n {2}\S.*meta/m);
  for (const flags of [['--top', '1'], ['--stats']]) {
    const refused = await run(['inspect', example('base'), '--format', 'tsv', ...flags]);
    t.deepEqual([refused.code, refused.stdout], [2, '']);
    t.regex(refused.stderr, /^error\[E_ARGUMENT\]: --(?:top|stats) has no effect on --format tsv\n/);
  }
  const both = await run(['inspect', file, '--format', 'tsv', '--security']);
  t.is(both.code, 2);
  t.regex(both.stderr, /^error\[E_ARGUMENT\]: --security prints text or JSON, not tsv\n/);
});
