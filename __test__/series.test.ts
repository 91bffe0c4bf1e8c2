/**
 * Series of checkpoints: the numbers against direct computations, what happened and where, every format with hostile names, and the
 * command.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  Checkpoint,
  compareSeries,
  createSeriesReport,
  loadCheckpoint,
  type Progress,
  type ReportFormat,
  type SeriesResult,
} from 'model-diff';
import { explainSeries } from '../src/series/details.ts';
import { judgeJump } from '../src/series/judge-jump.ts';
import { polarise } from '../src/series/polarise.ts';
import { findForeign, readStatic } from './report/page-data.ts';
import { splitAtGaps } from '../src/report/html/view/line-chart.ts';
import { example, makeFolder, run } from './cli/cli.ts';
import { writeSafetensors } from './cli/safetensors.ts';
import { HOSTILE_NAMES } from './report/hostile.ts';

const DIVERGING = ['diverge-1', 'diverge-2', 'diverge-3', 'diverge-4', 'diverge-5', 'diverge-6'].map(example);
const STEADY = ['base', 'continue-0100', 'continue-0200', 'continue-0300'].map(example);
const FIRST_BROKEN = [
  'model.embed_tokens.weight',
  'model.layers.0.input_layernorm.weight',
  'model.layers.0.self_attn.k_proj.weight',
  'model.layers.0.self_attn.q_proj.weight',
  'model.layers.0.self_attn.v_proj.weight',
];
const FORMATS: readonly ReportFormat[] = ['html', 'json', 'text', 'markdown', 'csv', 'github'];
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

const folder = makeFolder();
test.after.always(folder.remove);

/** Checkpoints in memory: each a value a tensor and element. */
function inMemory(states: readonly Readonly<Record<string, readonly number[]>>[]): Checkpoint[] {
  return states.map((tensors) =>
    Checkpoint.fromTensors(
      new Map(
        Object.entries(tensors).map(([name, values]) => [name, { data: Float32Array.from(values), shape: [1, values.length] }]),
      ),
    ),
  );
}

/** The value of a tensor's column in one step. */
function at(
  series: SeriesResult,
  column: 'stepCosine' | 'wayCosine' | 'stepSize' | 'pathLength' | 'straightness' | 'normGrowth',
  name: string,
  step: number,
): number {
  return series.tensors[column][series.tensors.names.indexOf(name) * series.steps.length + step - 1] ?? Number.NaN;
}

test('on the diverging run the verdict names the step and the tensors where it began', async (t) => {
  const series = await compareSeries(DIVERGING);
  t.is(series.verdict, 'Diverged at step 2 (diverge-3): step size 0.83% → 49×; NaN from step 4 (diverge-5).');
  const details = explainSeries(series);
  t.regex(details, /^NaN or Inf first in 5 tensors: .*, in 57 at the end\. /u);
  t.regex(details, /The step of diverge-3 was 5,939× the median before it, in 53 of 57 tensors, most in \S+\.$/u);
  for (const name of FIRST_BROKEN) t.true(details.includes(name), name);
  const [first] = series.events;
  t.is(first?.step, 2, 'nothing happens in step 1');
  const total = series.events.filter(({ tensor }) => tensor === null).map(({ kind, step }) => `${kind} ${step}`);
  t.deepEqual(total, ['norm_jumped 2', 'jumped 2', 'norm_jumped 3', 'norm_jumped 4']);
  const broken = series.events.filter(({ kind, step }) => kind === 'non_finite' && step <= 4);
  t.deepEqual(broken.map(({ tensor }) => tensor ?? '').toSorted(), FIRST_BROKEN);
  t.deepEqual(
    series.steps.map(({ nan }) => nan),
    [0, 0, 0, 1080, 118_440],
  );
  t.deepEqual(
    series.steps.map(({ nonfiniteTensors }) => nonfiniteTensors),
    [0, 0, 0, 5, 57],
  );
  t.is(series.steps[3]?.straightness, null);
  t.is(series.steps[4]?.stepCosine, null, 'no tensor is finite at the end');
  t.not(series.steps[3]?.stepCosine, null, 'most tensors are finite before');
});

