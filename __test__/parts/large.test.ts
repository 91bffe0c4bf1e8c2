/** Two checkpoints of a terabyte each, of which nothing is on the disk: planned, compared in one small part of very many, and reported. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeFolder, run } from '../cli/cli.ts';
import { writeHoles } from '../helpers/holes.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const ELEMENTS = 2 ** 33;
const TENSORS = 64;

test('2 TB in parts', async (t) => {
  const [old, newer] = ['old', 'new'].map((name) => join(folder.path, `${name}.safetensors`)) as [string, string];
  const tensors = Array.from({ length: TENSORS }, (_, at) => [`model.layers.${at}.mlp.up_proj.weight`, ELEMENTS] as const);
  for (const path of [old, newer]) {
    try {
      writeHoles(path, 'BF16', tensors);
    } catch (error) {
      t.pass(`not here: ${String(error)}`);
      return;
    }
    if (statSync(path).blocks * 512 > 2 ** 30) {
      rmSync(path);
      t.pass('not here: the file system has no holes');
      return;
    }
  }
  const directory = join(folder.path, 'run');
  const flags = ['--run-dir', directory, '--no-progress'];
  const began = performance.now();
  const plan = await run(['plan', old, newer, '-n', '65536', '-o', directory]);
  t.is(plan.code, 0, plan.stderr);
  t.regex(plan.stdout, /^Planned 65,536 parts of at most \d+(\.\d)? MB, 2\.2 TB in all\.$/m);
  for (const part of [1, 40_000, 65_536]) {
    const { code, stderr } = await run(['--shard', String(part), ...flags]);
    t.is(code, 0, stderr);
  }
  const status = await run(['status', directory, '--json']);
  t.is(status.code, 1);
  t.like(JSON.parse(status.stdout), { parts: 65_536, done: 3, damaged: [], foreign: [], begun: [] });
  const combined = await run(['combine', directory]);
  t.is(combined.code, 2);
  t.regex(combined.stderr, /65,533 of 65,536 parts cannot be combined: missing 2-39999,40001-65535/);
  const partial = await run(['combine', directory, '--allow-partial', '--json', '--no-progress']);
  t.is(partial.code, 2, 'tensors could not be compared');
  const { summary } = JSON.parse(partial.stdout) as { summary: { failed_tensors: number; partial: { missing_bytes: number } } };
  t.is(summary.failed_tensors, TENSORS);
  t.true(summary.partial.missing_bytes > 2e12);
  t.true(performance.now() - began < 300_000);
});
