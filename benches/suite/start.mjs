/** What a short run costs beside starting Node: the version, the help, two small checkpoints. Taken in turn, so that a busy machine slows all. */
import { join } from 'node:path';
import { root } from '../../scripts/lib/host.mjs';
import { ProgramError, runProgram } from '../harness/programs.mjs';
import { format, spread } from '../harness/spread.mjs';

const ROUNDS = 31;

const program = join(root, 'dist', 'cli.js');

/** @type {Readonly<Record<string, readonly string[]>>} */
const CALLS = {
  node: ['-e', '0'],
  version: [program, '--version'],
  help: [program, '--help'],
  compare: [program, ...['base', 'sft'].map((name) => join(root, 'examples/tiny-gpt', name))],
};

/** @type {import('./index.mjs').Bench} */
export const start = {
  what: 'starting: --version, --help and two small checkpoints, beside node -e 0',
  disk: () => 0,
  async run() {
    /** @type {Record<string, number[]>} */
    const seconds = Object.fromEntries(Object.keys(CALLS).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, args] of Object.entries(CALLS)) {
        const began = performance.now();
        const { status, error } = await runProgram(process.execPath, args, {});
        seconds[name]?.push((performance.now() - began) / 1000);
        if (status !== 0) throw new ProgramError(error);
      }
    }
    const spreads = Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, spread(values)]));
    for (const [name, values] of Object.entries(spreads)) console.log(`  ${name.padEnd(8)} ${format(values, 3)} s`);
    return { rounds: ROUNDS, node_version: process.version, seconds: spreads };
  },
};
