/** A series that grows: the same as one over all its checkpoints, after every add; what is open and what is kept; wrong calls. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import {
  Checkpoint,
  compareSeries,
  createSeries,
  loadCheckpoint,
  ModelDiffError,
  type Progress,
  type SeriesOptions,
  type TensorData,
} from 'model-diff';
import { explainSeries } from '../src/series/details.ts';
import { example, makeFolder, ROOT } from './cli/cli.ts';
import { writeSafetensors } from './cli/safetensors.ts';
import { openFiles } from './helpers/open-files.ts';

type Snapshot = Readonly<Record<string, TensorData>>;

const DIVERGING = ['diverge-1', 'diverge-2', 'diverge-3', 'diverge-4', 'diverge-5', 'diverge-6'].map(example);
const STEADY = ['base', 'continue-0100', 'continue-0200', 'continue-0300'].map(example);
const fixture = (path: string): string => join(ROOT, '__test__', 'fixtures', path);

const folder = makeFolder();
test.after.always(folder.remove);

/** A matrix of one row. */
function row(...values: readonly number[]): TensorData {
  return { data: Float32Array.from(values), shape: [1, values.length] };
}

const HALF: TensorData = { data: Uint16Array.of(0x3c00, 0x4000, 0x7c00), shape: [1, 3], dtype: 'f16' };

/** Tensors that come, go, change their shape and their dtype, and hold NaN and Inf. */
const RESTLESS: readonly Snapshot[] = [
  { w: row(1, 2, 3), gone: row(1), rests: row(5), turns: row(1, 0), wide: row(1, 2, 70_000) },
  { w: row(1, 2, 4), new: row(1, 2), rests: row(6), turns: row(1, Number.NaN), wide: row(1, 2, 70_000) },
  { w: row(1, 3, 4), new: row(1, 2), rests: row(6), turns: row(2, 0), wide: HALF },
  { w: row(2, 3, 4), new: { data: Float32Array.of(1, 2), shape: [2, 1] }, rests: row(6), turns: row(2, 1), wide: HALF },
  { w: row(200, 3, 4), gone: row(2), rests: row(6), turns: row(3, Number.POSITIVE_INFINITY), wide: HALF },
  { w: { data: Float64Array.of(201, 3, 4), shape: [1, 3] }, late: row(), rests: row(6), turns: row(3, 1), wide: row(1, 2, 3) },
];

for (const [title, checkpoints, options] of [
  ['the diverging run', DIVERGING, {}],
  ['the steady run', STEADY, { precision: 'double', computeElementWise: false }],
  ['names by rules', STEADY, { include: ['m.*.mlp.*'], rename: ['^model=>m'] }],
  ['tensors that come, go and change', RESTLESS, {}],
  [
    'tensors that cannot be read, and of a type that is not known',
    [
      'numpy/bad_one_of_two.npz',
      'numpy/savez.npz',
      'torch/meta.pt',
      'torch/bits.pt',
      'torch/meta.pt',
      'hostile/st_dtype_unknown.safetensors',
    ].map(fixture),
    {},
  ],
] as readonly (readonly [string, readonly (string | Snapshot)[], SeriesOptions])[]) {
  test(`after every add the result is that of the whole: ${title}`, async (t) => {
    const series = createSeries(options);
    const opened = checkpoints.map((input) => (typeof input === 'string' ? input : Checkpoint.fromTensors(input)));
    for (const [index, input] of checkpoints.entries()) {
      await series.add(input);
      if (index === 0) continue;
      const whole = await compareSeries(opened.slice(0, index + 1), options);
      t.deepEqual(series.result(), whole);
    }
    const last = series.result();
    t.deepEqual(series.result(), last, 'asking changes nothing');
    last.tensors.stepSize.fill(7);
    t.notDeepEqual(series.result(), last, 'a result is the caller’s own');
    series.close();
  });
}

