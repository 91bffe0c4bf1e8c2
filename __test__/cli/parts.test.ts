/** plan, --shard, status and combine as they are called: by hand, by schedulers, again after a crash. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Ended, example, makeFolder, ROOT, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const BASE = example('base');
const TUNED = example('sft');

let runs = 0;
const nextRun = (): string => join(folder.path, `run-${(runs += 1)}`);

/** A run of some parts, all of them compared but those. */
async function compareParts(count: number, without: readonly number[] = []): Promise<string> {
  const directory = nextRun();
  await run(['plan', BASE, TUNED, '-n', String(count), '-o', directory]);
  for (let part = 1; part <= count; part += 1)
    if (!without.includes(part)) await run(['--shard', `${part}/${count}`, '--run-dir', directory, '-q']);
  return directory;
}

test('plan, a shard each, status, combine', async (t) => {
  const directory = nextRun();
  const planned = await run(['plan', BASE, TUNED, '-n', '3', '-o', directory]);
  t.is(planned.code, 0);
  t.regex(planned.stdout, /^Planned 3 parts of at most \d+(\.\d)? kB, 477 kB in all\.\n\n/);
  t.is((await run(['status', directory])).code, 1);
  for (const part of [3, 1, 2]) {
    const { code, stdout, stderr } = await run(['--shard', `${part}/3`, '--run-dir', directory]);
    t.is(code, 0);
    t.is(stdout, '');
    t.regex(stderr, new RegExp(`^Part ${part} of 3: compared .* kB in .*: .*0000${part}-of-00003\\.mdp\n$`));
  }
  const again = await run(['--shard', '2', '--run-dir', directory]);
  t.is(again.code, 0);
  t.regex(again.stderr, /^Part 2 of 3 is already complete: /);
  const status = await run(['status', directory]);
  t.is(status.code, 0);
  t.regex(status.stdout, /^3 of 3 parts done, 477 kB of 477 kB \(100%\)\nnext: model-diff combine /);
  const combined = await run(['combine', directory]);
  t.is(combined.code, 0);
  t.regex(combined.stderr, /^Combined .*: 57 tensors, 477 kB, in .*\.\n$/);
});

test('combine has every form of report, with the bytes of the single run', async (t) => {
  const directory = await compareParts(4);
  for (const format of ['text', 'json', 'html', 'markdown', 'csv', 'jsonl', 'metrics', 'github']) {
    const flags = ['-f', format, '--no-provenance'];
    const [parts, whole] = await Promise.all([run(['combine', directory, ...flags]), run([BASE, TUNED, ...flags])]);
    t.is(parts.code, 0);
    t.is(parts.stdout, whole.stdout, format);
  }
  const flags = ['--json', '--no-provenance', '--histogram', '--include-unchanged'];
  t.is((await run(['combine', directory, ...flags])).stdout, (await run([BASE, TUNED, ...flags])).stdout);
  const file = join(folder.path, 'report.html');
  t.is((await run(['combine', directory, '-o', file, '-q'])).code, 0);
  t.true(readFileSync(file, 'utf8').startsWith('<!doctype html>'));
});

test('combine has the gates of the single run', async (t) => {
  const directory = await compareParts(2);
  for (const flags of [
    ['--fail-on', 'change>0.1%'],
    ['--exit-code'],
    ['--fail-on', 'nan'],
    ['--fail-on', 'change>1%@no.such*'],
  ]) {
    const all = [...flags, '--no-provenance'];
    const [parts, whole] = await Promise.all([run(['combine', directory, ...all]), run([BASE, TUNED, ...all])]);
    t.is(parts.code, whole.code, flags.join(' '));
    t.is(parts.stdout, whole.stdout);
  }
});

