/**
 * All tests: Rust, then ava through the built package. Builds first what is not up to date.
 * `npm test -- --js [ava arguments]` runs the second part alone, `npm test -- --rust [cargo arguments]` the first.
 */

import { run, start, tool } from './lib/run.mjs';
import { conclude, sum, tallyCargo, tallyTap } from './lib/tally.mjs';
import { requireCargo, setup } from './setup.mjs';

const [only, ...rest] = process.argv.slice(2);

await start(async () => {
  try {
    await setup();
  } catch (error) {
    conclude({ passed: 0, failed: 1, skipped: 0 });
    throw error;
  }
  const tallies = [];
  if (only !== '--js') tallies.push(await testRust(only === '--rust' ? rest : []));
  if (only !== '--rust') tallies.push(await testJs(only === '--js' ? rest : process.argv.slice(2)));
  conclude(sum(tallies));
});

/** @param {readonly string[]} args */
async function testRust(args) {
  requireCargo();
  // A crate that uses N-API cannot be linked into a test binary; the add-on is tested through the package.
  const command = ['cargo', 'test', '--workspace', '--exclude', 'diff-node', '--no-fail-fast'];
  const result = await run([...command, ...(process.env.CI ? ['--locked'] : []), ...args], { output: 'tee' });
  return tallyCargo(result);
}

/** @param {readonly string[]} args */
async function testJs(args) {
  const result = await run([...tool('ava'), '--tap', ...args], { output: 'tee' });
  return tallyTap(result);
}
