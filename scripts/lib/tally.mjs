/** Counting what passed and what failed, and the one plain line that says it. */

import { stripVTControlCharacters } from 'node:util';

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Sum of the `test result:` lines of `cargo test`.
 * @param {import('./run.mjs').RunResult} result
 * @returns {Tally}
 */
export function tallyCargo({ code, output }) {
  const lines = stripVTControlCharacters(output).matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm);
  const tally = sum(
    [...lines].map(([, passed, failed, skipped]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(skipped),
    })),
  );
  return countCrash(tally, code);
}

/**
 * The closing lines of a TAP stream: `# pass 12`.
 * @param {import('./run.mjs').RunResult} result
 * @returns {Tally}
 */
export function tallyTap({ code, output }) {
  /** @param {string} name */
  const last = (name) => Number([...output.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  return countCrash({ passed: last('pass'), failed: last('fail'), skipped: last('skip') }, code);
}

/**
 * The tests of a TAP stream that failed, each with what it says; of a run that crashed, its end.
 * @param {import('./run.mjs').RunResult} result
 * @returns {{ title: string, text: string }[]}
 */
export function listFailures({ code, output }) {
  const blocks = [...output.matchAll(/^not ok \d+ - (.*)\n(?:  ---\n[\s\S]*?\n  \.\.\.\n)?/gm)];
  if (blocks.length === 0) return code === 0 ? [] : [{ title: '', text: output.slice(-4000) }];
  return blocks.map(([text, title = '']) => ({ title, text }));
}

/**
 * A run that ended badly without naming a failure has one all the same: it did not compile, or it crashed.
 * @param {Tally} tally
 * @param {number} code
 * @returns {Tally}
 */
function countCrash(tally, code) {
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function sum(tallies) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of tallies) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

/**
 * Prints `12 passed, 0 failed` alone on the last line, and sets the exit status by it. Nothing at all to run is a failure.
 * @param {Tally} tally
 */
export function conclude({ passed, failed, skipped }) {
  if (passed + failed + skipped === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed > 0 ? 1 : 0;
}
