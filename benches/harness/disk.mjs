/** Room for checkpoints: asked for before anything is written, and given back whatever happens. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ScriptError } from '../../scripts/lib/run.mjs';

/** Bytes that stay free. */
const MARGIN = 2e9;
/** Bytes above which a person at a terminal is asked first. */
const MUCH = 4e9;

/** What is to be ended before the files go. @type {Set<() => void>} */
const enders = new Set();
/** @type {Set<string>} */
const folders = new Set();

/** Calls `end` when the process is interrupted, until the function that it returns is called. @param {() => void} end */
export function onInterrupt(end) {
  enders.add(end);
  return () => enders.delete(end);
}

/**
 * Says how much will be written where, and throws where there is no room or nobody wants it.
 * @param {import('./options.mjs').Options} options
 * @param {number} bytes The most that lies there at one time.
 */
export async function reserve({ dir, yes }, bytes) {
  mkdirSync(dir, { recursive: true });
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  console.log(`writes at most ${gigabytes(bytes)} at a time below ${dir} (${gigabytes(free)} free), and removes it again`);
  if (free < bytes + MARGIN)
    throw new ScriptError(
      `not enough room in ${dir}: ${gigabytes(bytes)} and a margin of ${gigabytes(MARGIN)} are needed, ${gigabytes(free)} are free.\n` +
        'Give another folder with --dir, or less to do with --size or --max-disk.',
    );
  if (yes || bytes <= MUCH || !process.stdin.isTTY) return;
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question('Go on? [y/N] ');
  prompt.close();
  if (!/^y(es)?$/iu.test(answer.trim())) throw new ScriptError('nothing was written');
}

/** A new folder, removed when the process ends. @param {string} dir */
export function makeScratch(dir) {
  const folder = mkdtempSync(join(dir, 'model-diff-bench-'));
  folders.add(folder);
  return folder;
}

/** @param {string} folder */
export function removeScratch(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(folder);
}

/** @param {number} bytes */
export function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
}

function tidy() {
  for (const end of enders) end();
  for (const folder of folders) removeScratch(folder);
}

process.on('exit', tidy);
for (const [signal, number] of /** @type {const} */ ([
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
]))
  process.on(signal, () => {
    console.error('\ninterrupted: removing what was written');
    // 'exit' does the rest.
    process.exit(128 + number);
  });