test('a shard makes the plan where there is none, and is held against one that is there', async (t) => {
  const directory = nextRun();
  const flags = ['--run-dir', directory];
  t.is((await run([BASE, TUNED, '--shard', '2/2', ...flags, '--threshold', '0.001'])).code, 0);
  const other = await run([BASE, TUNED, '--shard', '1/2', ...flags]);
  t.is(other.code, 2);
  t.regex(other.stderr, /E_PLAN_MISMATCH.*planned with 0\.001 for --threshold, not its default/);
  t.regex((await run([BASE, TUNED, '--shard', '1/3', ...flags])).stderr, /planned 2 parts, not 3/);
  const fixed = await run(['--shard', '1/2', ...flags, '--threshold', '0.001']);
  t.is(fixed.code, 2);
  t.regex(fixed.stderr, /--threshold is what a plan fixes/);
  t.is((await run(['--shard', '1/2', ...flags])).code, 0);
  const [parts, whole] = await Promise.all([
    run(['combine', directory, '--json', '--no-provenance']),
    run([BASE, TUNED, '--threshold', '0.001', '--json', '--no-provenance']),
  ]);
  t.is(parts.stdout, whole.stdout);
});

test('how many parts there are is what the plan says', async (t) => {
  const directory = nextRun();
  await run(['plan', BASE, TUNED, '-n', '3', '-o', directory]);
  t.is((await run([BASE, TUNED, '--shard', '2', '--run-dir', directory])).code, 0, 'with both checkpoints too');
  for (const args of [
    ['--shard', '1/4'],
    ['--shard', '1', '-n', '4'],
  ]) {
    const { code, stderr } = await run([...args, '--run-dir', directory]);
    t.is(code, 2);
    t.regex(
      stderr,
      /E_PLAN_MISMATCH\]: the plan of .* has 3 parts, not 4\nhint: number the parts 1 to 3, or plan again in another folder\n/,
    );
  }
  t.deepEqual(readdirSync(join(directory, 'parts')), ['00002-of-00003.mdp']);
});

test('checkpoints without a name in common are not planned, with what the single run says', async (t) => {
  const [old, newer] = ['net.a', 'a'].map((name) =>
    writeSafetensors(join(folder.path, `only-${name}.safetensors`), [{ name, shape: [2], values: [1, 2] }]),
  ) as [string, string];
  const told = (text: string): string => text.replace(/, run: model-diff .* --no-auto-prefix /, ', run: … ');
  const whole = await run([old, newer, '-q', '--no-auto-prefix']);
  t.regex(told(whole.stderr), /^error\[E_NO_COMMON_TENSORS\].*\nhint: to match 1 of them, run: … --strip-prefix-old net\.\n$/);
  const directory = nextRun();
  const plan = ['plan', old, newer, '-n', '2', '-o', directory, '--no-auto-prefix'];
  for (const args of [plan, [old, newer, '--shard', '1/2', '--run-dir', directory, '--no-auto-prefix']]) {
    const { code, stderr } = await run(args);
    t.is(code, 2);
    t.is(told(stderr), told(whole.stderr));
  }
  t.false(existsSync(directory));
  t.is((await run([...plan, '--strip-prefix-old', 'net.'])).code, 0, 'as the hint says');
});

test('a checkpoint and an adapter at other paths than those of the plan', async (t) => {
  const root = join(folder.path, 'with-adapter');
  const fixture = (name: string): string => join(ROOT, '__test__/fixtures/adapters', name);
  const copy = { recursive: true, preserveTimestamps: true };
  cpSync(fixture('base/f32'), join(root, 'base'), copy);
  cpSync(fixture('plain/adapter'), join(root, 'adapter'), copy);
  const directory = nextRun();
  await run(['plan', 'base', 'base', '--adapter-new', 'adapter', '-n', '1', '-o', directory], { cwd: root });
  const moved = join(folder.path, 'with-adapter-now');
  renameSync(root, moved);
  mkdirSync(root);
  const flags = ['--old', join(moved, 'base'), '--new', join(moved, 'base'), '--adapter-new', join(moved, 'adapter')];
  t.is((await run(['--shard', '1', '--run-dir', directory, ...flags])).code, 0);
  const combined = await run(['combine', directory, ...flags, '--json', '--no-provenance']);
  const whole = await run(['base', 'base', '--adapter-new', 'adapter', '--json', '--no-provenance'], { cwd: moved });
  t.is(combined.stdout, whole.stdout);
  for (const [args, words] of [
    [[BASE, TUNED, '--old', BASE], /--old needs --shard/],
    [
      [BASE, TUNED, '--shard', '1/1', '--run-dir', directory, '--new', BASE],
      /--new says where a checkpoint of a plan lies, and both are named already/,
    ],
  ] as const) {
    const { code, stderr } = await run(args);
    t.is(code, 2);
    t.regex(stderr, words);
  }
});

