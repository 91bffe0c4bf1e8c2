/** What the benchmarks share: a comparison in a process of its own, and the spread of figures. */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const PROGRAM = `
  import { compareCheckpoints } from 'model-diff';
  const started = performance.now();
  await compareCheckpoints(process.argv[1], process.argv[2]);
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, peak_bytes: process.resourceUsage().maxRSS * 1024 }));`;

/**
 * Runs a command that prints {seconds, peak_bytes} as JSON.
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {{ seconds: number, peak_bytes: number }}
 */
export function runMeasured(file, args) {
  return JSON.parse(execFileSync(file, args, { encoding: 'utf8', cwd: here, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/**
 * Compares two checkpoints through the package in a new process.
 * @param {readonly string[]} paths
 */
export function compareInProcess(paths) {
  return runMeasured(process.execPath, ['--input-type=module', '-e', PROGRAM, ...paths]);
}

/** @param {readonly number[]} values */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0], median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) };
}
