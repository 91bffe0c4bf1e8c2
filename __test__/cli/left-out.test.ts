import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeFolder, ROOT, run } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);

/** Shards, with a `consolidated.safetensors` and an `original/` beside them. */
const FOLDER = join(ROOT, '__test__', 'fixtures', 'folders', 'original-beside-shards');
const EXTRA = 'consolidated.safetensors';

function copy(name: string): string {
  const path = join(folder.path, name);
  cpSync(FOLDER, path, { recursive: true });
  return path;
}

/** Changes the last byte: another weight. */
function change(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test('weights beside the ones that are read: named, and no status 0 where they differ', async (t) => {
  const one = copy('one');
  const same = await run([one, copy('same'), '--exit-code']);
  t.is(same.code, 0, same.stderr);
  t.regex(
    same.stdout,
    /\nnot compared: 2 possible sets of weights\n {2}= consolidated\.safetensors .* same bytes on both sides\n/,
  );
  const other = copy('other');
  change(join(other, EXTRA));
  const different = await run([one, other, '--exit-code']);
  t.is(different.code, 1);
  t.regex(different.stdout, /\n {2}! consolidated\.safetensors .* differs\n/);
  t.is((await run([one, other])).code, 0, 'without the flag');
  const less = copy('less');
  rmSync(join(less, EXTRA));
  for (const [old, next, words] of [
    [one, less, 'only in the old checkpoint'],
    [less, one, 'only in the new checkpoint'],
  ] as const) {
    const { code, stdout } = await run([old, next, '--exit-code']);
    t.is(code, 1);
    t.regex(stdout, new RegExp(String.raw`! consolidated\.safetensors .* ${words}`, 'u'));
  }
  const saved = JSON.parse((await run([one, less, '--json'])).stdout) as { summary: { left_out: { name: string }[] } };
  t.true(saved.summary.left_out.some(({ name }) => name === EXTRA));
});

test('states of training are named on one line and never count', async (t) => {
  const [one, two] = [copy('state-one'), copy('state-two')];
  const state = join(ROOT, '__test__', 'fixtures', 'folders', 'trainer-final', 'checkpoint-1', 'optimizer.pt');
  cpSync(state, join(one, 'optimizer.pt'));
  cpSync(state, join(two, 'optimizer.pt'));
  appendFileSync(join(two, 'optimizer.pt'), 'more');
  const { code, stdout } = await run([one, two, '--exit-code']);
  t.is(code, 0);
  t.regex(stdout, /not compared: 2 possible sets of weights, 1 state of training\n/);
  t.regex(stdout, /\n {4}state of training: optimizer\.pt\n/);
});

test('inspect lists what was not read', async (t) => {
  const { code, stdout } = await run(['inspect', FOLDER]);
  t.is(code, 0);
  t.regex(stdout, /\nnot read {2}2 possible sets of weights\n {10}consolidated\.safetensors {2}344 B\n/);
  const json = JSON.parse((await run(['inspect', FOLDER, '--json'])).stdout) as { left_out: { name: string; role: string }[] };
  t.deepEqual(
    json.left_out.map(({ name, role }) => [name, role]),
    [
      [EXTRA, 'weights'],
      ['original/consolidated.00.pth', 'weights'],
    ],
  );
});

test('a report says which folder was read, where there was a choice', async (t) => {
  const runs = join(ROOT, '__test__', 'fixtures', 'folders', 'trainer-checkpoint');
  const { stdout } = await run([runs, runs]);
  t.regex(stdout, /\nboth: .*checkpoint-2/);
  for (const format of ['markdown', 'html'])
    t.regex((await run([runs, runs, '--format', format])).stdout, /both: .*checkpoint-2/);
});
