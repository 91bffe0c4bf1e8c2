/** `model-diff hash`, and a manifest on either side of a comparison. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findSchemaErrors } from '../report/schema.ts';
import { example, makeFolder, ROOT, run } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);
const inside = (name: string): string => join(folder.path, name);
const META = join(ROOT, '__test__/fixtures/torch/meta.pt');

test.before(async (t) => {
  for (const name of ['base', 'sft']) t.is((await run(['hash', example(name), '-o', inside(`${name}.json`), '-q'])).code, 0);
});

test('a manifest goes to stdout, of its published schema, the same bytes each time without provenance', async (t) => {
  const args = ['hash', example('base'), '--no-provenance'];
  const { code, stdout, stderr } = await run(args);
  t.deepEqual([code, stderr], [0, '']);
  const manifest = JSON.parse(stdout) as { tensors: unknown[]; provenance: unknown };
  t.is(findSchemaErrors(manifest, 'manifest'), null);
  t.deepEqual([manifest.tensors.length, manifest.provenance], [57, null]);
  t.is((await run([...args, '--threads', '3'])).stdout, stdout);
  t.is(JSON.parse((await run(['schema', 'manifest'])).stdout).$id, 'urn:model-diff:schema:manifest:1');
});

test('-o writes a file, and says so', async (t) => {
  const path = inside('written.json');
  const { code, stdout, stderr } = await run(['hash', example('base'), '-o', path]);
  t.deepEqual([code, stdout], [0, '']);
  t.regex(stderr, /^Wrote .*written\.json \(\d+(\.\d)? kB\)\.\n$/);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { provenance: { command: string; checkpoint: string } };
  t.is(findSchemaErrors(manifest, 'manifest'), null);
  t.regex(manifest.provenance.command, /^model-diff hash .*base -o /);
  // Once more: a manifest may be replaced.
  t.is((await run(['hash', example('sft'), '-o', path, '-q'])).code, 0);
});

test('-o never takes the place of a checkpoint, or of anything but a manifest', async (t) => {
  const own = inside('own');
  cpSync(example('base'), own, { recursive: true });
  writeFileSync(inside('notes.json'), '{"a":1}');
  const cases: readonly (readonly [output: string, message: RegExp])[] = [
    [join(own, 'config.json'), /belongs to the checkpoint/],
    [inside('notes.json'), /notes\.json exists and is not a manifest/],
    [inside('manifest.txt'), /expected a name that ends in \.json/],
    [join(own, 'model.safetensors'), /expected a name that ends in \.json/],
    [inside('nowhere/manifest.json'), /the folder .*nowhere does not exist/],
  ];
  for (const [output, message] of cases) {
    const { code, stdout, stderr } = await run(['hash', own, '-o', output]);
    t.deepEqual([code, stdout], [2, ''], output);
    t.regex(stderr, message);
  }
  for (const file of ['config.json', 'model.safetensors'])
    t.deepEqual(readFileSync(join(own, file)), readFileSync(join(example('base'), file)));
  t.is(readFileSync(inside('notes.json'), 'utf8'), '{"a":1}');
  // Beside the weights it is no part of them.
  t.is((await run(['hash', own, '-o', join(own, 'manifest.json'), '-q'])).code, 0);
  t.is((await run([join(own, 'manifest.json'), own, '--exit-code', '-q'])).code, 0);
  t.deepEqual(
    readdirSync(own).filter((name) => name.startsWith('.')),
    [],
  );
  // A report does not take the place of the manifest that it is about.
  const { code, stderr } = await run([inside('base.json'), example('sft'), '-o', inside('base.json')]);
  t.is(code, 2);
  t.regex(stderr, /would be overwritten/);
});

test('a manifest stands on either side, or on both', async (t) => {
  const [base, sft] = [inside('base.json'), inside('sft.json')];
  const cases: readonly (readonly [old: string, next: string, code: number, line: RegExp])[] = [
    [base, example('base'), 0, /^Identical: all 57 tensors/],
    [example('base-pt'), base, 0, /^Identical: all 57 tensors/],
    [base, base, 0, /^Identical: all 57 tensors/],
    [base, example('attention-only'), 1, /^24 of 57 common tensors differ \(attention, in all 6 blocks\), by at least/],
    [base, sft, 1, /^All 57 common tensors differ, by at least/],
    [sft, example('base'), 1, /^All 57 common tensors differ, by at least/],
  ];
  for (const [old, next, code, line] of cases) {
    const ended = await run([old, next, '--exit-code', '--no-provenance']);
    t.is(ended.code, code, ended.stderr);
    t.regex(ended.stdout.split('\n')[1] ?? '', line);
  }
});

test('what was read is what the last line says', async (t) => {
  const { stderr } = await run([inside('base.json'), example('base')]);
  t.regex(stderr, /^Compared 57 tensors, 238\.5 kB in /);
  const both = await run([inside('base.json'), inside('sft.json')]);
  t.regex(both.stderr, /^Compared 57 tensors, 0 B in /);
});

test('rules: changed tensors break theirs, and numbers that do not exist break others', async (t) => {
  const judge = async (next: string, rule: string): Promise<number | null> =>
    (await run([inside('base.json'), example(next), '--fail-on', rule, '-q'])).code;
  t.is(await judge('base-pt', 'changed'), 0);
  t.is(await judge('attention-only', 'changed'), 1);
  t.is(await judge('attention-only', 'changed@*.mlp.*'), 0);
  t.is(await judge('attention-only', 'change>50%'), 1);
  t.is(await judge('attention-only', 'change>50%@*.mlp.*'), 0);
  t.is(await judge('attention-only', 'nan'), 0);
  t.is(await judge('diverge-6', 'nan'), 1);
  t.is(await judge('sft-f32', 'dtype'), 1);
  t.is(await judge('sft-resized', 'structure'), 1);
  t.is(await judge('base-pt', 'coverage<100%'), 0);
});

test('every format of report tells of it', async (t) => {
  for (const next of ['attention-only', 'base-pt', 'sft-f32', 'diverge-6']) {
    for (const format of ['text', 'json', 'jsonl', 'markdown', 'csv', 'html', 'github', 'metrics']) {
      const { code, stdout, stderr } = await run([inside('base.json'), example(next), '-f', format, '-q']);
      t.deepEqual([code, stderr], [0, ''], `${next} ${format}`);
      t.notRegex(stdout.split('<script')[0] ?? '', /undefined|\[object|>NaN<|≥NaN/, `${next} ${format}`);
      if (format === 'json') t.is(findSchemaErrors(JSON.parse(stdout), 'report'), null, next);
      if (format === 'jsonl')
        for (const line of stdout.trimEnd().split('\n')) t.is(findSchemaErrors(JSON.parse(line), 'lines'), null, next);
      if (format === 'markdown' && next === 'attention-only') t.regex(stdout, /\| ≥1\.0\d?% \|/);
    }
  }
  const { stdout } = await run([inside('base.json'), example('attention-only'), '--ascii', '-q', '-f', 'text']);
  t.regex(stdout, />=1\.0%/);
});

test('a saved report of hashes is written again', async (t) => {
  const path = inside('report.json');
  t.is((await run([inside('base.json'), example('attention-only'), '-o', path, '-q'])).code, 0);
  const { code, stdout } = await run(['report', path, '-f', 'text']);
  t.is(code, 0);
  t.regex(stdout, /24 of 57 common tensors differ/);
});

test('tensors that cannot be read end the run with 2', async (t) => {
  const { code, stdout, stderr } = await run(['hash', META]);
  t.is(code, 2);
  t.regex(stderr, /^error: 2 tensors cannot be read; the manifest says why\n$/);
  t.is(findSchemaErrors(JSON.parse(stdout), 'manifest'), null);
  writeFileSync(inside('meta.json'), stdout);
  t.is((await run([inside('meta.json'), META, '-q'])).code, 2);
});

test('wrong calls say what is wrong', async (t) => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['hash'], /missing required argument 'checkpoint'/],
    [['hash', '-'], /cannot be read from stdin/],
    [['hash', inside('base.json')], /manifest of hashes, which holds no tensors/],
    [['inspect', inside('base.json')], /manifest of hashes, which holds no tensors/],
    [['series', inside('base.json'), example('base')], /manifest of hashes, which holds no tensors/],
    [['hash', example('base'), '--fail-on', 'nan'], /makes no sense for model-diff hash/],
    [[join(example('base'), 'config.json'), example('base')], /JSON text, not a checkpoint/],
    [[inside('base.json'), example('base'), '--key-old', 'model'], /--key-old has no effect: the old side is a manifest/],
    [[inside('base.json'), example('base'), '--raw'], /the manifest was made without --raw/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(args);
    t.is(code, 2, args.join(' '));
    t.regex(stderr, message);
    t.regex(stderr, /\nhint: /);
  }
  t.is((await run(['hash', join(ROOT, '__test__/fixtures/torch/basic.pt'), '--fail-on', 'unsafe', '-q'])).code, 0);
});

test('names from a manifest reach no terminal as they are', async (t) => {
  const path = inside('escape.json');
  const text = readFileSync(inside('base.json'), 'utf8');
  writeFileSync(path, text.replace('urn:model-diff:schema:manifest:1', String.raw`urn:model-diff:schema:manifest:\u001b[31m`));
  const { code, stderr } = await run([path, example('base')]);
  t.is(code, 2);
  // oxlint-disable-next-line no-control-regex
  t.notRegex(stderr, /\u001b/u);
});
