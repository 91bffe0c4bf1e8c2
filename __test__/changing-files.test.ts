/** Files that are changed by others while they are compared: an error that names the file, and Node stays alive. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { writeHoles } from './helpers/holes.ts';
import { makeFolder } from './helpers/safetensors.ts';

const runFile = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'helpers/change-while-comparing.mjs');
/** Enough for a second or so: integers of 64 bits beside floats are compared one by one. */
const ELEMENTS = 2 ** 24;
/** A run that has not ended by then hangs. */
const LIMIT_MS = 100_000;

interface Answer {
  readonly results: readonly { readonly outcome: string; readonly mapped: boolean | null }[];
  readonly earlier: { readonly outcome: string; readonly mapped: boolean | null } | null;
  readonly delivered: boolean | null;
}

const folder = makeFolder();
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;

/** New files for a number of comparisons. */
function makePairs(count: number): [string, string][] {
  const own = join(folder, String(folders++));
  mkdirSync(own);
  return Array.from({ length: count }, (_, at) => {
    const [old, newer] = [join(own, `old-${at}.safetensors`), join(own, `new-${at}.safetensors`)];
    writeHoles(old, 'I64', [['w', ELEMENTS]]);
    writeHoles(newer, 'F64', [['w', ELEMENTS]]);
    return [old, newer];
  });
}

async function run(way: string, input: object): Promise<Answer> {
  const { stdout } = await runFile(process.execPath, [SCRIPT, JSON.stringify(input)], {
    env: { ...process.env, NODE_OPTIONS: '', MODEL_DIFF_IO: way },
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(stdout) as Answer;
}

const onLinux = process.platform === 'linux';
/** Windows lets nobody replace a file that is open. */
const changes = process.platform === 'win32' ? ['truncate', 'overwrite'] : ['truncate', 'replace', 'overwrite'];

for (const way of ['mmap', 'pread']) {
  for (const change of changes) {
    test.serial(`${change} in the main thread and in two workers at once (${way})`, async (t) => {
      const pairs = makePairs(3);
      const { results } = await run(way, { pairs, change });
      t.deepEqual(
        results,
        pairs.map(([, path]) => ({ outcome: `E_FILE_CHANGED ${path}`, mapped: onLinux && way === 'mmap' })),
      );
    });
  }
}

const withSignals = onLinux ? test.serial : test.serial.skip;

withSignals("a host's SIGBUS handler that was there before is called for what is not ours", async (t) => {
  const pairs = makePairs(2);
  const { results, delivered } = await run('mmap', { pairs, change: 'truncate', handler: 'before' });
  t.deepEqual(
    results,
    pairs.map(([, path]) => ({ outcome: `E_FILE_CHANGED ${path}`, mapped: true })),
  );
  t.true(delivered);
});

withSignals("a host's SIGBUS handler that comes after ours stays, and no file is mapped any more", async (t) => {
  const pairs = makePairs(3);
  const { results, earlier, delivered } = await run('mmap', { pairs, change: 'truncate', handler: 'after' });
  t.deepEqual(earlier, { outcome: 'compared', mapped: true });
  t.deepEqual(
    results,
    pairs.slice(0, 2).map(([, path]) => ({ outcome: `E_FILE_CHANGED ${path}`, mapped: false })),
  );
  t.true(delivered);
});
