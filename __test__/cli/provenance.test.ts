/** Where a report comes from: in every form, taken out of every form, and never a secret. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findForeign } from '../report/page-data.ts';
import { example, makeFolder, run } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const OLD = example('base');
const NEW = example('sft');
const STEPS = ['continue-0100', 'continue-0200', 'continue-0300'].map(example);

/** Every form that says where it comes from, of every command. CSV and metrics are numbers alone. */
const CALLS: readonly (readonly string[])[] = [
  ...['text', 'json', 'jsonl', 'html', 'markdown'].map((format) => [OLD, NEW, '-f', format]),
  ...['text', 'json', 'jsonl', 'html', 'markdown'].map((format) => ['series', ...STEPS, '-f', format]),
  ...['text', 'json', 'jsonl'].map((format) => ['inspect', OLD, '-f', format]),
  ['inspect', OLD, '--security', '--json'],
];

/** A form as plain text: without the escapes of Markdown, HTML and JSON that a path may get. */
function readable(text: string): string {
  return text.replace(/\\([_-])/g, '$1').replace(/[\u007f-\uffff]/g, '?');
}

for (const args of CALLS) {
  const title = args.map((arg) => arg.split('/').at(-1)).join(' ');
  test(`${title}: version, date, paths and command line, and none of them with --no-provenance`, async (t) => {
    const [said, hidden] = await Promise.all([run([...args, '-q']), run([...args, '-q', '--no-provenance'])]);
    t.deepEqual([said.code, hidden.code], [0, 0]);
    const [text, bare] = [readable(said.stdout), readable(hidden.stdout)];
    const paths = args.filter((arg) => arg.startsWith('/'));
    t.true(text.includes(`model-diff ${args.join(' ')} -q`), 'the command line');
    t.regex(text, /\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d/, 'the date');
    t.regex(text, /\b0\.\d+\.\d+\b/, 'the version');
    t.true([paths[0], paths.at(-1)].every((path) => text.includes(path ?? '?')));
    t.notRegex(bare, /model-diff .*-q|\b20\d\d-\d\d-\d\d[T ]/);
    const isFilesAsked = args[0] === 'inspect';
    if (!isFilesAsked) for (const path of paths) t.false(bare.includes(path), path);
    const again = await run([...args, '-q', '--no-provenance']);
    t.is(again.stdout, hidden.stdout, 'the same bytes');
  });
}

test('threshold and precision are said with the rest', async (t) => {
  for (const args of [
    [OLD, NEW],
    ['series', ...STEPS],
  ]) {
    const asked = [...args, '-q', '--threshold', '0.001', '--precision', 'double'];
    for (const format of ['text', 'markdown', 'html'])
      t.regex((await run([...asked, '-f', format])).stdout, /threshold 0\.001(?:,| ·) precision double/, format);
    t.regex((await run([...asked, '--json'])).stdout, /"change_threshold":0\.001/);
  }
});

test('CSV and metrics are numbers alone', async (t) => {
  for (const format of ['csv', 'metrics']) {
    const [one, other] = await Promise.all([
      run([OLD, NEW, '-q', '-f', format]),
      run([OLD, NEW, '-q', '-f', format, '--no-provenance']),
    ]);
    t.is(one.stdout, other.stdout);
  }
});

test('a saved report keeps where it came from, whatever is made of it', async (t) => {
  const saved = join(folder.path, 'saved.json');
  const page = join(folder.path, 'page.html');
  await run([OLD, NEW, '-q', '--histogram', '-o', saved, '-o', page]);
  const { stdout } = await run(['report', saved, '-f', 'html']);
  t.is(stdout, readFileSync(page, 'utf8'));
  t.true(stdout.includes(`model-diff ${OLD} ${NEW} -q --histogram -o ${saved}`));
  for (const format of ['text', 'json', 'jsonl', 'html', 'markdown']) {
    const bare = readable((await run(['report', saved, '-f', format, '--no-provenance'])).stdout);
    t.false(bare.includes(OLD) || bare.includes('-q --histogram'), format);
  }
});

test('hostile command lines and dates are harmless in every form', async (t) => {
  const saved = join(folder.path, 'hostile.json');
  const json = JSON.parse((await run([OLD, NEW, '-q', '--json'])).stdout) as { provenance: Record<string, string> };
  const nasty = '</code><script>alert(1)</script>`|\u001b[31m\n@someone #1 [x](https://example.com)';
  for (const key of ['created', 'old', 'new', 'command', 'version']) json.provenance[key] = nasty;
  writeFileSync(saved, JSON.stringify(json));
  for (const format of ['text', 'html', 'markdown']) {
    const { code, stdout } = await run(['report', saved, '-f', format]);
    t.is(code, 0);
    t.false(stdout.includes('\u001b'), format);
    const prose = format === 'markdown' ? stdout.replace(/(`+)[^\n]*?[^`]\1(?!`)/g, '') : stdout;
    if (format === 'html') t.deepEqual(findForeign(prose), []);
    if (format === 'markdown') t.notRegex(prose, /<script|@someone|\]\(http/);
  }
});

test('a model of the hub is named by its address and revision, and no token is anywhere', async (t) => {
  const cache = join(folder.path, 'hub');
  const revision = '0123456789abcdef0123456789abcdef01234567';
  for (const name of ['base', 'sft']) {
    const model = join(cache, `models--tiny--${name}`);
    mkdirSync(join(model, 'refs'), { recursive: true });
    writeFileSync(join(model, 'refs', 'main'), revision);
    cpSync(example(name), join(model, 'snapshots', revision), { recursive: true });
  }
  const token = 'hf_aVerySecretToken0123456789abcdefghi';
  const env = { HF_HUB_CACHE: cache, HF_TOKEN: token, HUGGING_FACE_HUB_TOKEN: token };
  for (const format of ['text', 'json', 'jsonl', 'html', 'markdown', 'csv', 'metrics']) {
    const { code, stdout, stderr } = await run(['hf://tiny/base', 'hf://tiny/sft', '-f', format], { env });
    t.is(code, 0, stderr);
    t.false(`${stdout}${stderr}`.includes(token), format);
    if (format === 'csv' || format === 'metrics') continue;
    t.true(readable(stdout).includes(`hf://tiny/base@${revision}`), format);
    t.false(stdout.includes(cache), format);
  }
  const { stdout } = await run(['inspect', 'hf://tiny/base/model.safetensors', '--json'], { env });
  const { provenance } = JSON.parse(stdout) as { provenance: { checkpoint: string } };
  t.is(provenance.checkpoint, `hf://tiny/base@${revision}/model.safetensors`);
});
