/** Comparisons in parts on a real Slurm of one node: every outcome of docs/scale.md. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import ava from 'ava';
import { type Ended, example, run } from '../cli/cli.ts';
import { serve } from '../helpers/server.ts';
import { encodeRaw } from '../helpers/safetensors.ts';
import { type Slurm, startSlurm } from './cluster.ts';

const started = await startSlurm().catch((error: unknown) => String(error));
const test = typeof started === 'string' ? ava.serial.skip : ava.serial;
/** Only tests that run have it. */
const slurm = started as Slurm;
const folder = mkdtempSync(join(tmpdir(), "model-diff it's 50% "));

ava('Slurm is there, or it is said why not', (t) => {
  if (typeof started === 'string') t.log(`skipped: ${started}`);
  t.pass();
});

ava.after.always(() => {
  if (typeof started !== 'string') started.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

let folders = 0;

/** Submits, waits until all is over, and tells what the job that combines had to say. */
async function submit(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly said: Ended; readonly jobs: string[]; readonly combine: string }> {
  const said = await queue(args, env);
  await slurm.drain();
  return said;
}

async function queue(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly said: Ended; readonly jobs: string[]; readonly combine: string }> {
  const said = await run(['submit', 'slurm', ...args], { env: { ...slurm.env, ...env } });
  if (said.code !== 0) throw new Error(said.stderr);
  const jobs = (/squeue -j ([\d,]+)/u.exec(said.stdout)?.[1] ?? '').split(',');
  return { said, jobs, combine: jobs.at(-1) ?? '' };
}

/** A new folder for a run, and the arguments of a submission into it that asks for little. */
function makeRun(parts: number): { readonly runDir: string; readonly report: string; readonly args: string[] } {
  const runDir = join(folder, `run ${(folders += 1)}`);
  const report = join(folder, `report ${folders}.json`);
  return {
    runDir,
    report,
    args: ['-n', `${parts}`, '--run-dir', runDir, '--cpus', '1', '--mem', '500M', '--no-provenance', '-o', report],
  };
}

const partsIn = (runDir: string): string[] => readdirSync(join(runDir, 'parts')).toSorted();
const readLog = (runDir: string, name: string): string => readFileSync(join(runDir, 'logs', name), 'utf8');

/** Two models of several types, one tensor larger than a part, NaN among the values, and what only one side has. */
function writePair(): readonly [old: string, new: string] {
  const write = (name: string, seed: number, others: readonly string[]): string => {
    const sizes = new Map([['large.weight', 5_000_000], ['small.weight', 1000], ...others.map((other) => [other, 300] as const)]);
    let [state, offset] = [seed, 0];
    const parts: Float32Array[] = [];
    const header: Record<string, unknown> = {};
    for (const [tensor, count] of sizes) {
      const values = Float32Array.from({ length: count }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state < 100 ? Number.NaN : (state / 2 ** 31 - 1) ** 7;
      });
      header[tensor] = { dtype: 'F32', shape: [count], data_offsets: [offset, (offset += count * 4)] };
      parts.push(values);
    }
    const path = join(folder, `${name}.safetensors`);
    writeFileSync(path, encodeRaw(JSON.stringify(header), Buffer.concat(parts.map((part) => Buffer.from(part.buffer)))));
    return path;
  };
  return [write('old', 1, ['gone.weight']), write('new', 7, ['come.weight'])];
}

/** Two models of holes: a comparison of many seconds for a disk of nothing. */
function writeHoles(gigabytes: number): readonly [old: string, new: string] {
  const write = (name: string): string => {
    const path = join(folder, `${name} ${gigabytes}.safetensors`);
    const tensors = Array.from({ length: 8 }, (_, at) => at);
    const each = (gigabytes * 2 ** 30) / tensors.length;
    const header = encodeRaw(
      JSON.stringify(
        Object.fromEntries(
          tensors.map((at) => [`w${at}`, { dtype: 'F32', shape: [each / 4], data_offsets: [at * each, (at + 1) * each] }]),
        ),
      ),
    );
    writeFileSync(path, header);
    truncateSync(path, header.length + each * tensors.length);
    return path;
  };
  return [write('zeros'), write('nothing')];
}

test('a report of parts is that of one process, byte for byte', async (t) => {
  t.timeout(120_000);
  const pair = writePair();
  const { runDir, report, args } = makeRun(4);
  const { jobs, combine } = await submit([...pair, ...args]);
  t.is(jobs.length, 2);
  t.deepEqual(
    [1, 2, 3, 4].map((task) => slurm.endOf(`${jobs[0] ?? ''}_${task}`)),
    ['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'],
  );
  t.is(slurm.endOf(combine), 'COMPLETED', readLog(runDir, `combine-${combine}.out`));
  const whole = join(folder, 'whole.json');
  t.is((await run([...pair, '--no-provenance', '-o', whole, '-q'])).code, 0);
  t.true(readFileSync(report).equals(readFileSync(whole)));
  t.is((await run(['status', runDir])).code, 0);
});

test('more parts than an array may have are several arrays', async (t) => {
  t.timeout(120_000);
  const { runDir, report, args } = makeRun(20);
  const { jobs } = await submit([example('base'), example('lora-merged'), ...args, '--max-parallel', '2']);
  t.is(jobs.length, 4);
  t.is(partsIn(runDir).length, 20);
  t.true(existsSync(report));
});

test('a part that crashed is named, and alone submitted again', async (t) => {
  t.timeout(120_000);
  const { runDir, report, args } = makeRun(4);
  const pair = [example('base'), example('lora-merged')];
  const first = await submit([...pair, ...args], { MODEL_DIFF_TEST_CRASH: 'shard:2' });
  t.is(slurm.endOf(`${first.jobs[0] ?? ''}_2`), 'FAILED');
  t.is(slurm.endOf(`${first.jobs[0] ?? ''}_3`), 'COMPLETED');
  // It ran though a part had failed, judged by itself, and wrote no report.
  t.is(slurm.endOf(first.combine), 'FAILED');
  t.false(existsSync(report));
  const log = readLog(runDir, `combine-${first.combine}.out`);
  t.regex(log, /1 of 4 parts cannot be combined: missing 2/u);
  const [, command = ''] = /(submit slurm --run-dir [^\n]*?) submits what is missing/u.exec(log) ?? [];
  t.true(command.includes("it'\\''s 50%"), log);

  const times = (): number[] => [1, 3, 4].map((part) => statSync(join(runDir, 'parts', `0000${part}-of-00004.mdp`)).mtimeMs);
  const before = times();
  const again = await submit(['--run-dir', runDir]);
  t.regex(again.said.stdout, /^Submitted part 2 as 1 array/u);
  t.is(slurm.endOf(again.combine), 'COMPLETED', readLog(runDir, `combine-${again.combine}.out`));
  t.deepEqual(times(), before);
  t.true(existsSync(report));
});

test('a part that is killed leaves no half', async (t) => {
  t.timeout(120_000);
  const { runDir, report, args } = makeRun(2);
  const { jobs } = await queue([...writeHoles(8), ...args]);
  await slurm.untilRunning(`${jobs[0] ?? ''}_1`);
  await untilBegun(runDir, 1);
  await slurm.call('scancel', '--signal=KILL', '--full', `${jobs[0] ?? ''}_1`);
  await slurm.drain();
  t.deepEqual(
    partsIn(runDir).filter((name) => name.endsWith('.mdp')),
    ['00002-of-00002.mdp'],
  );
  t.false(existsSync(report));
  await submit(['--run-dir', runDir]);
  t.true(existsSync(report));
});

/** Waits until a part is being compared: its first line of progress is there. */
async function untilBegun(runDir: string, part: number): Promise<void> {
  const path = join(runDir, 'progress', `0000${part}.json`);
  for (let round = 0; round < 300 && !existsSync(path); round += 1) await wait(100);
}

test('a part that was put back into the queue comes to the same', async (t) => {
  t.timeout(180_000);
  const pair = writeHoles(8);
  const { runDir, report, args } = makeRun(2);
  const { jobs } = await queue([...pair, ...args]);
  const task = `${jobs[0] ?? ''}_1`;
  await slurm.untilRunning(task);
  await untilBegun(runDir, 1);
  await slurm.call('scontrol', 'requeue', task);
  await slurm.drain();
  t.true(existsSync(report), readLog(runDir, `combine-${jobs.at(-1) ?? ''}.out`));
  t.regex(readFileSync(join(runDir, 'parts', '00001-of-00002.mdp'), 'latin1').split('\n')[0] ?? '', /"attempt":1\b/u);
});

test('the signal before the time limit puts a part back into the queue', async (t) => {
  t.timeout(180_000);
  const pair = writeHoles(8);
  const { runDir, report, args } = makeRun(2);
  const { jobs } = await queue([...pair, ...args]);
  const task = `${jobs[0] ?? ''}_2`;
  await slurm.untilRunning(task);
  await untilBegun(runDir, 2);
  await slurm.call('scancel', '--signal=USR1', '--batch', task);
  await slurm.drain();
  t.true(existsSync(report), readLog(runDir, `combine-${jobs.at(-1) ?? ''}.out`));
  t.regex(readFileSync(join(runDir, 'parts', '00002-of-00002.mdp'), 'latin1').split('\n')[0] ?? '', /"attempt":1\b/u);
});

test('an input that was touched after the plan is an error of every part', async (t) => {
  t.timeout(120_000);
  const [old, newer] = writePair();
  const { runDir, args } = makeRun(2);
  t.is((await run(['plan', old, newer, '-n', '2', '-o', runDir])).code, 0);
  utimesSync(newer, new Date(), new Date(Date.now() + 60_000));
  const refused = await run(['submit', 'slurm', old, newer, ...args], { env: slurm.env });
  t.is(refused.code, 2);
  t.regex(refused.stderr, /E_PLAN_MISMATCH/u);
  // Of a part that is in the queue already, too.
  const part = await run(['--shard', '1/2', '--run-dir', runDir]);
  t.is(part.code, 2);
  t.regex(part.stderr, /E_PLAN_MISMATCH/u);
  mkdirSync(join(runDir, 'parts'), { recursive: true });
  t.deepEqual(partsIn(runDir), []);
});

test('a checkpoint on a server', async (t) => {
  t.timeout(120_000);
  const server = await serve(example('lora-merged'));
  t.teardown(server.close);
  const address = `${server.url}/model.safetensors`;
  const { runDir, report, args } = makeRun(2);
  const { combine } = await submit([example('base'), address, ...args]);
  t.is(slurm.endOf(combine), 'COMPLETED', readLog(runDir, `combine-${combine}.out`));
  const whole = join(folder, 'remote.json');
  await run([example('base'), address, '--no-provenance', '-o', whole, '-q']);
  t.true(readFileSync(report).equals(readFileSync(whole)));
});

test('submitting twice does no harm', async (t) => {
  t.timeout(120_000);
  const { runDir, report, args } = makeRun(4);
  const pair = [example('base'), example('lora-merged')];
  await queue([...pair, ...args]);
  await queue([...pair, ...args]);
  await slurm.drain();
  t.deepEqual(
    partsIn(runDir),
    [1, 2, 3, 4].map((part) => `0000${part}-of-00004.mdp`),
  );
  const whole = join(folder, 'tiny.json');
  await run([...pair, '--no-provenance', '-o', whole, '-q']);
  t.true(readFileSync(report).equals(readFileSync(whole)));
});