test('a run that goes on as it should is steady', async (t) => {
  const series = await compareSeries(STEADY);
  t.deepEqual(series.events, []);
  t.is(series.verdict, 'Converging: steps shrink from 1.6% to 0.5%; 2% from the start after 3 steps.');
  t.is(
    explainSeries(series),
    'Step cosine -0.07 to -0.02 (like a random walk; rounding alone can make -0.05), straightness 0.63.',
  );
  t.deepEqual(
    series.checkpoints.map(({ name, parameters }) => [name, parameters]),
    ['base', 'continue-0100', 'continue-0200', 'continue-0300'].map((name) => [name, 119_240]),
  );
  // The README of the example has these, over the larger norm of each tensor.
  for (const [at_, expected] of [0.0163, 0.0195, 0.0202].entries())
    t.true(Math.abs((series.steps[at_]?.relativeDistance ?? 0) - expected) < 1e-4);
  t.deepEqual(structuredClone(series), series, 'plain data');
});

test('lengths and cosines are those of a direct computation', async (t) => {
  const series = await compareSeries(STEADY);
  const opened = await Promise.all(STEADY.map((path) => loadCheckpoint(path)));
  const totals = { turn: [0, 0, 0], way: [0, 0, 0] };
  const cosine = ([product = 0, first = 0, second = 0]: readonly number[]): number => product / Math.sqrt(first * second);
  const add = (sums: number[], a: number, b: number): void => {
    for (const [index, term] of [a * b, a * a, b * b].entries()) sums[index] = (sums[index] ?? 0) + term;
  };
  for (const name of series.tensors.names) {
    const [w0, w1, w2, w3] = await Promise.all(
      opened.map(async (checkpoint) => (await checkpoint.getTensor(name, { as: 'f64' })).data),
    );
    if (w0 === undefined || w1 === undefined || w2 === undefined || w3 === undefined) return t.fail();
    const [turn, way, path] = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ];
    const isMatrix = (opened[0]?.getInfo(name)?.shape.length ?? 0) > 1;
    for (const [i, start] of w0.entries()) {
      const [d1, d2, d3] = [(w1[i] ?? 0) - start, (w2[i] ?? 0) - (w1[i] ?? 0), (w3[i] ?? 0) - (w2[i] ?? 0)];
      for (const [index, d] of [d1, d2, d3].entries()) path[index] = (path[index] ?? 0) + d * d;
      add(turn, d2, d3);
      add(way, d1 + d2, d3);
      if (!isMatrix) continue;
      add(totals.turn, d2, d3);
      add(totals.way, d1 + d2, d3);
    }
    const length = path.reduce((sum, squares) => sum + Math.sqrt(squares), 0);
    t.true(Math.abs(at(series, 'pathLength', name, 3) - length) <= 1e-6 * length, name);
    if (turn[1] === 0 || turn[2] === 0) continue;
    t.true(Math.abs(at(series, 'stepCosine', name, 3) - cosine(turn)) < 1e-5, name);
    t.true(Math.abs(at(series, 'wayCosine', name, 3) - cosine(way)) < 1e-5, name);
  }
  t.true(Math.abs((series.steps[2]?.stepCosine ?? 2) - cosine(totals.turn)) < 1e-6);
  t.true(Math.abs((series.steps[2]?.wayCosine ?? 2) - cosine(totals.way)) < 1e-6);
});

