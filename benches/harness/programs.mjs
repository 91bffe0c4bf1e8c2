/** Programs that are measured, each in a process of its own. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/host.mjs';
import { mustRun, ScriptError } from '../../scripts/lib/run.mjs';
import { onInterrupt } from './disk.mjs';

/**
 * @typedef {object} Measured
 * @property {number} seconds What the program says itself, else as `process_seconds`.
 * @property {number} process_seconds From its start to its end.
 * @property {number | null} peak_bytes
 * @property {number | null} peak_anonymous_bytes
 * @property {number | null} minor_faults
 * @property {number | null} major_faults
 * @property {Record<string, any>} told The JSON object that it printed; empty where it printed none.
 */

/** A program that failed or took too long. */
export class ProgramError extends Error {}

/** @type {Promise<string> | undefined} */
let built;

/** Path of `cargo bench -p diff-core --bench kernels`, built at first use. */
export function benchProgram() {
  built ??= build();
  return built;
}

async function build() {
  console.log('building the benchmark program (some minutes the first time) ...');
  const command = [
    'cargo',
    'bench',
    '-p',
    'diff-core',
    '--bench',
    'kernels',
    '--no-run',
    '--message-format=json-render-diagnostics',
  ];
  const output = await mustRun(command, { output: 'keep' });
  for (const line of output.split('\n').filter((line) => line.startsWith('{'))) {
    const { reason, target, executable } = JSON.parse(line);
    if (reason === 'compiler-artifact' && target.name === 'kernels' && executable) return executable;
  }
  throw new ScriptError('cargo did not say where it built the benchmark program');
}

/**
 * Runs a program to its end and measures it.
 * @param {readonly string[]} command
 * @param {{ limit?: number, env?: Record<string, string> }} [options] Seconds after which it is ended, 600 by default; variables.
 * @returns {Promise<Measured>}
 */
export async function measure(command, { limit = 600, env = {} } = {}) {
  const report = join(root, `target/bench-report-${process.pid}.json`);
  const output = await runProgram(await benchProgram(), ['measure', String(limit), report, ...command], env);
  const { seconds, status, timed_out: timedOut, ...rest } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  if (timedOut) throw new ProgramError(`ended after ${limit} s`);
  if (status !== 0) throw new ProgramError(output.error.trim().split('\n').at(-1) || `status ${status}`);
  const told = readLines(output.text).at(-1) ?? {};
  return { seconds: told.seconds ?? seconds, process_seconds: seconds, ...rest, told };
}

/**
 * The JSON lines that the benchmark program prints.
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<Record<string, any>[]>}
 */
export async function bench(args, env = {}) {
  const { text, error, status } = await runProgram(await benchProgram(), args, env);
  if (status !== 0) throw new ProgramError(error.trim().split('\n').at(-1) || `status ${status}`);
  return readLines(text);
}

/** A program of benches/programs in Node. @param {string} name @param {readonly string[]} args */
export function nodeProgram(name, args) {
  return [process.execPath, join(root, 'benches/programs', name), ...args];
}

/** @param {string} text @returns {Record<string, any>[]} */
function readLines(text) {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/**
 * Runs a program in a group of its own, which is ended as a whole when the benchmarks are.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<{ text: string, error: string, status: number | null }>}
 */
export function runProgram(file, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    const forget = onInterrupt(() => {
      try {
        process.kill(process.platform === 'win32' ? (child.pid ?? 0) : -(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    });
    let [text, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (error = (error + chunk).slice(-100_000)));
    child.on('error', (cause) => {
      forget();
      reject(new ScriptError(`cannot start ${file}: ${cause.message}`));
    });
    child.on('close', (status) => {
      forget();
      resolve({ text, error, status });
    });
  });
}