test('which tensors count is decided anew with every checkpoint', async (t) => {
  const series = createSeries();
  await series.add({ a: row(1), b: row(1) });
  await series.add({ a: row(2), b: row(5) });
  t.is(series.result().steps[0]?.stepSize, Math.sqrt(17));
  await series.add({ a: row(3) });
  const { steps, tensors } = series.result();
  t.deepEqual([...tensors.isMeasured], [1, 0]);
  t.deepEqual(
    steps.map(({ stepSize }) => stepSize),
    [1, 1],
    'b is left out of the step before it went, too',
  );
  t.regex(explainSeries(series.result()), /left out of the totals/u);
});

/** Checkpoints of the diverging run that are open as files or maps. */
function listOpen(): string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return [...new Set([...openFiles(), ...maps].flatMap((line) => /growing-\d/u.exec(line) ?? []))].toSorted();
}

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

onLinux('three are open and a fourth in the middle of an add, and nothing else is needed again', async (t) => {
  const copies = DIVERGING.map((_, index) => join(folder.path, `growing-${index}`));
  const counts: number[] = [];
  // oxlint-disable-next-line typescript/unbound-method -- put back below, and called with its own `this`
  const listen = EventTarget.prototype.addEventListener;
  // Every job of the add-on begins by listening for an abort.
  EventTarget.prototype.addEventListener = function count(...args: Parameters<typeof listen>): void {
    counts.push(listOpen().length);
    listen.apply(this, args);
  };
  const series = createSeries();
  try {
    for (const [index, path] of copies.entries()) {
      cpSync(DIVERGING[index] ?? '', path, { recursive: true });
      await series.add(path);
      const kept = [...new Set([0, index - 1, index])].filter((at) => at >= 0).map((at) => `growing-${at}`);
      t.deepEqual(listOpen(), kept, 'the first, the last but one, the last');
      if (index > 2) rmSync(copies[index - 2] ?? '', { recursive: true });
    }
  } finally {
    EventTarget.prototype.addEventListener = listen;
  }
  t.is(Math.max(...counts), 4);
  const names = DIVERGING.map((_, index) => `diverge-${index + 1}`);
  const whole = await compareSeries(DIVERGING);
  t.deepEqual(series.result().tensors, whole.tensors);
  t.deepEqual(
    series.result().checkpoints.map(({ name }) => name.replace(/growing-(\d)/u, (_, at) => names[Number(at)] ?? '')),
    names,
  );
  series.close();
  t.deepEqual(listOpen(), []);
  t.deepEqual(series.result().steps, whole.steps, 'a closed series still answers');
});

test('a last checkpoint that was written over is told, and so is a first one', async (t) => {
  const path = (name: string): string => join(folder.path, `${name}.safetensors`);
  const write = (name: string, value: number): string =>
    writeSafetensors(path(name), [{ name: 'w', shape: [1, 2], values: [value, 1] }]);
  const series = createSeries();
  for (const index of [0, 1, 2]) await series.add(write(`over-${index}`, index));
  const before = series.result();
  write('other', 7);
  // Windows lets nobody put another file in the place of an open one.
  if (process.platform === 'win32') writeFileSync(path('over-2'), readFileSync(path('other')));
  else renameSync(path('other'), path('over-2'));
  const error = await t.throwsAsync(series.add(write('over-3', 3)), { instanceOf: ModelDiffError, code: 'E_FILE_CHANGED' });
  t.true(error?.path?.endsWith('over-2.safetensors') ?? false);
  t.deepEqual(series.result(), before);
  series.close();

  const latest = createSeries();
  await latest.add(write('latest', 1));
  writeFileSync(path('latest'), readFileSync(write('another', 2)));
  await t.throwsAsync(latest.add(path('latest')), { instanceOf: ModelDiffError, code: 'E_FILE_CHANGED' });
  latest.close();
});