test('a right angle, a way back, a freeze: the numbers of small vectors', async (t) => {
  const series = await compareSeries(
    inMemory([
      { turn: [1, 0, 0], back: [1, 0], rests: [5, 5], still: [7] },
      { turn: [1, 3, 0], back: [1, 2], rests: [5, 6], still: [7] },
      { turn: [1, 3, 4], back: [1, 0], rests: [5, 6], still: [7] },
      { turn: [1, 3, 8], back: [1, 2], rests: [5, 6], still: [7] },
    ]),
  );
  t.is(at(series, 'stepCosine', 'turn', 2), 0);
  t.true(Math.abs(at(series, 'stepCosine', 'turn', 3) - 1) < 1e-12);
  t.true(Math.abs(at(series, 'wayCosine', 'turn', 3) - 4 / 5) < 1e-12, 'way (3, 4), step (0, 4)');
  t.is(at(series, 'pathLength', 'turn', 3), 11);
  t.true(Math.abs(at(series, 'straightness', 'turn', 3) - Math.sqrt(73) / 11) < 1e-12);
  t.true(Math.abs(at(series, 'normGrowth', 'turn', 2) - Math.sqrt(26)) < 1e-12);
  t.is(at(series, 'stepCosine', 'back', 2), -1);
  t.is(at(series, 'straightness', 'back', 2), 0);
  t.true(Number.isNaN(at(series, 'stepCosine', 'rests', 2)), 'a step of nothing has no direction');
  const froze = series.events.filter(({ kind }) => kind === 'froze');
  t.deepEqual(
    froze.map(({ tensor, step, value }) => [tensor, step, value]),
    [['rests', 2, 2]],
  );
  t.regex(series.verdict, /; 1 tensor stopped changing\.$/u);
  t.regex(explainSeries(series), /1 tensor stopped changing, first rests at checkpoint 3\. 1 of 4 tensors never changed\.$/u);
  t.deepEqual(
    series.checkpoints.map(({ name }) => name),
    ['checkpoint 1', 'checkpoint 2', 'checkpoint 3', 'checkpoint 4'],
  );
});

test('steps that undo each other are told as such, and equal checkpoints too', async (t) => {
  const forth = { a: [1, 0] };
  const back = { a: [1, 1] };
  t.regex(
    (await compareSeries(inMemory([forth, back, forth, back]))).verdict,
    /^Oscillating: steps of 71% to 100% undo each other; /u,
  );
  t.is((await compareSeries(inMemory([forth, forth, forth]))).verdict, 'No change: all 3 checkpoints are equal in every value.');
  t.regex((await compareSeries(inMemory([forth, back]))).verdict, /^One step of 100% of the weights\.$/u);
});

test('what comes, goes, or is not a matrix stays out of the totals and is counted', async (t) => {
  const series = await compareSeries(
    inMemory([
      { a: [3, 4], gone: [1] },
      { a: [3, 5], new: [1, 2] },
      { a: [3, 6], new: [1, 2, 3] },
    ]),
  );
  t.deepEqual([...series.tensors.isMeasured], [1, 0, 0]);
  t.deepEqual(
    series.steps.map((step) => [step.addedTensors, step.removedTensors, step.reshapedTensors, step.comparedTensors]),
    [
      [1, 1, 0, 1],
      [0, 0, 1, 1],
    ],
  );
  t.is(series.steps[0]?.stepSize, 1);
  t.is(series.steps[0]?.relativeStep, 1 / 5);
  t.regex(explainSeries(series), /left out of the totals\.$/u);
});

test('a tensor that held NaN has no cosine while it is among the three checkpoints, and no straightness ever again', async (t) => {
  const values = [1, Number.NaN, 5, 6, 8];
  const series = await compareSeries(inMemory(values.map((value) => ({ a: [value, value === 5 ? 3 : 2], b: [1, 2] }))));
  const cosines = [2, 3, 4].map((step) => at(series, 'stepCosine', 'a', step));
  t.deepEqual(cosines.map(Number.isFinite), [false, false, true]);
  t.deepEqual(
    [1, 4].map((step) => at(series, 'straightness', 'a', step)),
    [Number.NaN, Number.NaN],
  );
  t.deepEqual(
    series.steps.map(({ stepCosine, straightness }) => [stepCosine === null, straightness]),
    [
      [true, null],
      [true, null],
      [true, null],
      [false, null],
    ],
  );
  t.is(series.steps[0]?.nan, 1);
});

