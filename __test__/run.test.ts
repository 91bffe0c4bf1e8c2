/** A run in progress: determinism, progress, cancellation, files that change, workers that end. */
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  Checkpoint,
  DiffAnalyzer,
  ModelDiff,
  ModelDiffError,
  compareCheckpoints,
  createDiffReport,
  loadCheckpoint,
} from 'model-diff';
import type { Progress } from 'model-diff';

import { openFiles } from './helpers/open-files.ts';
import { encodeRaw, makeFolder } from './helpers/safetensors.ts';

// One after the other: these tests watch the event loop, which tests that run beside them would block.

/** Numbers of very different sizes: their sums show every change of order in the last bits. */
function heavyTailed(count: number, seed: number): Float32Array {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () =>
      (uniform() < 0.5 ? -1 : 1) * Math.exp(6 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(6.283185307179586 * uniform())),
  );
}

function writeFloats(folder: string, name: string, tensors: Record<string, Float32Array>): string {
  let offset = 0;
  const entries = Object.entries(tensors).map(([tensor, { length }]) => {
    const start = offset;
    offset += length * 4;
    return `${JSON.stringify(tensor)}:{"dtype":"F32","shape":[${length}],"data_offsets":[${start},${offset}]}`;
  });
  const path = join(folder, name);
  writeFileSync(
    path,
    encodeRaw(`{${entries.join(',')}}`, Buffer.concat(Object.values(tensors).map((data) => Buffer.from(data.buffer)))),
  );
  return path;
}

const CHUNK = 2 ** 18;
const folder = makeFolder();
const sizes = { small: 1000, edge: CHUNK, odd: 9 * CHUNK + 7, large: 21 * CHUNK + 1 };
const make = (seed: number): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(sizes).map(([name, size], at) => [name, heavyTailed(size, seed + at)]));
const oldPath = writeFloats(folder, 'old.safetensors', make(1));
const newPath = writeFloats(folder, 'new.safetensors', make(100));
/** One tensor of 512 MB, of zeros in memory. */
const huge = Checkpoint.fromTensors({ w: { data: new Float32Array(2 ** 27), shape: [2 ** 27] } });

test.serial('the same bytes of JSON for any number of threads', async (t) => {
  const reports = new Set<string>();
  for (const threads of [1, 2, 3, 8]) {
    const { diffs, summary } = await compareCheckpoints(oldPath, newPath, { threads });
    reports.add(createDiffReport(diffs, summary, new DiffAnalyzer().analyze(diffs, summary), { format: 'json' }));
  }
  t.is(reports.size, 1);
  t.true([...reports].join('').includes('"l2_diff"'));
});

test.serial('a tensor in memory and the same one in a file give the same bits', async (t) => {
  const inMemory = (seed: number): Checkpoint =>
    Checkpoint.fromTensors(
      Object.fromEntries(Object.entries(make(seed)).map(([name, data]) => [name, { data, shape: [data.length] }])),
    );
  const fromFile = await compareCheckpoints(oldPath, newPath);
  t.deepEqual((await new ModelDiff().diff(inMemory(1), inMemory(100))).diffs, fromFile.diffs);
});

test.serial('progress comes from the middle of one large tensor, and the last call is the whole', async (t) => {
  const seen: Progress[] = [];
  await new ModelDiff({ threads: 1 }).diff(huge, huge, { onProgress: (progress) => seen.push(progress) });
  const last = seen.at(-1);
  t.is(last?.bytesDone, 2 ** 30);
  t.is(last?.bytesTotal, 2 ** 30);
  t.is(last?.tensorsDone, 1);
  t.true(seen.every(({ phase }) => phase === 'compare'));
  t.true(seen.every(({ bytesDone }, at) => bytesDone >= (seen[at - 1]?.bytesDone ?? 0)));
});

