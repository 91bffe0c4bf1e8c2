import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** The program as it is installed. */
export const BIN: string = join(ROOT, 'dist', 'cli.js');

/** A checkpoint of examples/tiny-gpt. */
export function example(name: string): string {
  return join(ROOT, 'examples', 'tiny-gpt', name);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Called with everything that stderr has said so far, and a way to signal. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called when the program has been started, with a way to signal. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with every chunk of stdout. */
  readonly onStdout?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Milliseconds after which SIGINT is sent. */
  readonly interruptAfter?: number;
  /** Closes stdout after the first chunk, as `head` does. */
  readonly closeStdout?: boolean;
  /** Closes stdout before anything is written. */
  readonly closedStdout?: boolean;
  /** Closes stderr after the first chunk. */
  readonly closeStderr?: boolean;
}

/** Runs the real program, with nothing of the caller's own environment that colours or hides. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  if (!existsSync(BIN)) throw new Error(`${BIN} is not built: npm run build`);
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    options.onStdout?.((signal) => child.kill(signal));
    if (options.closeStdout === true) child.stdout.destroy();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    options.onStderr?.(stderr, (signal) => child.kill(signal));
    if (options.closeStderr === true) child.stderr.destroy();
  });
  if (options.closedStdout === true) child.stdout.destroy();
  options.onStart?.((signal) => child.kill(signal));
  if (options.interruptAfter !== undefined) setTimeout(() => child.kill('SIGINT'), options.interruptAfter).unref();
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A folder that is gone after the tests. */
export function makeFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'model-diff-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