test('names are changed by rules before they are followed', async (t) => {
  const states = inMemory([{ 'x.a': [3, 4] }, { 'x.a': [3, 5] }, { 'x.a': [3, 6] }]);
  const series = await compareSeries(states, { rename: ['^x=>y'], include: ['y.*'] });
  t.deepEqual(series.tensors.names, ['y.a']);
  t.is(series.steps[1]?.pathLength, 2);
});

test('a jump needs a robust z above 5, or ten times the median while there are few values', (t) => {
  const even = [1, 1.1, 0.9, 1, 1.05, 0.95];
  t.is(judgeJump([...even, 2.9], 6), null);
  t.true((judgeJump([...even, 3.2], 6)?.z ?? 0) > 5);
  t.is(judgeJump([1, 10, 0.1, 5, 0.5, 2, 30], 6), null, 'a wild run has no such jump');
  t.is(judgeJump([1, 1, 1, 9], 3), null);
  t.deepEqual(judgeJump([1, 1, 1, 11], 3), { reference: 1, z: null });
  t.is(judgeJump([50, 1, 1], 0), null, 'the first is never one');
  t.is(judgeJump([0, 0, 5], 2), null, 'nothing to compare with');
  t.is(judgeJump([1, null, Number.NaN, Number.POSITIVE_INFINITY], 3), null);
});

test('a jump among many steps is found by its z', async (t) => {
  const sizes = [1, 1.1, 0.9, 1, 1.1, 1, 1, 20, 1];
  let w = 1000;
  const states = [w, ...sizes.map((size) => (w += size))].map((value) => ({ a: [value], b: [value, 1] }));
  const series = await compareSeries(inMemory(states));
  t.deepEqual(series.events.map(({ kind, step, tensor }) => `${kind} ${step} ${tensor}`).toSorted(), [
    'jumped 8 a',
    'jumped 8 b',
    'jumped 8 null',
  ]);
  t.true((series.events[0]?.z ?? 0) > 5);
  t.regex(series.verdict, /^Jump at step 8 \(checkpoint 9\): step size 0\.099% → 2%; the other steps 0\.\d+% to 0\.\d+%\.$/u);
});

test('a cosine that drowns in the larger step is not told', (t) => {
  t.true(Number.isNaN(polarise(1, 1, 1e-14)));
  t.true(Number.isNaN(polarise(0, 0, 1)));
  t.is(polarise(4, 1, 1), 1);
  t.is(polarise(0, 1, 1), -1);
  t.deepEqual(splitAtGaps([1, 2, null, 3, null, 4, 5]), [
    [
      [0, 1],
      [1, 2],
    ],
    [
      [5, 4],
      [6, 5],
    ],
  ]);
});

test('progress is of the whole series, and a caller’s checkpoints stay open', async (t) => {
  const told: Progress[] = [];
  const base = await loadCheckpoint(example('base'));
  await compareSeries([base, ...STEADY.slice(1)], {}, { onProgress: (progress) => told.push(progress) });
  const last = told.at(-1);
  t.is(last?.bytesTotal, (2 + 3 + 4) * base.sizeBytes, 'each step reads each checkpoint once');
  t.is(last?.bytesDone, last?.bytesTotal);
  t.is(last?.tensorsDone, last?.tensorsTotal);
  for (const [index, { bytesDone }] of told.entries()) t.true(bytesDone >= (told[index - 1]?.bytesDone ?? 0));
  t.is((await base.getTensor('model.norm.weight')).data.length, 40);
});

