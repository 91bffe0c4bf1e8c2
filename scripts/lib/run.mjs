/** Starting other programs. No dependencies: this runs before `npm ci`. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './host.mjs';

/** A problem with one cause that the reader can act on: printed as it is, without a stack. */
export class ScriptError extends Error {}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] Working directory; the project's root by default.
 * @property {NodeJS.ProcessEnv} [env] Variables beside the present ones.
 * @property {'show' | 'tee' | 'keep'} [output] `show` passes the output on, `keep` returns it, `tee` does both. `show` by default.
 * @property {number} [timeout] Milliseconds after which the program is ended; 0 (never) by default.
 *
 * @typedef {object} RunResult
 * @property {number} code Exit status; 1 when a signal ended the program.
 * @property {string} output What it printed to both streams, unless `output` was `show`.
 * @property {boolean} timedOut
 */

/**
 * Runs a program to its end; rejects only when it cannot be started.
 * @param {readonly string[]} command Program and arguments, never seen by a shell (but `npm` on Windows, which is a script there).
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run([program = '', ...args], options = {}) {
  const { cwd = root, env, output = 'show', timeout = 0 } = options;
  const stream = output === 'show' ? 'inherit' : 'pipe';
  return new Promise((resolve, reject) => {
    /** @type {import('node:child_process').ChildProcess} */
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', stream, stream],
      shell: process.platform === 'win32' && program === 'npm',
      // A group of its own, so that a timeout ends what the program has started as well.
      detached: timeout > 0 && process.platform !== 'win32',
    });
    let text = '';
    let timedOut = false;
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      child[name]?.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (output === 'tee') process[name].write(chunk);
      });
    }
    const onTimeout = () => {
      timedOut = true;
      end(child);
    };
    const timer = timeout > 0 ? setTimeout(onTimeout, timeout) : undefined;
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new ScriptError(`cannot start ${program}: ${cause.message}`));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output: text, timedOut });
    });
  });
}

/**
 * Runs a program and throws when it fails.
 * @param {readonly string[]} command
 * @param {RunOptions} [options]
 * @returns {Promise<string>} What it printed, unless `output` was `show`.
 */
export async function mustRun(command, options) {
  const { code, output } = await run(command, options);
  if (code !== 0) {
    throw new ScriptError(`${output}${command.join(' ')} failed with status ${code}`);
  }
  return output;
}

/**
 * What a program prints, or undefined when it is missing or fails.
 * @param {readonly string[]} command
 * @returns {string | undefined}
 */
export function probe([program = '', ...args]) {
  const { status, stdout } = spawnSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Command that runs an installed npm package's program with this Node, without a shell.
 * @param {string} packageName
 * @param {string} [binName] Where the package has several programs.
 * @returns {string[]}
 */
export function tool(packageName, binName = packageName) {
  const manifest = join(root, 'node_modules', packageName, 'package.json');
  if (!existsSync(manifest)) {
    throw new ScriptError(`${packageName} is not installed: run npm ci`);
  }
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return [process.execPath, join(dirname(manifest), typeof bin === 'string' ? bin : bin[binName])];
}

/**
 * Runs a script's main function; an error becomes a message and status 1.
 * @param {() => unknown} main
 */
export async function start(main) {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof ScriptError ? `error: ${error.message}` : error);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function end(child) {
  if (process.platform === 'win32' || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
