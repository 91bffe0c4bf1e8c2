import test from 'ava';
import { findBrowser } from '../../scripts/lib/browser.mjs';
import { type Barrier, Browser, type OpenOptions, type Visit } from './browser.ts';
import type { Page } from 'playwright-core';

const path = findBrowser();
// Where everything is checked a browser has to be there; elsewhere its absence is no failure.
const isSkipped = path === undefined && process.env['CI'] === undefined;
let browser: Browser | undefined;

/** A test that opens pages, one after the other; the browser is there before the first and gone after the last. */
export const inBrowser: typeof test.serial | typeof test.serial.skip = isSkipped ? test.serial.skip : test.serial;

test.before(async () => {
  if (isSkipped) return;
  if (path === undefined) throw new Error('no Chromium: install it (apt-get install chromium) or name it in CHROMIUM');
  browser = await Browser.launch(path);
});

test.after.always(async () => {
  await browser?.close();
});

/** Opens a page, and waits for its script where it has one. */
export async function open(page: string, options: OpenOptions = {}): Promise<Visit> {
  const visit = await running().open(page, options);
  if (options.javaScript !== false) await visit.page.waitForSelector('html[data-ready]');
  return visit;
}

/** What axe finds in a page. */
export function findBarriers(page: Page): Promise<Barrier[]> {
  return running().axe(page);
}

function running(): Browser {
  if (browser === undefined) throw new Error('the browser did not start');
  return browser;
}
