/** Checkpoints of tensors in memory: their copies are freed though nobody closes them, and what is known of them is plain. */
import { execFileSync } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';

import test from 'ava';
import { Checkpoint, ModelDiff, compare, loadCheckpoint } from 'model-diff';
import type { TensorData } from 'model-diff';

import { encodeFloats, writeTemporary } from './helpers/safetensors.ts';

/** A training loop that compares each snapshot with the one before. Prints the memory that was resident at most, in MiB. */
const LOOP = `
  import { Checkpoint, compare } from 'model-diff';
  const weights = new Float32Array(2 ** 20);
  let before;
  for (let step = 0; step < 500; step += 1) {
    weights[step] += 1;
    const now = Checkpoint.fromTensors({ weights: { data: weights, shape: [2 ** 20] } });
    if (before !== undefined) {
      const { summary } = await compare(before, now);
      if (summary.changedElements !== 1) throw new Error('step ' + step);
    }
    if (step < Number(process.argv[1])) {
      before?.close();
      before?.close();
    }
    before = now;
  }
  process.stdout.write(String(process.resourceUsage().maxRSS / 1024));`;

for (const [title, closed] of [
  ['never closed', 0],
  ['closed twice in the first half of the run, and left open in the second', 250],
] as const) {
  test.serial(`500 snapshots of 4 MiB take the memory of a few: ${title}`, (t) => {
    const args = ['--max-old-space-size=64', '--input-type=module', '-e', LOOP, String(closed)];
    const peak = Number(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' }));
    t.log(`${peak.toFixed(0)} MiB`);
    // Without a word to V8 it is 460 MiB and more.
    t.true(peak > 20 && peak < 300, `${peak} MiB`);
  });
}

const VALUES = [1, 2, Number.NaN, 0];
const KEYS = 'name shape dtype numElements sizeBytes mean std min max sparsity nanCount infCount error'.split(' ');
const PLAIN = {
  name: 'w',
  shape: [4],
  dtype: 'f32',
  numElements: 4,
  sizeBytes: 16,
  mean: 1,
  std: Math.sqrt(2 / 3),
  min: 0,
  max: 2,
  sparsity: 0.25,
  nanCount: 1,
  infCount: 0,
  error: null,
};
const inMemory = (values: readonly number[] = VALUES): Checkpoint =>
  Checkpoint.fromTensors({ w: { data: new Float32Array(values), shape: [values.length] } });
const inFile = (): Promise<Checkpoint> => loadCheckpoint(writeTemporary(encodeFloats(new Map([['w', VALUES]]))));

for (const [where, open] of [
  ['memory', () => inMemory()],
  ['a file', inFile],
] as const) {
  test(`the description of a tensor in ${where} keeps every field when it is copied`, async (t) => {
    const info = (await open()).getInfo('w');
    t.deepEqual(Object.keys(info ?? {}).toSorted(), KEYS.toSorted());
    t.deepEqual({ ...info }, PLAIN as never);
    t.deepEqual(structuredClone(info), PLAIN as never);
    t.deepEqual(Object.fromEntries(Object.entries(info ?? {})), PLAIN as never);
  });

  test(`JSON of a tensor in ${where} has null for what was not read, and reads nothing`, async (t) => {
    const checkpoint = await open();
    const json = (): Record<string, unknown> => JSON.parse(JSON.stringify(checkpoint.getInfo('w'))) as Record<string, unknown>;
    const unread = { name: 'w', shape: [4], dtype: 'f32', num_elements: 4, size_bytes: 16, error: null };
    const none = { mean: null, std: null, min: null, max: null, sparsity: null, nan_count: null, inf_count: null };
    t.deepEqual(json(), { ...unread, ...none });
    t.is(checkpoint.getInfo('w')?.max, 2);
    const { mean, std, min, max, sparsity } = PLAIN;
    t.deepEqual(json(), { ...unread, mean, std, min, max, sparsity, nan_count: 1, inf_count: 0 });
  });

  test(`statistics of a tensor in ${where} after close: what was read stays, and the error for the rest names computeStats`, async (t) => {
    const [read, unread] = [await open(), await open()];
    const infos = [read, unread].map((checkpoint) => checkpoint.getInfo('w'));
    await read.computeStats();
    read.close();
    unread.close();
    t.is(infos[0]?.max, 2);
    t.throws(() => infos[1]?.max, {
      code: 'E_ARGUMENT',
      message: /^the statistics of tensor w had not been read when the checkpoint was closed$/u,
    });
    t.regex((t.throws(() => ({ ...infos[1] })) as { hint?: string }).hint ?? '', /computeStats\(\)/u);
    t.is((JSON.parse(JSON.stringify(unread)) as { layers: { w: { max: null } } }).layers.w.max, null);
  });
}

test('using closes at the end of the block', async (t) => {
  let [one, other]: (Checkpoint | undefined)[] = [];
  {
    using first = inMemory();
    await using second = inMemory();
    [one, other] = [first, second];
    t.is((await compare(first, second)).summary.identicalTensors, 1);
  }
  await t.throwsAsync(async () => one?.getTensor('w'), { message: /closed/u });
  await t.throwsAsync(async () => other?.getTensor('w'), { message: /closed/u });
});

test('the data are copied: what is written into the array later changes nothing', async (t) => {
  const data = new Float32Array([1, 2]);
  const given: Record<string, TensorData> = { w: { data, shape: [2] } };
  const [before, after] = [Checkpoint.fromTensors(given), Checkpoint.fromTensors(given)];
  data.fill(9);
  t.is((await new ModelDiff().diff(before, after)).summary.identicalTensors, 1);
  await turn();
  t.deepEqual((await before.getTensor('w')).data, new Float32Array([1, 2]));
});

test('what inherits from a description has no statistics of its own', (t) => {
  const info = inMemory().getInfo('w');
  t.is((Object.create(info ?? null) as { mean: number }).mean, Number.NaN);
});
