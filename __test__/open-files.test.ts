/** Checkpoints of more shards than the process may open files: 256 on macOS, where nobody has raised it. */
import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { encodeFloats, makeFolder } from './helpers/safetensors.ts';

const SHARDS = 163;
const folder = makeFolder();
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const shardName = (at: number): string =>
  `model-${String(at + 1).padStart(5, '0')}-of-${String(SHARDS).padStart(5, '0')}.safetensors`;

/** A checkpoint of 163 shards with one tensor each, 3 times its number in every fourth place where `isNew`. */
function writeShards(name: string, isNew: boolean): string {
  const path = join(folder, name);
  mkdirSync(path);
  const map: Record<string, string> = {};
  for (let at = 0; at < SHARDS; at += 1) {
    const values = Array.from({ length: 4096 }, (_, place) => (isNew && place % 4 === 0 ? 3 * at : 0) + place);
    map[`layers.${at}.weight`] = shardName(at);
    writeFileSync(join(path, shardName(at)), encodeFloats(new Map([[`layers.${at}.weight`, values]])));
  }
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  return path;
}

/**
 * Compares two folders, with a shard replaced after both were opened where one is given, and tells the lengths of all changes, or the code
 * and the file of the error.
 */
const PROGRAM = `
  import { readdirSync, renameSync } from 'node:fs';
  import { compareCheckpoints, loadCheckpoint } from 'model-diff';
  const [, old, newer, threads, from, to] = process.argv;
  const sides = [await loadCheckpoint(old), await loadCheckpoint(newer)];
  if (from) renameSync(from, to);
  // From elsewhere too: paths that were given may be relative.
  process.chdir('/');
  try {
    const { tensors } = (await compareCheckpoints(...sides, { threads: Number(threads) })).summary;
    console.log(JSON.stringify({ lengths: [...tensors.l2Diff], errors: [...tensors.errors.values()] }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code + ' ' + error.path }));
  }`;

interface Answer {
  readonly lengths?: readonly number[];
  readonly errors?: readonly string[];
  readonly error?: string;
}

async function run(limit: number, way: string, threads: number, ...args: readonly string[]): Promise<Answer> {
  // Node raises the soft limit to the hard one, so both are set.
  const shell = ['-c', `ulimit -n ${limit} && exec "$@"`, 'sh', process.execPath, '--input-type=module', '-e', PROGRAM];
  const [old = '', newer = '', ...rest] = args;
  const { stdout } = await promisify(execFile)('sh', [...shell, old, newer, String(threads), ...rest], {
    cwd: import.meta.dirname,
    env: { ...process.env, NODE_OPTIONS: '', MODEL_DIFF_IO: way },
  });
  return JSON.parse(stdout) as Answer;
}

const onUnix = process.platform === 'win32' ? test.serial.skip : test.serial;
const [old, newer] = [writeShards('old', false), writeShards('new', true)];
const lengths = Array.from({ length: SHARDS }, (_, at) => 3 * at * 32).toSorted((a, b) => a - b);

for (const limit of [256, 64]) {
  for (const way of ['mmap', 'pread']) {
    for (const threads of [1, 8]) {
      onUnix(`two sides of ${SHARDS} shards with ${limit} open files (${way}, ${threads} threads)`, async (t) => {
        const found = await run(limit, way, threads, old, newer);
        t.deepEqual(found.errors, []);
        t.deepEqual(
          found.lengths?.toSorted((a, b) => a - b),
          lengths,
        );
      });
    }
  }
}

onUnix('paths that were given relative to a folder', async (t) => {
  const up = '../'.repeat(import.meta.dirname.split('/').length);
  const found = await run(64, 'pread', 1, join(up, old), join(up, newer));
  t.is(found.lengths?.length, SHARDS);
});

for (const way of ['mmap', 'pread']) {
  for (const limit of [64, 1024]) {
    onUnix(`a shard that is replaced before it is read, with ${limit} open files (${way})`, async (t) => {
      const [own, other] = [writeShards(`own-${way}-${limit}`, true), join(folder, `other-${way}-${limit}`)];
      // Of the same size, and the first of all, so that its descriptor has been given up by the time.
      const replaced = join(own, shardName(0));
      writeFileSync(other, encodeFloats(new Map([['layers.0.weight', Array.from({ length: 4096 }, () => 7)]])));
      t.deepEqual(await run(limit, way, 1, old, own, other, replaced), { error: `E_FILE_CHANGED ${replaced}` });
      renameSync(replaced, `${replaced}.gone`);
    });
  }
}

onUnix('the error that remains says how to raise the limit', async (t) => {
  const script = `
    import { openSync } from 'node:fs';
    import { loadCheckpoint } from 'model-diff';
    await loadCheckpoint(process.argv[1]);
    try { for (;;) openSync(process.execPath); } catch {}
    try { await loadCheckpoint(process.argv[2]); console.log('loaded'); } catch (error) { console.log(error.code, error.hint); }`;
  const args = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];
  const options = { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } };
  const single = join(old, shardName(0));
  const { stdout } = await promisify(execFile)('sh', [...args, single, newer], options);
  t.regex(stdout, /^E_IO raise the limit .*`ulimit -n 4096`/u);
});
