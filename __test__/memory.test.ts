/** Memory that does not grow with the checkpoints: what was read of a map is released behind the reader. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';

import { writeHoles } from './helpers/holes.ts';
import { makeFolder } from './helpers/safetensors.ts';

const PROGRAM = `
  import { compareCheckpoints } from 'model-diff';
  const [, old, newer, threads] = process.argv;
  await compareCheckpoints(old, newer, { threads: Number(threads) });
  process.stdout.write(String(process.resourceUsage().maxRSS));`;

/** Elements of each of eight tensors: two files of 512 MiB. */
const ELEMENTS = 2 ** 24;

const folder = makeFolder();
const files = ['old', 'new'].map((side) => join(folder, side));

test.before(() => {
  for (const file of files)
    writeHoles(
      file,
      'F32',
      Array.from({ length: 8 }, (_, at) => [`w${at}`, ELEMENTS] as const),
    );
});

test.after.always(() => rmSync(folder, { recursive: true, force: true }));

// Maps are used on Linux only.
const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

for (const threads of [1, 2]) {
  onLinux(`a GiB through maps is not resident at once, ${threads} at a time`, (t) => {
    const args = ['--input-type=module', '-e', PROGRAM, ...files, String(threads)];
    const env = { ...process.env, MODEL_DIFF_IO: 'mmap' };
    const peak = Number(execFileSync(process.execPath, args, { cwd: import.meta.dirname, env, encoding: 'utf8' })) / 1024;
    t.true(peak > 20 && peak < 400, `${peak} MiB`);
    t.log(`${peak.toFixed(0)} MiB`);
  });
}
