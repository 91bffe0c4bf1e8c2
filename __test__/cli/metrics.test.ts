/** `--metrics-json`: flat numbers for experiment trackers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { HOSTILE_NAMES } from '../report/hostile.ts';
import { example, makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

type Metrics = Readonly<Record<string, number>>;

/** What every tracker takes: names of plain characters, and finite numbers. */
function isFlat(metrics: Metrics): boolean {
  return Object.entries(metrics).every(([name, value]) => /^[\w./-]{1,250}$/.test(name) && Number.isFinite(value));
}

test('the numbers of a comparison, beside the report and in its place', async (t) => {
  const file = join(folder.path, 'metrics.json');
  const args = [example('base'), example('sft')];
  const beside = await run([...args, '--json', '--metrics-json', file]);
  t.is(beside.code, 0);
  t.regex(beside.stderr, /^Wrote .*metrics\.json \(/m);
  const report = JSON.parse(beside.stdout) as {
    analysis: { summary: { change: number }; depth_profile: { change: number }[] };
  };
  const metrics = JSON.parse(readFileSync(file, 'utf8')) as Metrics;
  t.true(isFlat(metrics));
  t.is(metrics['change'], report.analysis.summary.change);
  t.deepEqual([metrics['changed_tensors'], metrics['identical_tensors'], metrics['coverage']], [57, 0, 1]);
  t.true((metrics['module/o_proj/change'] ?? 0) > (metrics['module/norm/change'] ?? 1));
  t.is(metrics['module/o_proj/changed_tensors'], 6);
  t.is(metrics['block/model.layers.5/change'], report.analysis.depth_profile[5]?.change);
  const instead = await run([...args, '--metrics-json', '-']);
  t.is(instead.stdout, readFileSync(file, 'utf8'));
  t.is((await run([...args, '-q', '-f', 'metrics'])).stdout, instead.stdout);
});

test('a number that does not exist is left out', async (t) => {
  const [old, next] = [Number.NaN, 1].map((value, index) =>
    writeSafetensors(join(folder.path, `nan-${index}.safetensors`), [
      { name: 'a.weight', shape: [2, 2], values: [value, value, value, value] },
    ]),
  ) as [string, string];
  const { stdout } = await run([next, old, '--metrics-json', '-']);
  const metrics = JSON.parse(stdout) as Metrics;
  t.true(isFlat(metrics));
  t.deepEqual([metrics['nonfinite_old'], metrics['nonfinite_new']], [0, 4]);
  t.false('module/a/change' in metrics || 'cosine' in metrics, stdout);
});

test('names from files become names that trackers take, each its own', async (t) => {
  const names = [
    ...HOSTILE_NAMES.filter((name) => !/\p{Cs}/u.test(name) && name.length < 1e5),
    'a b.weight',
    'a\tb.weight',
    'a_b.weight',
  ];
  const [old, next] = [1, 2].map((value) =>
    writeSafetensors(
      join(folder.path, `hostile-${value}.safetensors`),
      names.map((name, index) => ({ name, shape: [1, 2], values: [1, value + index] })),
    ),
  ) as [string, string];
  const { code, stdout } = await run([old, next, '--metrics-json', '-']);
  t.is(code, 0);
  const metrics = JSON.parse(stdout) as Metrics;
  t.true(isFlat(metrics), stdout);
  t.is(Object.keys(metrics).filter((name) => /^module\/a_b\/change(?:_\d+)?$/.test(name)).length, 3);
});

test('the last step of a series', async (t) => {
  const args = ['series', example('continue-0100'), example('continue-0200'), example('continue-0300')];
  const { stdout } = await run([...args, '--metrics-json', '-']);
  const metrics = JSON.parse(stdout) as Metrics;
  const { steps } = JSON.parse((await run([...args, '--json'])).stdout) as { steps: Metrics[] };
  t.true(isFlat(metrics));
  const { events, critical_events: critical, ...step } = metrics;
  t.deepEqual([events, critical], [0, 0]);
  t.deepEqual(step, Object.fromEntries(Object.entries(steps.at(-1) ?? {}).filter(([, value]) => value !== null)));
});

test('two results for stdout are refused, and so is a file of the checkpoint', async (t) => {
  for (const flags of [['--json'], ['-f', 'csv']]) {
    const { code, stdout, stderr } = await run([example('base'), example('sft'), '--metrics-json', '-', ...flags]);
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, /--metrics-json - and --format \w+ both go to stdout\nhint: give --metrics-json a file/);
  }
  const twice = join(folder.path, 'twice.json');
  const { code, stderr } = await run([example('base'), example('sft'), '-o', twice, '--metrics-json', twice]);
  t.is(code, 2);
  t.regex(stderr, /the output .*twice\.json is given twice/);
  t.false(existsSync(twice));
  const own = await run([example('base'), example('sft'), '--metrics-json', join(example('base'), 'config.json')]);
  t.regex(own.stderr, /belongs to the checkpoint/);
});