test('the configuration of the working directory is planned, and its rules hold what is combined', async (t) => {
  const cwd = join(folder.path, 'configured');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'model-diff.config.json'), JSON.stringify({ exclude: ['*norm*'], fail_on: ['change>0.1%'] }));
  t.is((await run(['plan', BASE, TUNED, '-n', '1', '-o', 'run'], { cwd })).code, 0);
  t.is((await run(['--shard', 'auto', '--run-dir', 'run'], { cwd, env: { TEST_SHARD_INDEX: '0' } })).code, 0);
  const combined = await run(['combine', 'run', '--json', '--no-provenance'], { cwd });
  t.is(combined.code, 1);
  t.is(combined.stdout, (await run([BASE, TUNED, '--json', '--no-provenance'], { cwd })).stdout);
});

test('auto takes the index from the scheduler', async (t) => {
  const directory = nextRun();
  await run(['plan', BASE, TUNED, '-n', '5', '-o', directory]);
  const none = {
    MODEL_DIFF_SHARD: '',
    MODEL_DIFF_SHARD_OFFSET: '',
    SLURM_ARRAY_TASK_ID: '',
    JOB_COMPLETION_INDEX: '',
    AWS_BATCH_JOB_ARRAY_INDEX: '',
    CI_NODE_INDEX: '',
    BATCH_TASK_INDEX: '',
    TEST_SHARD_INDEX: '',
  };
  const auto = (env: NodeJS.ProcessEnv): Promise<Ended> =>
    run(['--shard', 'auto', '--run-dir', directory], { env: { ...none, ...env } });
  for (const [env, part] of [
    [{ MODEL_DIFF_SHARD: '2/5', SLURM_ARRAY_TASK_ID: '4' }, 2],
    [{ MODEL_DIFF_SHARD: '2' }, 2],
    [{ SLURM_ARRAY_TASK_ID: '4', JOB_COMPLETION_INDEX: '0', SLURM_ARRAY_TASK_COUNT: '2' }, 4],
    [{ SLURM_ARRAY_TASK_ID: '1', MODEL_DIFF_SHARD_OFFSET: '4' }, 5],
    [{ JOB_COMPLETION_INDEX: '0', AWS_BATCH_JOB_ARRAY_INDEX: '3' }, 1],
    [{ AWS_BATCH_JOB_ARRAY_INDEX: '2' }, 3],
    [{ CI_NODE_INDEX: '3', BATCH_TASK_INDEX: '0' }, 3],
    [{ BATCH_TASK_INDEX: '4' }, 5],
    [{ TEST_SHARD_INDEX: '1' }, 2],
  ] as const) {
    const { code, stderr } = await auto(env);
    t.is(code, 0, stderr);
    t.true(stderr.startsWith(`Part ${part} of 5`), JSON.stringify(env));
  }
  for (const [env, words] of [
    [{}, /no scheduler says which part this is/],
    [{ SLURM_ARRAY_TASK_ID: '0' }, /SLURM_ARRAY_TASK_ID: expected a whole number from 1, found "0"/],
    [{ SLURM_ARRAY_TASK_ID: '6' }, /part 6 does not exist: the plan has 5/],
    [{ JOB_COMPLETION_INDEX: '-1' }, /JOB_COMPLETION_INDEX: expected a whole number from 0/],
    [{ MODEL_DIFF_SHARD: '3 of 5' }, /MODEL_DIFF_SHARD: expected the number of a part/],
    [{ SLURM_ARRAY_TASK_ID: '1', MODEL_DIFF_SHARD_OFFSET: 'x' }, /MODEL_DIFF_SHARD_OFFSET: expected/],
  ] as const) {
    const { code, stderr } = await auto(env);
    t.is(code, 2);
    t.regex(stderr, words);
  }
});

