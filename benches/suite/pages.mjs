/** What the web pages cost: their size, writing them, and how soon a browser shows one and can be used. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findBrowser, launchBrowser } from '../../scripts/lib/browser.mjs';
import { nodeProgram, ProgramError, runProgram } from '../harness/programs.mjs';
import { format, spread } from '../harness/spread.mjs';

const SIZES = [100, 1000, 10_000, 100_000];
const ROUNDS = 5;

/** @type {import('./index.mjs').Bench} */
export const pages = {
  what: 'web pages of 100 to 100,000 tensors: size, writing, first paint, use',
  disk: () => 2e7,
  async run(_, scratch) {
    const path = findBrowser();
    const browser = path === undefined ? null : await launchBrowser(path);
    const rows = [];
    for (const count of SIZES) {
      const file = join(scratch, `${count}.html`);
      const [command = '', ...args] = nodeProgram('page.mjs', [String(count), file]);
      const { status, text, error } = await runProgram(command, args, {});
      if (status !== 0) throw new ProgramError(error);
      const { seconds, bytes } = JSON.parse(text);
      const seen = browser === null ? null : await look(browser, pathToFileURL(file).href);
      console.log(`  ${String(count).padStart(7)} tensors ${(bytes / 1e6).toFixed(2)} MB, written in ${seconds.toFixed(2)} s`);
      if (seen !== null)
        console.log(`          first paint ${format(seen.first_paint, 3)} s, usable after ${format(seen.usable, 3)} s`);
      rows.push({ tensors: count, bytes, write_seconds: seconds, ...(seen !== null && seen) });
    }
    await browser?.close();
    return { rounds: ROUNDS, browser: browser?.version() ?? null, pages: rows };
  },
};

/**
 * Opens a page in profiles of their own.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 */
async function look(browser, url) {
  /** @type {Record<'first_paint' | 'usable', number[]>} */
  const seconds = { first_paint: [], usable: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForSelector('html[data-ready]');
    // One frame later what was drawn last is on the screen.
    /** @type {number[]} */
    const [paint = Number.NaN, usable = Number.NaN] = await page.evaluate(
      `new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))).then(() =>
        [performance.getEntriesByName('first-paint')[0]?.startTime, performance.now()])`,
    );
    seconds.first_paint.push(paint / 1000);
    seconds.usable.push(usable / 1000);
    await context.close();
  }
  return { first_paint: spread(seconds.first_paint), usable: spread(seconds.usable) };
}