test('an abort rejects with its reason, and a missing checkpoint before anything is compared', async (t) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const running = compareSeries(DIVERGING, {}, { signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(running), reason);
  const told: Progress[] = [];
  await t.throwsAsync(compareSeries([...STEADY, example('nope')], {}, { onProgress: (progress) => told.push(progress) }), {
    code: 'E_NOT_FOUND',
  });
  t.deepEqual(told, []);
  await t.throwsAsync(compareSeries([example('base')]), { code: 'E_ARGUMENT' });
  await t.throwsAsync(compareSeries(STEADY, { include: ['nothing'] }), { code: 'E_ARGUMENT' });
});

test('hostile names of tensors and checkpoints are harmless in every format', async (t) => {
  const names = HOSTILE_NAMES.filter((name) => name.length < 1000 && !name.includes('\ud800'));
  const states = [1, 2, 40, Number.NaN].map(
    (value) => new Map(names.map((name) => [name, { data: new Float32Array([value, 1]), shape: [1, 2] }])),
  );
  const series = await compareSeries(states.map((tensors) => Checkpoint.fromTensors(tensors)));
  t.is(series.tensors.names.length, new Set(names).size);
  const called = ['<script>alert(1)</script>', '"><svg onload=alert(2)>', '\u001b[2J`|=1+1', '=cmd'];
  const written = new Map(FORMATS.map((format) => [format, createSeriesReport(series, { format, names: called, rows: 500 })]));
  // A spreadsheet gets names as they are; everything else shows what cannot be seen.
  for (const [format, text] of written) if (format !== 'csv') t.notRegex(text, UNSEEN, format);

  t.deepEqual(findForeign(written.get('html') ?? ''), []);
  const json = JSON.parse(written.get('json') ?? '') as {
    tensors: { name: string; step_cosine: (number | null)[] }[];
    checkpoints: { name: string }[];
    steps: Record<string, unknown>[];
  };
  t.deepEqual(
    json.tensors.map(({ name }) => name),
    [...series.tensors.names],
    'names as they are',
  );
  t.deepEqual(
    json.checkpoints.map(({ name }) => name),
    called,
  );
  t.is(json.tensors[0]?.step_cosine[2], null);
  t.true('relative_step' in (json.steps[0] ?? {}));
  const markdown = (written.get('markdown') ?? '').split('\n');
  t.true(markdown[0]?.startsWith('## `<script>alert(1)</script>` → '));
  t.notRegex(markdown.find((line) => line.startsWith('**')) ?? '<', /</u);
  t.notRegex(written.get('csv') ?? '', /(?:^|,)[=@]/mu);
});

test('each report holds the verdict and the steps; charts have a title and a table beside them', async (t) => {
  const series = await compareSeries(STEADY);
  for (const format of ['html', 'text', 'markdown', 'json'] as const) {
    const text = createSeriesReport(series, { format });
    t.true(text.includes('Converging: steps shrink from 1.6% to 0.5%'), format);
    t.true(text.includes('continue-0200'), format);
  }
  const page = readStatic(createSeriesReport(series));
  t.is(page.split('<svg class="chart"').length - 1, 2);
  t.is(page.split('<polyline').length - 1, 4);
  t.is(page.split(/<circle class="(?:first|second)"/).length - 1, 3 + 3 + 2 + 2 + 4, 'points, and those of the legends');
  t.regex(page, /<desc id="sizes-description">size of the step: from 1\.6% to 0\.5%\. /u);
  const renamed = createSeriesReport(series, { format: 'text', names: ['start', 'one', 'two', 'three'], rows: 2 });
  t.true(renamed.startsWith('start → three   4 checkpoints, 57 tensors'));
  t.true(renamed.endsWith('\n55 more\n'), renamed);
  t.is(createSeriesReport(series, { format: 'csv' }).trimEnd().split('\r\n').length, 1 + 3 * 57);
  t.throws(() => createSeriesReport(series, { format: 'pdf' as ReportFormat }), { code: 'E_ARGUMENT' });
  t.throws(() => createSeriesReport(series, { rows: -1 }), { code: 'E_ARGUMENT' });
});

