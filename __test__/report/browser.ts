import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** What happened while a page was open. */
export interface Visit {
  /** Addresses of everything the page asked for, itself included. */
  readonly requests: readonly string[];
  /** Console messages, exceptions, violations of the policy, dialogs. */
  readonly complaints: readonly string[];
  /** Value of the expression in the page. */
  readonly value: unknown;
}

/** The browser of this machine; undefined where there is none. */
export function findBrowser(): string | undefined {
  const names = [process.env['CHROMIUM'], 'chromium', 'chromium-browser', 'google-chrome'];
  return names.find((name) => name !== undefined && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** A headless Chromium, spoken to through a pipe. Nothing but what the page does reaches the network. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #listen: (message: Message) => void = () => undefined;
  #nextId = 1;

  constructor(path: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'model-diff-chromium-'));
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ];
    this.#process = spawn(path, [...flags, `--user-data-dir=${this.#profile}`, '--remote-debugging-pipe', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const pieces = (rest + chunk).split('\0');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) this.#receive(JSON.parse(piece) as Message);
    });
  }

  /** Opens a page in a tab of its own and evaluates an expression in it. */
  async visit(url: string, expression: string, script: boolean = true): Promise<Visit> {
    const { targetId } = await this.#send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#send('Target.attachToTarget', { targetId, flatten: true });
    const send = (method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> =>
      this.#send(method, params, sessionId as string);
    const requests: string[] = [];
    const complaints: string[] = [];
    let loaded: () => void = () => undefined;
    const load = new Promise<void>((resolve) => (loaded = resolve));
    this.#listen = ({ method = '', params = {} }) => {
      if (method === 'Network.requestWillBeSent') requests.push((params['request'] as { url: string }).url);
      if (method === 'Page.loadEventFired') loaded();
      if (
        [
          'Runtime.consoleAPICalled',
          'Runtime.exceptionThrown',
          'Log.entryAdded',
          'Page.javascriptDialogOpening',
          'Audits.issueAdded',
        ].includes(method)
      )
        complaints.push(`${method} ${JSON.stringify(params)}`);
    };
    for (const domain of ['Page', 'Network', 'Runtime', 'Log', 'Audits']) await send(`${domain}.enable`);
    await send('Emulation.setScriptExecutionDisabled', { value: !script });
    await send('Page.navigate', { url });
    await load;
    const { result } = (await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })) as {
      result: { value: unknown };
    };
    await this.#send('Target.closeTarget', { targetId });
    return { requests, complaints, value: result.value };
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await Promise.race([this.#send('Browser.close').catch(() => undefined), ended]);
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: Record<string, unknown> = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result ?? {}) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
    (this.#process.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
    );
    return answer;
  }

  #receive(message: Message): void {
    if (message.id === undefined) this.#listen(message);
    else this.#waiting.get(message.id)?.(message);
  }
}
