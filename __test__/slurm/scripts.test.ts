import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { splitIntoArrays } from '../../src/cli/slurm/arrays.ts';
import { writeCombineScript, writeShardScript, type SlurmRun } from '../../src/cli/slurm/scripts.ts';
import { spellCommands, submitAll } from '../../src/cli/slurm/submission.ts';
import { ModelDiffError } from '../../src/errors.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

test('arrays hold every shard once, at indices that Slurm takes', (t) => {
  t.deepEqual(splitIntoArrays(range(64), 1001), [{ offset: 0, indices: '1-64', tasks: 64 }]);
  t.deepEqual(splitIntoArrays([3, 7, 8, 9], 1001), [{ offset: 0, indices: '3,7-9', tasks: 4 }]);
  t.deepEqual(splitIntoArrays(range(20), 9), [
    { offset: 0, indices: '1-8', tasks: 8 },
    { offset: 8, indices: '1-8', tasks: 8 },
    { offset: 16, indices: '1-4', tasks: 4 },
  ]);
  // The same places when only some are done again.
  t.deepEqual(splitIntoArrays([8, 9, 20], 9), [
    { offset: 0, indices: '8', tasks: 1 },
    { offset: 8, indices: '1', tasks: 1 },
    { offset: 16, indices: '4', tasks: 1 },
  ]);
  for (const [count, size] of [
    [1, 2],
    [1000, 1001],
    [1001, 1001],
    [5000, 1001],
  ] as const) {
    const done = splitIntoArrays(range(count), size).flatMap(({ offset, indices }) =>
      indices.split(',').flatMap((word) => {
        const [first = 0, last = first] = word.split('-').map(Number);
        t.true(first >= 1 && last < size);
        return range(last - first + 1).map((step) => offset + first + step - 1);
      }),
    );
    t.deepEqual(done, range(count));
  }
});

const RUN: SlurmRun = {
  runDir: '/shared/a run 50%/"it\'s"',
  node: '/opt/node 20/bin/node',
  cli: '/home/me/$HOME/cli.js',
  cpus: 16,
  memory: '8G',
  time: '00:30:00',
  partition: 'cpu',
  stagger: 10,
  sbatchArgs: ['--account=my group', '--exclude=node[1-3]'],
  combineArgs: ['-o', '/tmp/it is.html', '--fail-on', 'total(change) > 1%'],
};

test('scripts ask for what was asked for', (t) => {
  const shards = writeShardScript(RUN);
  for (const line of [
    '#SBATCH --job-name=model-diff',
    '#SBATCH --cpus-per-task=16',
    '#SBATCH --mem=8G',
    '#SBATCH --time=00:30:00',
    '#SBATCH --partition=cpu',
    '#SBATCH --requeue',
    '#SBATCH --signal=B:USR1@60',
    String.raw`#SBATCH "--output=/shared/a run 50%%/\"it's\"/logs/%A_%a.out"`,
    '#SBATCH "--account=my group"',
    '#SBATCH --exclude=node[1-3]',
    'sleep $((RANDOM % 10))',
  ])
    t.true(shards.includes(`${line}\n`), `${line}\n${shards}`);
  const bare = writeShardScript({ ...RUN, time: null, partition: null, stagger: 0, sbatchArgs: [] });
  t.notRegex(bare, /--time|--partition|sleep|account/u);
});

test('words of scripts arrive as they are', (t) => {
  // Both scripts with a program in the place of Node that prints its arguments.
  const folder = mkdtempSync(join(tmpdir(), "it's $HOME "));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const cli = join(folder, 'cli.cjs');
  const run = { ...RUN, node: process.execPath, cli };
  writeFileSync(cli, 'console.log(JSON.stringify(process.argv.slice(2)), process.env.MODEL_DIFF_SHARD ?? "auto")');
  // A part that the shell of the submission names is not that of every job.
  const env = { ...process.env, MODEL_DIFF_SHARD: '3/64' };
  const call = (script: string): string => execFileSync('bash', ['-c', script], { encoding: 'utf8', env }).trimEnd();
  t.is(call(writeCombineScript(run)), `${JSON.stringify(['combine', RUN.runDir, ...RUN.combineArgs])} 3/64`);
  t.is(
    call(writeShardScript({ ...run, stagger: 0 })),
    `${JSON.stringify(['--shard', 'auto', '--run-dir', RUN.runDir, '--threads', '16'])} auto`,
  );
});

test('an option with a line break is refused', (t) => {
  t.throws(() => writeShardScript({ ...RUN, sbatchArgs: ['--comment=a\nrm -rf /'] }), {
    instanceOf: ModelDiffError,
    message: /line break/u,
  });
});

const SUBMISSION = {
  shardScript: '/a run/shards.sbatch',
  combineScript: '/a run/combine.sbatch',
  arrays: splitIntoArrays(range(12), 9),
  maxParallel: 4,
};

test('the combining job waits for all arrays, which follow each other where tasks are limited', async (t) => {
  t.deepEqual(await spellCommands(SUBMISSION), [
    "job1=$(sbatch --parsable --array=1-8%4 '/a run/shards.sbatch' 0)",
    "job2=$(sbatch --parsable --array=1-4%4 --dependency=afterany:$job1 '/a run/shards.sbatch' 8)",
    "job3=$(sbatch --parsable --dependency=afterany:$job1:$job2 --kill-on-invalid-dep=yes '/a run/combine.sbatch')",
  ]);
  t.deepEqual(
    (await spellCommands({ ...SUBMISSION, maxParallel: null }))[1],
    "job2=$(sbatch --parsable --array=1-4 '/a run/shards.sbatch' 8)",
  );
});

test('a submission that fails half-way says what is in the queue', async (t) => {
  let calls = 0;
  const error = await t.throwsAsync(
    submitAll(SUBMISSION, () => {
      calls += 1;
      return calls === 2
        ? Promise.reject(new ModelDiffError('sbatch failed: no account', { kind: 'Io', code: 'E_IO' }))
        : Promise.resolve(`${calls}`);
    }),
    { instanceOf: ModelDiffError },
  );
  t.is(error.message, 'sbatch failed: no account; before that 1 job went into the queue: 1');
  t.is(error.hint, 'scancel 1 takes back what is queued');
});