test('a shard ends with 0 whatever it found, and how often its job was started is kept', async (t) => {
  const [old, newer] = [1, Number.NaN].map((value, at) =>
    writeSafetensors(join(folder.path, `nan-${at}.safetensors`), [{ name: 'w', shape: [2], values: [1, value] }]),
  ) as [string, string];
  const directory = nextRun();
  const env = { SLURM_RESTART_COUNT: '2' };
  const shard = await run([old, newer, '--shard', '1/1', '--run-dir', directory], { env });
  t.is(shard.code, 0);
  const header = readFileSync(join(directory, 'parts/00001-of-00001.mdp'), 'latin1').split('\n')[0] ?? '';
  t.like(JSON.parse(header), { part: 1, of: 1, attempt: 2 });
  t.is((await run(['combine', directory, '--fail-on', 'nan', '-q'])).code, 1);
});

test('a crash leaves no half part, and its part is all that is compared again', async (t) => {
  const directory = await compareParts(3, [2]);
  const crashed = await run(['--shard', '2', '--run-dir', directory], { env: { MODEL_DIFF_TEST_CRASH: 'shard:2' } });
  t.is(crashed.code, 1);
  const parts = join(directory, 'parts');
  const left = readdirSync(parts);
  t.false(left.includes('00002-of-00003.mdp'));
  t.true(left.some((name) => name.startsWith('.tmp-')));
  const status = await run(['status', directory]);
  t.is(status.code, 1);
  t.regex(status.stdout, /^2 of 3 parts done/);
  t.regex(status.stdout, /\nmissing: 2\nbegun:\n {2}part 2: .* of .* on /);
  const combined = await run(['combine', directory]);
  t.is(combined.code, 2);
  t.regex(combined.stderr, /E_MISSING_PART\]: 1 of 3 parts cannot be combined: missing 2\n/);
  const [, rerun = ''] = /run: model-diff (.*); --allow-partial/.exec(combined.stderr) ?? [];
  const times = ['00001', '00003'].map((name) => statSync(join(parts, `${name}-of-00003.mdp`)).mtimeMs);
  t.is((await run(rerun.split(' '))).code, 0);
  t.is((await run(['combine', directory, '-q'])).code, 0);
  t.deepEqual(
    ['00001', '00003'].map((name) => statSync(join(parts, `${name}-of-00003.mdp`)).mtimeMs),
    times,
  );
});

test('--allow-partial reports what is there, and ends with 2', async (t) => {
  const directory = await compareParts(3, [2]);
  const { code, stdout, stderr } = await run(['combine', directory, '--allow-partial']);
  t.is(code, 2);
  t.regex(stdout.split('\n')[1] ?? '', /^INCOMPLETE: 1 of 3 parts is missing, \d+% of the bytes were not compared\./);
  t.regex(
    stderr,
    /warning: 1 of 3 parts missing or unusable, .* kB of 477 kB not compared; model-diff status .* says which and why/,
  );
  t.regex(stderr, /tensors could not be compared/);
  t.regex(stderr, /^Combined .*: 38 tensors, 318\.9 kB, in /m, 'of what is there');
});

test('Ctrl-C writes no part', async (t) => {
  const [old, newer] = ['old', 'new'].map((name) =>
    writeSafetensors(join(folder.path, `interrupted-${name}.safetensors`), [{ name: 'w', shape: [2 ** 33] }]),
  ) as [string, string];
  const directory = nextRun();
  const { signal } = await run([old, newer, '--shard', '1/1', '--run-dir', directory, '--progress', 'json'], {
    onStderr: (text, kill) => {
      if (text.includes('"compare"')) kill('SIGINT');
    },
  });
  t.is(signal, 'SIGINT');
  t.false(existsSync(join(directory, 'parts/00001-of-00001.mdp')));
  const { begun } = JSON.parse((await run(['status', directory, '--json'])).stdout) as { begun: { bytes: number }[] };
  t.is(begun.length, 1, 'how far it came is told');
  t.is(begun[0]?.bytes, 2 ** 36);
});

