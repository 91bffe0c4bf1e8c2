/**
 * Instructions that opening, planning and comparing small tensors take, counted by callgrind: numbers that a busy machine does not
 * move, so that a growth of a few per cent is seen. The input is the same everywhere; AVX2 and positioned reads are forced.
 */
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../../scripts/lib/host.mjs';
import { probe, ScriptError } from '../../scripts/lib/run.mjs';
import { generatePair } from '../generate/index.mjs';
import { benchProgram, nodeProgram, runProgram } from '../harness/programs.mjs';

const TENSORS = 2000;
const SHARDS = 4;
/** Growth that `--check` calls one: this share, and more than so many a tensor, which hashes with random keys move by themselves. */
const TOLERANCE = 0.03;
const SLACK = 10;
const ENVIRONMENT = { MODEL_DIFF_ISA: 'avx2', MODEL_DIFF_IO: 'pread', RAYON_NUM_THREADS: '1' };
/** The counts that `--check` compares with. */
const committed = join(root, 'benches/record/instructions.json');

/** @typedef {Record<string, number>} Counts */

/** @type {import('./index.mjs').Bench} */
export const instructions = {
  what: 'instructions of opening, planning and comparing, counted by callgrind',
  disk: () => 1e7,
  async run({ check, update }, scratch) {
    const version = probe(['valgrind', '--version']);
    if (version === undefined) {
      if (check) throw new ScriptError('valgrind is not installed: apt-get install valgrind');
      console.log('  absent: valgrind is not installed');
      return { absent: 'valgrind is not installed' };
    }
    const tensors = Array.from({ length: TENSORS }, (_, at) => ({
      name: `model.layers.${Math.floor(at / 20)}.mlp.experts.${at % 20}.up_proj.weight`,
      shape: [16, 16],
      role: /** @type {const} */ ('matrix'),
      depth: at / TENSORS,
    }));
    const pair = await generatePair({ folder: scratch, bytes: 0, tensors, shards: SHARDS });
    const runs = [await count(pair, scratch)];
    if (!check) runs.push(await count(pair, scratch));
    for (const [step, instructions] of Object.entries(runs[0] ?? {}))
      console.log(`  ${step.padEnd(10)} ${Math.round(instructions / TENSORS)} a tensor`);
    if (check) compareWithCommitted(runs[0] ?? {});
    if (update) {
      const content = { rustc: probe(['rustc', '--version']), tensors: TENSORS, shards: SHARDS, instructions: runs[0] };
      writeFileSync(committed, `${JSON.stringify(content, null, 2)}\n`);
    }
    return { tensors: TENSORS, shards: SHARDS, valgrind: version, runs };
  },
};

/**
 * Each step of the core as the difference of two runs; of the package what its native part takes in a whole comparison, which is
 * opening, comparing and handing over (JavaScript itself is compiled while it runs, at other moments every time).
 * @param {import('../generate/index.mjs').Pair} pair
 * @param {string} scratch
 * @returns {Promise<Counts>}
 */
async function count({ old, new: newer }, scratch) {
  const program = await benchProgram();
  const steps = [];
  for (const step of ['nothing', 'open', 'plan', 'run']) {
    const { total } = await callgrind([program, 'step', step, old, newer], scratch);
    steps.push(total);
  }
  const [nothing = 0, open = 0, plan = 0, run = 0] = steps;
  const [node, ...script] = nodeProgram('compare.mjs', [old, newer, '{"threads":1}']);
  const { byObject } = await callgrind([node ?? '', '--jitless', '--single-threaded', ...script], scratch);
  const addon = [...byObject].filter(([object]) => object.endsWith('.node')).reduce((sum, [, own]) => sum + own, 0);
  return { open: open - nothing, plan: plan - open, compare: run - plan, package: addon };
}

/**
 * @param {readonly string[]} command
 * @param {string} scratch
 * @returns {Promise<{ total: number, byObject: Map<string, number> }>} Instructions, those of a library without what it calls.
 */
async function callgrind(command, scratch) {
  const out = join(scratch, 'callgrind.out');
  const { status, error } = await runProgram(
    'valgrind',
    ['--tool=callgrind', `--callgrind-out-file=${out}`, ...command],
    ENVIRONMENT,
  );
  if (status !== 0) throw new ScriptError(`${command.join(' ')} failed under callgrind:\n${error}`);
  /** @type {Map<string, number>} */
  const byObject = new Map();
  /** @type {Map<string, string>} */
  const names = new Map();
  let object = '';
  let isCall = false;
  for await (const line of createInterface({ input: createReadStream(out) })) {
    const [, id, name] = /^ob=(\(\d+\))(?: (.*))?$/u.exec(line) ?? /^cob=(\(\d+\)) (.*)$/u.exec(line) ?? [];
    if (id !== undefined) {
      if (name !== undefined) names.set(id, name);
      if (line.startsWith('ob=')) object = names.get(id) ?? '';
      continue;
    }
    if (line.startsWith('calls=')) {
      isCall = true;
      continue;
    }
    const [, cost] = /^[\d+*-]\S* (\d+)$/u.exec(line) ?? [];
    // The line after a call is what was called, which counts as its own elsewhere.
    if (cost !== undefined && !isCall) byObject.set(object, (byObject.get(object) ?? 0) + Number(cost));
    isCall = false;
  }
  return { total: [...byObject.values()].reduce((sum, own) => sum + own, 0), byObject };
}

/** @param {Counts} counts */
function compareWithCommitted(counts) {
  if (!existsSync(committed))
    throw new ScriptError(`${committed} is missing: make it with npm run bench -- instructions --update`);
  const { rustc, instructions: before } = JSON.parse(readFileSync(committed, 'utf8'));
  if (rustc !== probe(['rustc', '--version'])) {
    console.log(`  not compared: another compiler makes other code; the committed counts are those of ${rustc}`);
    return;
  }
  const grown = Object.entries(counts).filter(([step, now]) => now > before[step] * (1 + TOLERANCE) + SLACK * TENSORS);
  for (const [step, now] of Object.entries(counts))
    console.log(
      `  ${step.padEnd(10)} ${now} instructions, ${before[step]} before: ${((now / before[step] - 1) * 100).toFixed(2)} %`,
    );
  if (grown.length > 0)
    throw new ScriptError(
      `more than ${TOLERANCE * 100} % more instructions than committed: ${grown.map(([step]) => step).join(', ')}.\n` +
        'Find out why; where it is meant to be so, npm run bench -- instructions --update commits the new counts.',
    );
}