test('an add that fails leaves the series as it was', async (t) => {
  const series = createSeries({ rename: ['^(.).*=>$1'] });
  const states = RESTLESS.map(({ w = row() }) => ({ w }));
  const controller = new AbortController();
  for (const [index, state] of states.entries()) {
    await t.throwsAsync(series.add(example('nope')), { code: 'E_NOT_FOUND' });
    await t.throwsAsync(series.add(5 as never), { code: 'E_ARGUMENT' });
    await t.throwsAsync(series.add({ w: { data: Float32Array.of(1), shape: [2] } }), { instanceOf: ModelDiffError });
    await t.throwsAsync(series.add({ wa: row(1), wb: row(2) }), { message: /two tensors of the .* checkpoint are called w/u });
    await series.add(state);
    if (index > 0) t.is(series.result().checkpoints.length, index + 1);
  }
  const whole = await compareSeries(states.map((state) => Checkpoint.fromTensors(state)));
  t.deepEqual(series.result(), whole);

  const aborted = createSeries({ signal: controller.signal });
  for (const path of STEADY.slice(0, 3)) await aborted.add(path);
  const reason = new Error('enough');
  const running = aborted.add(STEADY[3] ?? '');
  controller.abort(reason);
  t.is(await t.throwsAsync(running), reason);
  t.is(await t.throwsAsync(aborted.add(STEADY[3] ?? '')), reason, 'and so does every later one');
  t.deepEqual(aborted.result(), await compareSeries(STEADY.slice(0, 3)));
  aborted.close();
});

test('an add while another one runs is refused, and one that runs ends with the series', async (t) => {
  const series = createSeries();
  const [first, second] = [series.add(STEADY[0] ?? ''), series.add(STEADY[1] ?? '')];
  await t.throwsAsync(second, { instanceOf: ModelDiffError, code: 'E_ARGUMENT', message: /another checkpoint is being added/u });
  await first;
  await series.add(STEADY[1] ?? '');
  const running = series.add(STEADY[2] ?? '');
  t.is(series.result().steps.length, 1, 'a result in the middle of an add is that before it');
  series.close();
  series.close();
  await t.throwsAsync(running, { instanceOf: ModelDiffError, message: /the series is closed/u });
  await t.throwsAsync(series.add(STEADY[2] ?? ''), { instanceOf: ModelDiffError, message: /the series is closed/u });
  t.is(series.result().steps.length, 1);
});

test('closing is by symbols too, and leaves the caller’s checkpoints open', async (t) => {
  for (const symbol of [Symbol.dispose, Symbol.asyncDispose] as const) {
    const base = await loadCheckpoint(STEADY[0] ?? '');
    const series = createSeries();
    await series.add(base);
    await series.add(base);
    await series[symbol]();
    await t.throwsAsync(series.add(base), { message: /the series is closed/u });
    t.is((await base.getTensor('model.norm.weight')).data.length, 40);
    base.close();
  }
});

test('progress is that of each add', async (t) => {
  const told: Progress[] = [];
  const series = createSeries({ onProgress: (progress) => told.push(progress) });
  const totals: number[] = [];
  for (const path of STEADY) {
    told.length = 0;
    await series.add(path);
    for (const [index, { bytesDone }] of told.entries()) t.true(bytesDone >= (told[index - 1]?.bytesDone ?? 0));
    t.is(told.at(-1)?.bytesDone, told.at(-1)?.bytesTotal);
    totals.push((told.at(-1)?.bytesTotal ?? 0) / 238_480);
  }
  t.deepEqual(totals, [0, 2, 3, 4], 'each of the checkpoints that are read once');
  series.close();
});