test('checkpoints that moved are found where the flags say', async (t) => {
  const place = join(folder.path, 'elsewhere');
  mkdirSync(place);
  for (const [name, path] of [
    ['a', BASE],
    ['b', TUNED],
  ] as const)
    cpSync(path, join(place, name), { recursive: true });
  // Whole seconds, which every copy keeps.
  for (const name of ['a', 'b'])
    for (const file of readdirSync(join(place, name))) utimesSync(join(place, name, file), 1_700_000_000, 1_700_000_000);
  const directory = nextRun();
  await run([join(place, 'a'), join(place, 'b'), '--shard', '1/1', '--run-dir', directory]);
  for (const name of ['a', 'b']) {
    cpSync(join(place, name), join(place, `${name}-moved`), { recursive: true, preserveTimestamps: true });
    rmSync(join(place, name), { recursive: true });
  }
  const gone = await run(['combine', directory]);
  t.is(gone.code, 2);
  t.regex(gone.stderr, /no such file or directory .*\nhint: it lay there when it was planned; --old says where it is now\n/);
  const part = await run(['--shard', '1', '--run-dir', directory]);
  t.regex(part.stderr, /hint: it lay there when it was planned; --old says where it is now\n/);
  const flags = ['--old', join(place, 'a-moved'), '--new', join(place, 'b-moved'), '-q'];
  for (const args of [
    ['combine', directory],
    ['--shard', '1', '--run-dir', directory],
  ]) {
    const moved = await run([...args, ...flags]);
    t.is(moved.code, 0, moved.stderr);
  }
});

for (const [words, args] of [
  [/--shard needs --run-dir/, [BASE, TUNED, '--shard', '1/2']],
  [/--run-dir needs --shard/, [BASE, TUNED, '--run-dir', 'x']],
  [/--parts needs --shard/, [BASE, TUNED, '-n', '3']],
  [/--force needs --shard/, [BASE, TUNED, '--force']],
  [/missing required argument 'new'/, [BASE]],
  [/missing required argument 'new'/, [BASE, '--shard', '1/2', '--run-dir', 'x']],
  [/--output makes no sense with --shard/, [BASE, TUNED, '--shard', '1/2', '--run-dir', 'x', '-o', 'r.html']],
  [/--fail-on makes no sense with --shard/, ['--shard', '1/2', '--run-dir', 'x', '--fail-on', 'nan']],
  [/--shard: expected the number of a part and of how many, such as 3\/64, found "3\/2"/, ['--shard', '3/2', '--run-dir', 'x']],
  [/--shard: expected/, ['--shard', '0', '--run-dir', 'x']],
  [/--headers-only has no parts/, [BASE, TUNED, '--shard', '1/2', '--run-dir', 'x', '--headers-only']],
  [/of how many parts\? --shard says only which one/, [BASE, TUNED, '--shard', '1', '--run-dir', 'x']],
  [/unknown option '--headers-only'/, ['combine', 'x', '--headers-only']],
  [/unknown option '--headers-only'/, ['submit', 'slurm', BASE, TUNED, '-n', '2', '--run-dir', 'x', '--headers-only']],
  [/--shard says 2 parts, and --parts 3/, [BASE, TUNED, '--shard', '1/2', '-n', '3', '--run-dir', 'x']],
  [/--parts is missing/, ['plan', BASE, TUNED, '-o', 'x']],
  [/--run-dir is missing/, ['plan', BASE, TUNED, '-n', '2']],
  [/from 1 to 99999/, ['plan', BASE, TUNED, '-n', '1000000000', '-o', 'x']],
  [/plan\.json does not exist/, ['status', join(folder.path, 'nothing')]],
  [/plan\.json does not exist/, ['combine', join(folder.path, 'nothing')]],
  [/lies in the checkpoint/, ['plan', BASE, TUNED, '-n', '2', '-o', join(TUNED, 'run')]],
  [/lies in the checkpoint/, [BASE, TUNED, '--shard', '1/2', '--run-dir', BASE]],
  [/cannot be read from stdin/, ['-', TUNED, '--shard', '1/2', '--run-dir', 'x']],
] as const) {
  test(`refused: ${args.join(' ')}`, async (t) => {
    const { code, stderr } = await run(args, { cwd: folder.path });
    t.is(code, 2);
    t.regex(stderr, words);
    t.false(existsSync(join(folder.path, 'x')));
  });
}
