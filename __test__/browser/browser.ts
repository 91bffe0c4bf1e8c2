import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { BrowserContextOptions, Browser as Chromium, CDPSession, Page } from 'playwright-core';
import { launchBrowser } from '../../scripts/lib/browser.mjs';

/** How a page is opened. */
export interface OpenOptions {
  /** @default true */
  readonly javaScript?: boolean;
  /** @default 'light' */
  readonly colorScheme?: 'light' | 'dark';
  /** In CSS pixels. @default 1280 by 720 */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** @default false */
  readonly reducedMotion?: boolean;
}

/** An open page and what has happened in it since before it was loaded; the lists grow. */
export interface Visit {
  readonly page: Page;
  readonly url: string;
  /** Addresses of everything the page asked for, itself and `data:` included. */
  readonly requests: readonly string[];
  readonly messages: readonly string[];
  /** Exceptions that nobody caught. */
  readonly errors: readonly string[];
  /** What the browser reports as an issue, violations of the policy above all. */
  readonly violations: readonly string[];
  readonly dialogs: readonly string[];
}

/** A rule of accessibility that a page breaks. */
export interface Barrier {
  readonly rule: string;
  readonly help: string;
  /** Selectors of the elements, with what is wrong with each. */
  readonly elements: readonly (readonly [selector: string, why: string])[];
}

/** A headless Chromium without a network, and a folder for the pages that it opens. */
export class Browser {
  readonly #chromium: Chromium;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'model-diff-page-'));
  readonly #sessions = new WeakMap<Page, CDPSession>();
  #pages = 0;

  private constructor(started: Chromium) {
    this.#chromium = started;
  }

  /** @param executablePath see `findBrowser` */
  static async launch(executablePath: string): Promise<Browser> {
    return new Browser(await launchBrowser(executablePath));
  }

  /**
   * Opens a page from `file://`, in a profile of its own.
   * @param source the text of a page, or a file that holds one
   */
  async open(source: string | { readonly file: string }, options: OpenOptions = {}): Promise<Visit> {
    const url = pathToFileURL(typeof source === 'string' ? this.#save(source) : source.file).href;
    const { javaScript = true, colorScheme = 'light', viewport, reducedMotion = false } = options;
    const settings: BrowserContextOptions = {
      offline: true,
      colorScheme,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    };
    const context = await this.#chromium.newContext({ ...settings, ...(viewport && { viewport }) });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    this.#sessions.set(page, session);
    // Not an option of the context, which could not be taken back for axe.
    await session.send('Emulation.setScriptExecutionDisabled', { value: !javaScript });
    const visit = { page, url, ...(await record(page, session)) };
    await page.goto(url);
    // What the page has caused is told before the answer.
    await page.evaluate('0');
    return visit;
  }

  /** What axe-core finds in a page as it stands. One that was opened without JavaScript can run some afterwards. */
  async axe(page: Page): Promise<Barrier[]> {
    await this.#sessions.get(page)?.send('Emulation.setScriptExecutionDisabled', { value: false });
    // No script of the page: the policy, which stays in force, does not govern it.
    const violations: readonly axe.Result[] = await page.evaluate(`${axe.source}; axe.run().then((found) => found.violations)`);
    return violations.map(({ id, help, nodes }) => ({
      rule: id,
      help,
      elements: nodes.map(({ target, failureSummary = '' }) => [target.join(' '), failureSummary] as const),
    }));
  }

  async close(): Promise<void> {
    await this.#chromium.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #save(html: string): string {
    const file = join(this.#folder, `${(this.#pages += 1)}.html`);
    writeFileSync(file, html);
    return file;
  }
}

/** Begins to write down what happens in a page, before it goes anywhere. */
async function record(page: Page, session: CDPSession): Promise<Omit<Visit, 'page' | 'url'>> {
  const lists = {
    requests: [] as string[],
    messages: [] as string[],
    errors: [] as string[],
    violations: [] as string[],
    dialogs: [] as string[],
  };
  page.on('console', (message) => lists.messages.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => lists.errors.push(error.stack ?? String(error)));
  page.on('crash', () => lists.errors.push('the page crashed'));
  page.on('dialog', (dialog) => {
    lists.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // The events of playwright leave out addresses that hold their data themselves.
  session.on('Network.requestWillBeSent', ({ request }) => lists.requests.push(request.url));
  session.on('Network.webSocketCreated', ({ url }) => lists.requests.push(url));
  session.on('Audits.issueAdded', ({ issue }) => lists.violations.push(JSON.stringify(issue)));
  await session.send('Network.enable');
  await session.send('Audits.enable');
  return lists;
}

/** Everything that an honest page does not do. */
export function listComplaints({ messages, errors, violations, dialogs }: Visit): string[] {
  return [...messages, ...errors, ...violations, ...dialogs];
}