test('each step reads each tensor of each checkpoint once, and none that is of no use', async (t) => {
  const totals: number[] = [];
  const series = createSeries({ onProgress: ({ bytesTotal }) => totals.splice(0, totals.length, bytesTotal) });
  const [a, b, gone] = [row(1, 2), row(1, 2, 3), row(1, 2, 3, 4, 5)];
  const read: number[] = [];
  for (const state of [
    { a, gone },
    { a, b },
    { a, b },
    { a, b },
  ]) {
    await series.add(state);
    read.push((totals[0] ?? 0) / 4);
  }
  t.deepEqual(read, [0, 2 * 2 + 3 + 5, 3 * 2 + 2 * 3, 4 * 2 + 3 * 3], 'a has two elements, b three, and gone five');
  series.close();
});

function closedCheckpoint(): Checkpoint {
  const checkpoint = Checkpoint.fromTensors({ a: row(1) });
  checkpoint.close();
  return checkpoint;
}

const REFUSED: readonly (readonly [string, (t: ExecutionContext) => unknown, RegExp])[] = [
  ['no list', () => compareSeries('a' as never), /at least two checkpoints/u],
  ['no checkpoint', () => compareSeries([]), /at least two checkpoints/u],
  ['one checkpoint', () => compareSeries([example('base')]), /at least two checkpoints/u],
  ['an object', () => compareSeries([example('base'), {} as never]), /checkpoint 2 of a series must be a path or .*, not \{\}$/u],
  ['nothing', () => compareSeries([null as never, example('base')]), /checkpoint 1 of a series must be .*, not null$/u],
  ['a hole', () => compareSeries(Array.from({ length: 2 }) as never), /checkpoint 1 of a series must be/u],
  ['an empty path', () => compareSeries(['', '']), /path must be a string that is not empty/u],
  ['a configuration that is none', () => compareSeries(STEADY, null as never), /options of compareSeries must be an object/u],
  ['an option in the wrong place', () => compareSeries(STEADY, { key: 'a' } as never), /compareSeries has no option "key"/u],
  ['a misspelt option', () => compareSeries(STEADY, {}, { sginal: 1 } as never), /compareSeries has no option "sginal"/u],
  ['a wrong value', () => compareSeries(STEADY, { threads: 0 }), /threads must be a whole number from 1/u],
  ['options that are none', () => createSeries(5 as never), /options of createSeries must be an object, not 5/u],
  ['a side', () => createSeries({ old: {} } as never), /createSeries has no option "old"/u],
  ['provenance', () => createSeries({ provenance: false } as never), /createSeries has no option "provenance"/u],
  ['a misspelt option of a series', () => createSeries({ precison: 'double' } as never), /has no option "precison"/u],
  ['a wrong value of a series', () => createSeries({ include: '*' as never }), /include must be an array of strings/u],
  ['a rule that is none', () => createSeries({ rename: ['('] }), /rename/u],
  ['a number', () => createSeries().add(5 as never), /a checkpoint of a series must be a path, .*, not 5$/u],
  ['undefined', () => createSeries().add(undefined as never), /a checkpoint of a series must be/u],
  ['an array', () => createSeries().add([] as never), /tensors must be an object or a Map/u],
  ['a tensor that is none', () => createSeries().add({ a: 5 } as never), /tensor a must be/u],
  ['a closed checkpoint', () => createSeries().add(closedCheckpoint()), /checkpoint is closed/u],
  ['a result of nothing', () => createSeries().result(), /at least two checkpoints/u],
];

for (const [title, call, message] of REFUSED) {
  test(`refused: ${title}`, async (t) => {
    // What is thrown at once and what rejects are told alike here.
    const error = await t.throwsAsync(async () => call(t), { instanceOf: ModelDiffError, code: 'E_ARGUMENT' });
    t.regex(error?.message ?? '', message);
  });
}

test('a result needs two checkpoints, which share a tensor that is asked for', async (t) => {
  const series = createSeries({ include: ['nothing'] });
  await series.add({ a: row(1) });
  t.throws(() => series.result(), { instanceOf: ModelDiffError, code: 'E_ARGUMENT' });
  await t.throwsAsync(series.add({ a: row(1) }), {
    instanceOf: ModelDiffError,
    message: /^include leaves no tensor to compare$/u,
  });
});

