/** An abort rejects within 50 ms, whatever is running: one giant tensor, 100,000 tiny ones, a header that is being read. */
import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';
import type { Checkpoint } from 'model-diff';

import { writeHoles } from './helpers/holes.ts';
import { openFiles } from './helpers/open-files.ts';
import { makeFolder } from './helpers/safetensors.ts';

/** The longest that the best of a few tries may take. Others may be longer where the machine is busy. */
const MOST_MS = 50;
/** When a run is aborted, in milliseconds after its start: some of them fall into its middle, on any machine. */
const DELAYS = [5, 10, 20, 40, 80, 160, 320];

const folder = makeFolder();
const file = (name: string): string => join(folder, `${name}.safetensors`);
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test.before(() => {
  const tiny = Array.from({ length: 100_000 }, (_, at) => [`model.layers.${at}.mlp.down_proj.weight`, 1024] as const);
  for (const side of ['old', 'new']) {
    writeHoles(file(`giant-${side}`), 'F32', [['w', 2 ** 26]]);
    writeHoles(file(`tiny-${side}`), 'F32', tiny);
  }
});

/** Aborts runs in their middle and measures until they reject. */
async function measure(t: ExecutionContext, start: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  for (const delay of DELAYS) {
    const controller = new AbortController();
    const reason = new Error(`enough after ${delay} ms`);
    let aborted = 0;
    const run = start(controller.signal);
    // Only now: the plan is made before the first chance to abort.
    const timer = setTimeout(() => {
      aborted = performance.now();
      controller.abort(reason);
    }, delay);
    const outcome = await run.then(
      () => 'done',
      (error: unknown) => error,
    );
    const ended = performance.now();
    clearTimeout(timer);
    // A run that was faster than its abort tells nothing.
    if (aborted === 0 || outcome === 'done') continue;
    t.is(outcome, reason);
    took.push(ended - aborted);
  }
  t.log(took.map((ms) => `${ms.toFixed(1)} ms`).join(', '));
  t.true(took.length > 0, 'no run was aborted in its middle');
  t.true(Math.min(...took) < MOST_MS, `${Math.min(...took)} ms from the abort to the rejection`);
}

async function openBoth(kind: string): Promise<[Checkpoint, Checkpoint]> {
  return [await loadCheckpoint(file(`${kind}-old`)), await loadCheckpoint(file(`${kind}-new`))];
}

for (const kind of ['giant', 'tiny']) {
  for (const precision of ['fast', 'double'] as const) {
    test.serial(`diff (${kind}, ${precision})`, async (t) => {
      const [old, newer] = await openBoth(kind);
      await measure(t, (signal) => new ModelDiff({ threads: 1, precision, histogram: 'exact' }).diff(old, newer, { signal }));
    });
  }

  test.serial(`computeStats (${kind})`, async (t) => {
    const [checkpoint] = await openBoth(kind);
    await measure(t, (signal) => checkpoint.computeStats(undefined, { signal, threads: 1 }));
  });

  test.serial(`loadCheckpoint with statistics (${kind})`, async (t) => {
    await measure(t, (signal) => loadCheckpoint(file(`${kind}-old`), { computeStats: true, signal }));
  });
}

for (const as of ['f32', 'f64', 'raw'] as const) {
  test.serial(`getTensor of one giant tensor as ${as}`, async (t) => {
    const [checkpoint] = await openBoth('giant');
    await measure(t, (signal) => checkpoint.getTensor('w', { as, signal }));
  });
}

test.serial('loadCheckpoint in the middle of a long header', async (t) => {
  await measure(t, (signal) => loadCheckpoint(file('tiny-old'), { signal }));
});

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

onLinux('what is opened after the abort is closed again', async (t) => {
  // A name of its own: what other tests opened is closed when the garbage is collected.
  linkSync(file('tiny-old'), file('aborted'));
  const isOpen = (): boolean => openFiles().includes(file('aborted'));
  const controller = new AbortController();
  const loading = loadCheckpoint(file('aborted'), { signal: controller.signal });
  const deadline = performance.now() + 10_000;
  while (!isOpen() && performance.now() < deadline) await sleep(1);
  t.true(isOpen());
  controller.abort();
  const error = await loading.catch((reason: unknown) => reason);
  t.is((error as DOMException).name, 'AbortError');
  while (isOpen() && performance.now() < deadline) await sleep(10);
  t.false(isOpen());
});
