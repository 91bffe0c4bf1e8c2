/**
 * All tests: Rust, then ava through the built package. Builds first what is not up to date.
 * `npm test -- --js [ava arguments]` runs the second part alone, `npm test -- --rust [cargo arguments]` the first.
 */

import { run, start, tool } from './lib/run.mjs';
import { conclude, sum, tallyCargo, tallyTap } from './lib/tally.mjs';
import { requireCargo, setup } from './setup.mjs';

const [only, ...rest] = process.argv.slice(2);

/** A crate that uses N-API cannot be linked into a test binary; the add-on is tested through the package. */
const CARGO_TEST = [
  ...['cargo', 'test', '--workspace', '--exclude', 'diff-node', '--no-fail-fast'],
  ...(process.env.CI ? ['--locked'] : []),
];

await start(async () => {
  try {
    // The tests are compiled beside the add-on, whose last step keeps one core busy. Nothing is measured while they are.
    await Promise.all([setup(), only === '--js' ? undefined : compileRust()]);
  } catch (error) {
    conclude({ passed: 0, failed: 1, skipped: 0 });
    throw error;
  }
  const tallies = [];
  if (only !== '--js') tallies.push(await testRust(only === '--rust' ? rest : []));
  if (only !== '--rust') tallies.push(await testJs(only === '--js' ? rest : process.argv.slice(2)));
  conclude(sum(tallies));
});

/** What does not compile is told when it is to run. */
async function compileRust() {
  requireCargo();
  await run([...CARGO_TEST, '--no-run'], { output: 'keep' });
}

/** @param {readonly string[]} args */
async function testRust(args) {
  const result = await run([...CARGO_TEST, ...args], { output: 'tee' });
  return tallyCargo(result);
}

/** @param {readonly string[]} args */
async function testJs(args) {
  const result = await run([...tool('ava'), '--tap', ...args], { output: 'tee' });
  return tallyTap(result);
}
