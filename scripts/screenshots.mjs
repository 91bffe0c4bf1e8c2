/**
 * Pictures of the web pages, to look at: `node scripts/screenshots.mjs [FOLDER] [--docs]` (default: artifacts/screenshots).
 *   --docs   those of README.md too, into docs/
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { findBrowser, launchBrowser } from './lib/browser.mjs';
import { root } from './lib/host.mjs';
import { mustRun, ScriptError, start } from './lib/run.mjs';
import { setup } from './setup.mjs';

const EXAMPLES = join(root, 'examples/tiny-gpt');
const cli = join(root, 'dist/cli.js');

/** @param {string} command @param {readonly string[]} names */
const example =
  (command, ...names) =>
  (/** @type {string} */ page) => [
    cli,
    ...(command === '' ? [] : [command]),
    ...names.map((name) => join(EXAMPLES, name)),
    ...['-o', page, '-q'],
  ];

/**
 * @typedef {object} Shot
 * @property {string} name
 * @property {(page: string) => readonly string[]} make Arguments of Node that write the page.
 * @property {string} [hash] What is chosen on the page.
 * @property {'light' | 'dark'} [scheme]
 * @property {number} [width]
 * @property {number} [height]
 * @property {boolean} [isPrint]
 * @property {boolean} [isWhole] The whole page, not a screen.
 * @property {string} [docs] Its name in docs/.
 */

/** @type {readonly Shot[]} */
const SHOTS = [
  { name: 'light', make: example('', 'base', 'frozen-bottom'), docs: 'report-light.png', height: 720 },
  { name: 'whole', make: example('', 'base', 'sft'), isWhole: true },
  {
    name: 'dark',
    make: example('', 'moe-base', 'moe-sft'),
    scheme: 'dark',
    hash: '#open=block_sparse_moe.experts.*.w1',
    docs: 'report-dark.png',
    height: 720,
  },
  { name: 'tensor', make: example('', 'base', 'sft'), hash: '#t=model.layers.3.mlp.down_proj.weight', height: 1200 },
  { name: 'search', make: example('', 'base', 'sft'), hash: '#q=q_proj%20block:2-4' },
  { name: 'broken', make: example('', 'base', 'diverge-5') },
  { name: 'codes', make: example('', 'base', 'fp8') },
  { name: 'steps', make: example('', 'base', 'pure-bf16'), isWhole: true },
  { name: 'identical', make: example('', 'base', 'base-pt') },
  { name: 'phone', make: example('', 'base', 'sft-resized'), width: 390, height: 844, isWhole: true },
  { name: 'phone-dark', make: example('', 'base', 'frozen-block'), width: 390, height: 844, scheme: 'dark' },
  { name: 'print', make: example('', 'base', 'sft'), isPrint: true, isWhole: true },
  { name: '100k', make: (page) => [join(root, 'benches/programs/page.mjs'), '100000', page] },
  ...['light', 'dark'].map((scheme) => ({
    name: `series-${scheme}`,
    make: example('series', ...[1, 2, 3, 4, 5, 6].map((step) => `diverge-${step}`)),
    scheme: /** @type {'light' | 'dark'} */ (scheme),
    isWhole: true,
  })),
  { name: 'series-steady', make: example('series', 'base', 'continue-0100', 'continue-0200', 'continue-0300') },
  {
    name: 'series-phone',
    make: example('series', 'base', 'continue-0100', 'continue-0200', 'continue-0300'),
    width: 390,
    height: 844,
  },
];

await start(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { docs: { type: 'boolean', default: false } } });
  const path = findBrowser();
  if (path === undefined) throw new ScriptError('no Chromium: install it (apt-get install chromium) or name it in CHROMIUM');
  await setup();
  const folder = positionals[0] ?? join(root, 'artifacts/screenshots');
  mkdirSync(folder, { recursive: true });
  const browser = await launchBrowser(path);
  for (const { name, make, hash = '', scheme = 'light', width = 1280, height = 900, isPrint, isWhole, docs } of SHOTS) {
    const page = join(folder, `${name}.html`);
    await mustRun([process.execPath, ...make(page)]);
    const tab = await browser.newPage({
      viewport: { width, height },
      colorScheme: scheme,
      deviceScaleFactor: docs === undefined ? 1 : 1.5,
    });
    await tab.goto(`${pathToFileURL(page).href}${hash}`);
    await tab.waitForSelector('html[data-ready]');
    if (isPrint === true) await tab.emulateMedia({ media: 'print' });
    const picture = join(folder, `${name}.png`);
    await tab.screenshot({ path: picture, fullPage: isWhole === true });
    await tab.close();
    if (values.docs && docs !== undefined) copyFileSync(picture, join(root, 'docs', docs));
    console.log(picture);
  }
  await browser.close();
});
