/** The example programs on the example checkpoints. Their types are checked beside those of the declarations. */
import { execFile } from 'node:child_process';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';
import { compare, parseReport, renderReport } from 'model-diff';

import { findFaults } from '../examples/ci-gate.ts';
import { tabulate } from '../examples/custom-report.ts';
import { follow } from '../examples/follow-training.ts';
import { checkFreeze } from '../examples/freeze-check.ts';
import { train } from '../examples/snapshots.ts';
import { makeFolder } from './helpers/safetensors.ts';

const runFile = promisify(execFile);
const examples = join(import.meta.dirname, '../examples');
const model = (name: string): string => join(examples, 'tiny-gpt', name);

/** Runs an example as its header says. */
async function run(
  name: string,
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const command = ['--import=tsx', join(examples, name), ...args];
  return runFile(process.execPath, command).then(
    (printed) => ({ code: 0, ...printed }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

test('the gate lets a fine-tune pass, and neither NaN, nor a large change, nor half a model', async (t) => {
  t.deepEqual(await findFaults(model('base'), model('sft')), []);
  t.regex(
    (await findFaults(model('base'), model('sft'), ['change>5%'])).join('\n'),
    /^change>5%: 32 of 57 tensors, up to 7\.2%; model\.\S+ 7\.2%; /u,
  );
  t.regex(
    (await findFaults(model('base'), model('diverge-6'))).join('\n'),
    /^nan: new NaN or Inf in 57 of 57 tensors; model\.\S+ 4,160 NaN; /mu,
  );
  const part = join(makeFolder(), 'part');
  cpSync(model('sft-sharded'), part, { recursive: true });
  const whole = await findFaults(model('base'), join(part, 'model-00001-of-00002.safetensors'));
  t.regex(whole.join('\n'), /^coverage<100%: \d\d(?:\.\d)?% of the elements were compared$/mu);
});

test('the gate as a program', async (t) => {
  t.deepEqual(await run('ci-gate.ts', model('base'), model('sft')), { code: 0, stdout: '', stderr: '' });
  const { code, stderr } = await run('ci-gate.ts', model('base'), model('diverge-6'));
  t.is(code, 1);
  t.regex(stderr, /NaN/u);
});

test('the follower takes checkpoints as they appear, waits for one that is being written, and ends with its signal', async (t) => {
  const folder = makeFolder();
  const controller = new AbortController();
  const write = (step: number, name: string): void => {
    cpSync(model(name), join(folder, 'writing'), { recursive: true });
    renameSync(join(folder, 'writing'), join(folder, `step-${step}`));
  };
  write(1, 'diverge-1');
  write(2, 'diverge-2');
  const seen: string[][] = [];
  for await (const { checkpoints, steps } of follow(folder, { interval: 20, signal: controller.signal })) {
    seen.push(checkpoints.map(({ name }) => name));
    t.is(steps.length, checkpoints.length - 1);
    if (checkpoints.length === 2) {
      // Half of a checkpoint: its header promises more than there is.
      cpSync(model('diverge-3'), join(folder, 'step-10'), { recursive: true });
      writeFileSync(join(folder, 'step-10/model.safetensors'), '\u0010');
      setTimeout(() => {
        rmSync(join(folder, 'step-10'), { recursive: true });
        write(10, 'diverge-3');
      }, 100);
    } else {
      controller.abort();
    }
  }
  t.deepEqual(seen, [
    ['step-1', 'step-2'],
    ['step-1', 'step-2', 'step-10'],
  ]);
});

test('500 snapshots of a training loop, and the tensor that moved most in each', async (t) => {
  const weights = {
    still: { data: new Float32Array(1000).fill(1), shape: [1000] },
    moving: { data: new Float32Array(1000).fill(1), shape: [10, 100] },
  };
  const steps: [number, string][] = [];
  await train(
    weights,
    500,
    ({ moving }) => moving?.data.set(moving.data.map((value) => value * 1.01)),
    (step, tensor, change) => {
      steps.push([step, tensor]);
      t.true(Math.abs(change - 0.01) < 1e-5, `${change}`);
    },
  );
  t.deepEqual(
    steps,
    Array.from({ length: 500 }, (_, at) => [at + 1, 'moving'] as [number, string]),
  );
});

test('the snapshots as a program: 625 MB pass through it', async (t) => {
  const { code, stdout } = await run('snapshots.ts');
  t.is(code, 0);
  t.is(stdout.trim().split('\n').at(-1), 'step 500: head moved by 0.10%');
});

test('a report of our own is the same of a comparison that was saved', async (t) => {
  const comparison = await compare(model('base'), model('layer-decay'));
  const table = tabulate(comparison);
  t.regex(
    table,
    /^# base to layer-decay\n\n.+\n\n\| block \| attention \| mlp \| norm \|\n\| --- \| --: \| --: \| --: \|\n\| 0 \| 1\.\d{3}% /u,
  );
  t.is(table.trim().split('\n').length, 12);
  t.is(tabulate(parseReport(renderReport(comparison, { format: 'json' }))), table);
});

test('the freeze check names what thawed and what was not trained', async (t) => {
  const frozen = ['model.{embed_tokens,layers.[0-2]}.*'];
  t.deepEqual(await checkFreeze(model('base'), model('frozen-bottom'), frozen), { thawed: [], untrained: [] });
  const { thawed, untrained } = await checkFreeze(model('base'), model('frozen-bottom'), ['model.layers.[0-3].*']);
  t.true(thawed.length === 9 && thawed.every((name) => name.startsWith('model.layers.3.')), thawed.join(' '));
  t.deepEqual(untrained, ['model.embed_tokens.weight']);
  await t.throwsAsync(checkFreeze(model('base'), model('frozen-bottom'), ['layer.*']), { message: 'no tensor matches layer.*' });
});