test.serial('an abort in the middle of one large tensor ends the run soon, with the reason given', async (t) => {
  const other = Checkpoint.fromTensors({ w: { data: heavyTailed(2 ** 24, 3), shape: [2 ** 24] } });
  const controller = new AbortController();
  const reason = new Error('enough');
  const base = Checkpoint.fromTensors({ w: { data: new Float32Array(2 ** 24), shape: [2 ** 24] } });
  const run = new ModelDiff({ threads: 1 }).diff(base, other, { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  t.is(await t.throwsAsync(run), reason);
});

test.serial('what onProgress throws ends the run and rejects its promise', async (t) => {
  const mine = new Error('mine');
  const onProgress = (): void => {
    throw mine;
  };
  t.is(await t.throwsAsync(new ModelDiff({ threads: 1 }).diff(huge, huge, { onProgress })), mine);
});

test.serial('an abort before the start never starts', async (t) => {
  const outcome = await loadCheckpoint(oldPath, { signal: AbortSignal.abort() }).catch((error: unknown) => error);
  t.is((outcome as DOMException).name, 'AbortError');
});

test.serial('the event loop turns while a comparison runs', async (t) => {
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  await new ModelDiff({ threads: 1 }).diff(huge, huge);
  clearInterval(timer);
  t.true(turns > 3, `${turns} turns`);
});

for (const way of ['mmap', 'pread']) {
  test.serial(`a file that is cut short after it was opened gives an error that names it (${way})`, async (t) => {
    const target = join(makeFolder(), 'cut.safetensors');
    copyFileSync(newPath, target);
    const script = `
      import { loadCheckpoint, ModelDiff } from 'model-diff';
      import { truncateSync } from 'node:fs';
      const [old, newer] = [await loadCheckpoint(${JSON.stringify(oldPath)}), await loadCheckpoint(${JSON.stringify(target)})];
      await newer.computeStats(['small']);
      truncateSync(${JSON.stringify(target)}, 2 ** 20);
      await new ModelDiff().diff(old, newer).then(() => console.log('compared'), (error) => console.log(error.code, error.path));`;
    const { execFileSync } = await import('node:child_process');
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', MODEL_DIFF_IO: way },
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    t.is(out.trim(), `E_FILE_CHANGED ${target}`);
  });
}

test.serial('a file that was written over since it was opened is not compared silently', async (t) => {
  const target = writeFloats(makeFolder(), 'over.safetensors', { w: new Float32Array([1, 2]) });
  const checkpoint = await loadCheckpoint(target);
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFloats(join(target, '..'), 'over.safetensors', { w: new Float32Array([3, 4]) });
  const error = await t.throwsAsync(new ModelDiff().diff(checkpoint, checkpoint), { instanceOf: ModelDiffError });
  t.is(error.code, 'E_FILE_CHANGED');
});

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

onLinux('the first file is closed again when the second cannot be opened', async (t) => {
  const target = writeFloats(makeFolder(), 'first.safetensors', { w: new Float32Array([1]) });
  const isOpen = (): boolean => openFiles().includes(target);
  const checkpoint = await loadCheckpoint(target);
  t.true(isOpen());
  checkpoint.close();
  t.false(isOpen());
  await t.throwsAsync(compareCheckpoints(target, join(target, 'missing')), { instanceOf: ModelDiffError });
  t.false(isOpen());
});

test.serial('a worker that ends in the middle of a run neither hangs nor crashes', async (t) => {
  const worker = new Worker(
    `import { Checkpoint, ModelDiff } from 'model-diff';
     import { parentPort } from 'node:worker_threads';
     const huge = Checkpoint.fromTensors({ w: { data: new Float32Array(2 ** 26), shape: [2 ** 26] } });
     void new ModelDiff({ threads: 1 }).diff(huge, huge);
     parentPort.postMessage('running');`,
    { eval: true, execArgv: ['--input-type=module'] },
  );
  await once(worker, 'message');
  t.is(typeof (await worker.terminate()), 'number');
  const { summary } = await compareCheckpoints(oldPath, oldPath);
  t.is(summary.identicalParameters, 4);
});

test.serial('many runs at once', async (t) => {
  const results = await Promise.all(Array.from({ length: 12 }, () => compareCheckpoints(oldPath, newPath, { threads: 2 })));
  for (const result of results) t.deepEqual(result.diffs, results[0]?.diffs);
});
