import { spawn, spawnSync } from 'node:child_process';
import { measureCells } from '../../src/wording/width.ts';
import { BIN, ROOT } from './cli.ts';

// util-linux's program of this name gives another one a terminal.
const TERMINAL_MAKER = 'script';

/** Whether there is a way to a terminal here. */
export const hasTerminal: boolean = process.platform === 'linux' && spawnSync(TERMINAL_MAKER, ['--version']).status === 0;

/** Columns and rows. */
export type Size = readonly [columns: number, rows: number];

/** Runs the real program in a terminal: everything that it shows, stdout and stderr, as it stands there at the end. */
export function runInTerminal(args: readonly string[], [columns, rows]: Size, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...others } = process.env;
  const command = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(TERMINAL_MAKER, ['-qec', `stty cols ${columns} rows ${rows}; ${command}`, '/dev/null'], {
    cwd: ROOT,
    env: { ...others, TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', () => resolve(shown.replaceAll('\r\n', '\n')));
  });
}

/** What is on the screen in the end: without the lines of progress that were drawn over, and without colours. */
export function readScreen(shown: string): string {
  return (
    shown
      .split('\n')
      .map((line) => line.split('\r').at(-1) ?? '')
      .join('\n')
      // eslint-disable-next-line no-control-regex -- sequences of the terminal
      .replace(/\u001b\[[\d;?]*[A-Za-z]/g, '')
  );
}

/** Lines of the terminal that a screen takes: the terminal breaks what is too long. */
export function countScreenLines(screen: string, columns: number): number {
  return screen
    .replace(/\n$/, '')
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(measureCells(line) / columns)), 0);
}