const SNAPSHOTS = `
  import { createSeries } from 'model-diff';
  const MiB = 2 ** 20;
  const series = createSeries({ threads: 1 });
  const weights = new Float32Array(2 * MiB).fill(1);
  const collected = [];
  const after = [];
  const collect = () => globalThis.gc({ type: 'major', execution: 'async' });
  const add = async (step) => {
    weights[step] += 1;
    const snapshot = { w: { data: weights.slice(), shape: [2, MiB] } };
    collected.push(new WeakRef(snapshot.w.data));
    const adding = series.add(snapshot);
    // What is changed after the call is no part of the snapshot.
    snapshot.w.data.fill(0);
    await adding;
  };
  for (let step = 0; step < 30; step += 1) {
    await add(step);
    await new Promise((resolve) => setTimeout(resolve));
    await collect();
    after.push(process.memoryUsage.rss() / MiB);
  }
  await new Promise((resolve) => setTimeout(resolve));
  await collect();
  const { steps, verdict } = series.result();
  console.log(JSON.stringify({
    alive: collected.filter((reference) => reference.deref() !== undefined).length,
    growth: Math.max(...after.slice(10)) - after[9],
    sizes: [...new Set(steps.map(({ stepSize }) => stepSize))],
    verdict,
  }));`;

/** What a program prints. */
async function runProgram(program: string): Promise<string> {
  const args = ['--expose-gc', '--input-type=module', '-e', program];
  return (await promisify(execFile)(process.execPath, args, { cwd: ROOT })).stdout;
}

test('a loop of snapshots keeps three of them, and none of the caller’s arrays', async (t) => {
  const found = JSON.parse(await runProgram(SNAPSHOTS)) as { alive: number; growth: number; sizes: number[]; verdict: string };
  t.is(found.alive, 0);
  // 20 snapshots of 8 MiB.
  t.true(found.growth < 60, `${found.growth} MiB more`);
  t.deepEqual(found.sizes, [1]);
  t.regex(found.verdict, / after 29 steps\.$/u);
});

const MANY = `
  import { Checkpoint, createSeries } from 'model-diff';
  const names = Array.from({ length: 3000 }, (_, at) => 'model.layers.' + at + '.mlp.down_proj.weight');
  const series = createSeries();
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
  const used = async () => {
    // What a first collection finds free is freed by the second. With an empty stack: V8 of Node 26 keeps what an old word on it may mean.
    for (let round = 0; round < 3; round += 1) await settle().then(() => globalThis.gc({ type: 'major', execution: 'async' }));
    return process.memoryUsage();
  };
  let before;
  for (let step = 0; step <= 30; step += 1) {
    await series.add(new Map(names.map((name) => [name, { data: Float32Array.of(step, 1), shape: [1, 2] }])));
    if (step === 10) before = await used();
  }
  const after = await used();
  const grown = (key) => (after[key] - before[key]) / (20 * names.length);
  console.log(JSON.stringify({ arrays: grown('arrayBuffers'), heap: grown('heapUsed') }));`;

test('of a step less than a hundred bytes a tensor are kept', async (t) => {
  const { arrays, heap } = JSON.parse(await runProgram(MANY)) as { arrays: number; heap: number };
  t.log(`${arrays.toFixed(1)} bytes in arrays, ${heap.toFixed(1)} beside them`);
  t.true(arrays + heap < 100, `${arrays} bytes in arrays, ${heap} beside them`);
});

test('the program of docs/cli.md prints the verdict of the run so far', async (t) => {
  const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');
  const [, program = ''] = /```ts\n([^`]*createSeries[^`]*)```/u.exec(page) ?? [];
  const [first, second] = (await runProgram(program)).split('\n');
  t.is(first, 'One step of 1.1% of the weights.');
  t.regex(second ?? '', /^\w+: .* from the start after 2 steps\.$/u);
});
