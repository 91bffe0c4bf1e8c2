import { join } from 'node:path';
import test from 'ava';
import { example, ROOT, run } from './cli.ts';
import { folder, write } from './rule-files.ts';

test.after.always(folder.remove);

test('--format github writes annotations, and only them', async (t) => {
  const hostile = 'a,b:c%\n::error title=x::y';
  const old = write('github-old', [{ name: hostile, shape: [2], values: [1, 2] }]);
  const next = write('github-new', [{ name: hostile, shape: [2], values: [2, 1] }]);
  const { code, stdout } = await run([old, next, '--format', 'github', '--fail-on', 'change>1%', '--fail-on', 'nan']);
  t.is(code, 1);
  const [error, ...others] = stdout.trimEnd().split('\n');
  t.is(error, '::error title=Rule broken%3A change>1%25::1 of 1 tensor, up to 63%25%0Aa,b:c%25\\u{a}::error title=x::y 63%25');
  t.deepEqual(
    others.map((line) => line.replace(/(?<!^)::.*$/, '')),
    [
      '::warning title=ControlCharsInName in the old checkpoint',
      '::warning title=ControlCharsInName in the new checkpoint',
      '::notice title=github-old.safetensors → github-new.safetensors',
    ],
  );
  const unsafe = join(ROOT, '__test__', 'fixtures', 'hostile', 'call_os_system.pt');
  t.regex(
    (await run([unsafe, unsafe, '--format', 'github'])).stdout,
    /^::warning title=GlobalDangerous in both checkpoints::.*\n::notice title=/,
  );
  t.regex(
    (await run([example('base'), example('diverge-6'), '--format', 'github'])).stdout,
    /^::warning title=NaN or Inf Appeared::118,440 elements .*\n(?:::warning .*\n)*::notice title=base → diverge-6::Broken/,
  );
  const series = await run(['series', ...[1, 5, 6].map((step) => example(`diverge-${step}`)), '--format', 'github']);
  t.is(series.code, 0);
  t.regex(series.stdout, /^::warning title=At diverge-\d::NaN or Inf for the first time in .*\n/);
  t.regex(series.stdout, /\n::notice title=diverge-1 → diverge-6::.*\n$/);
  for (const line of series.stdout.trimEnd().split('\n')) t.regex(line, /^::(?:error|warning|notice) title=[^:,]*::./);
  t.regex((await run([old, next, '-o', join(folder.path, 'x.github')])).stderr, /cannot tell the format/);
});

test('in a workflow no name is a command to the runner, whatever is printed', async (t) => {
  const name = '##[stop-commands]x';
  const [old, next] = [1, 2].map((value) => write(`github-log-${value}`, [{ name, shape: [2], values: [value, 2] }])) as [
    string,
    string,
  ];
  const env = { GITHUB_ACTIONS: 'true' };
  for (const args of [
    [old, next],
    [old, next, '-f', 'github', '--fail-on', 'change>1%'],
    ['inspect', old],
    [old, next, '--fail-on', 'nan@nope'],
  ]) {
    const { stdout, stderr } = await run(args, { env });
    t.notRegex(stdout + stderr, /##\[/, args.join(' '));
    t.regex(stdout + stderr, /# #\[stop-commands\]x/, args.join(' '));
  }
  t.regex((await run([old, next])).stdout, /##\[stop-commands\]x/);
});