test('the command tells where a run diverged, the same for any number of threads', async (t) => {
  const text = await run(['series', ...DIVERGING, '--top', '3', '--no-provenance']);
  t.is(text.code, 0);
  const lines = text.stdout.split('\n');
  t.regex(lines[0] ?? '', /^diverge-1 → diverge-6 {3}6 checkpoints, 57 tensors, 119k parameters$/u);
  t.is(lines[1], 'Diverged at step 2 (diverge-3): step size 0.83% → 49×; NaN from step 4 (diverge-5).');
  t.true(text.stdout.endsWith('\n54 more: --top 57, or -o report.html\n'), text.stdout);
  t.regex(text.stderr, /^Compared 6 checkpoints, 1\.43 MB in .*\.\n$/u);
  const runs = await Promise.all(
    ['1', '3'].map((threads) => run(['series', ...DIVERGING, '--json', '--no-provenance', '--threads', threads])),
  );
  t.is(runs[0]?.stdout, runs[1]?.stdout ?? '');
  const json = JSON.parse(runs[0]?.stdout ?? '') as { kind: string; steps: unknown[]; tensors: { relative_step: unknown[] }[] };
  t.deepEqual([json.kind, json.steps.length, json.tensors.length, json.tensors[0]?.relative_step.length], ['series', 5, 57, 5]);
  t.false(runs[0]?.stdout.includes(process.cwd()) ?? true, 'no absolute path');
});

test('the command writes files, filters names, and keeps to ASCII', async (t) => {
  const files = ['s.html', 's.json', 's.txt', 's.md', 's.csv'].map((name) => `${folder.path}/${name}`);
  const { code, stdout, stderr } = await run([
    'series',
    ...STEADY,
    '--include',
    '*.mlp.*',
    '-q',
    ...files.flatMap((file) => ['-o', file]),
  ]);
  t.deepEqual([code, stdout, stderr], [0, '', '']);
  t.true(readFileSync(files[0] ?? '', 'utf8').startsWith('<!doctype html>'));
  t.is((JSON.parse(readFileSync(files[1] ?? '', 'utf8')) as { tensors: unknown[] }).tensors.length, 18);
  const ascii = await run(['series', ...STEADY, '--ascii', '--color', 'never']);
  // eslint-disable-next-line no-control-regex -- everything beyond ASCII
  t.regex(ascii.stdout, /^[\n\x20-\x7e]*$/u);
});

for (const [title, args, message] of [
  ['one checkpoint', ['series', example('base')], /E_ARGUMENT\]: a series needs at least two checkpoints/u],
  ['no checkpoint', ['series'], /missing required argument/u],
  ['stdin', ['series', example('base'), '-'], /cannot be read from stdin/u],
  ['one that is not there', ['series', example('base'), 'nope'], /E_NOT_FOUND/u],
  [
    'an output over an input',
    ['series', example('base'), example('sft'), '-o', `${example('sft')}/config.json`],
    /would be overwritten/u,
  ],
] as const) {
  test(`the command ends with status 2 for ${title}`, async (t) => {
    const { code, stdout, stderr } = await run(args);
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, message);
  });
}

test('checkpoints with nothing in common are an error of the command', async (t) => {
  const other = writeSafetensors(`${folder.path}/other.safetensors`, [{ name: 'zzz', shape: [2], values: [1, 2] }]);
  const { code, stderr } = await run(['series', example('base'), other]);
  t.is(code, 2);
  t.regex(stderr, /E_NO_COMMON_TENSORS/u);
});

interface Followed {
  readonly tensors: readonly { readonly name: string }[];
  readonly steps: readonly { readonly compared_tensors: number }[];
}

test('series --rename and --strip-prefix change the names of every checkpoint', async (t) => {
  const write = (name: string, tensor: string, value: number): string =>
    writeSafetensors(join(folder.path, name), [{ name: tensor, shape: [2], values: [value, 1] }]);
  const paths = [write('a.safetensors', 'net.w', 1), write('b.safetensors', 'model.w', 2), write('c.safetensors', 'model.w', 3)];
  const followed = await run(['series', ...paths, '--rename', String.raw`^net\.=>model.`, '--strip-prefix', 'x.', '--json']);
  t.is(followed.code, 0, followed.stderr);
  const { tensors, steps } = JSON.parse(followed.stdout) as Followed;
  t.deepEqual(
    tensors.map(({ name }) => name),
    ['model.w'],
  );
  t.deepEqual(
    steps.map((step) => step.compared_tensors),
    [1, 1],
  );
  const stripped = await run(['series', ...paths, '--strip-prefix', 'net.', '--strip-prefix', 'model.', '--json']);
  t.deepEqual((JSON.parse(stripped.stdout) as Followed).tensors[0]?.name, 'w');
  const plain = JSON.parse((await run(['series', ...paths, '--no-auto-prefix', '--json'])).stdout) as Followed;
  t.is(plain.tensors.length, 2, 'without a rule they are two tensors');
});

test('a series of which a checkpoint holds no tensor says which', async (t) => {
  const empty = writeSafetensors(join(folder.path, 'empty.safetensors'), []);
  const { code, stderr } = await run(['series', empty, empty]);
  t.is(code, 2);
  t.true(stderr.startsWith(`error[E_NO_TENSORS]: nothing to compare: no tensor in ${empty} and ${empty}\nhint: `), stderr);
});

test('Inf that a conversion to f16 made is told as its overflow, and not as a run that diverged', async (t) => {
  const state = (data: Float32Array | Uint16Array, dtype: 'f32' | 'f16'): Checkpoint =>
    Checkpoint.fromTensors({ w: { data, shape: [2, 2], dtype } });
  const series = await compareSeries([
    state(Float32Array.of(1, 2, 3, 70_000), 'f32'),
    state(Float32Array.of(1, 2, 4, 70_000), 'f32'),
    state(Uint16Array.of(0x3c00, 0x4000, 0x4400, 0x7c00), 'f16'),
  ]);
  t.regex(series.verdict, /^Overflow of the conversion from f32 to f16 at step 2 \(checkpoint 3\): NaN or Inf in 1 tensor; /u);
  t.notRegex(series.verdict, /diverg/u);
  const event = series.events.find(({ kind }) => kind === 'non_finite');
  t.like(event, { step: 2, tensor: 'w', severity: 'critical', value: 1, message: 'overflow of the conversion from f32 to f16' });
  t.is(series.steps[1]?.nonfiniteTensors, 1, 'it is not finite all the same');
  t.regex(createSeriesReport(series, { format: 'text' }), /1 NaN or Inf, overflow of the conversion from f32 to f16/u);
});

test('a checkpoint of quantised codes has no sizes, and is no run that diverged', async (t) => {
  const series = await compareSeries(['base', 'sft', 'fp8'].map(example), {}, { raw: true });
  t.is(
    series.verdict,
    'Stored as codes at step 2 (fp8): 42 tensors that cannot be compared by value; one step of 5.7% of the weights.',
  );
  t.deepEqual(
    series.steps.map(({ relativeStep }) => relativeStep !== null),
    [true, false],
  );
  t.true(series.events.every(({ kind, step, severity }) => kind === 'codes' && step === 2 && severity === 'warning'));
  t.true(Number.isNaN(at(series, 'stepSize', 'model.layers.0.mlp.up_proj.weight', 2)));
  const back = await compareSeries(['fp8', 'base'].map(example), {}, { raw: true });
  t.regex(back.verdict, /^Stored as codes at the start: 42 tensors /u);
  // By their values they are the weights of the start, rounded.
  const values = await compareSeries(['base', 'sft', 'fp8'].map(example));
  t.regex(values.verdict, /2\.3% from the start/u);
  t.false(values.events.some(({ kind }) => kind === 'codes'));
});
