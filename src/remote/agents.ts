import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns';
import type { Dispatcher } from 'undici';
import { isPrivateAddress, readFigures } from './private-address.ts';
import { readTimeout, REQUESTS } from './settings.ts';

/** A server that was reached by a redirect is at an address where it must not be. */
export class PrivateAddressError extends Error {}

/** Connections to the hosts that the user named, and those to hosts that a server named. */
export class Agents {
  readonly #open: Dispatcher;
  readonly #guarded: Dispatcher;
  readonly timeout: number;

  private constructor(make: (connect: object) => Dispatcher, timeout: number) {
    this.timeout = timeout;
    const connect = { timeout: Math.min(timeout, 10_000) };
    this.#open = make(connect);
    this.#guarded = make({ ...connect, lookup: lookUpPublic });
  }

  /** undici is loaded here: nothing else needs it. */
  static async create(): Promise<Agents> {
    const timeout = readTimeout();
    const options = (connect: object): object => ({
      connect,
      connections: REQUESTS,
      pipelining: 1,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      keepAliveTimeout: 4000,
    });
    if (!hasProxy()) {
      const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
      return new Agents((connect) => new Agent(options(connect)), timeout);
    }
    const { makeProxyAgent } = await import('./proxy-agent.ts');
    return new Agents((connect) => makeProxyAgent(options(connect)), timeout);
  }

  /** @throws PrivateAddressError where a guarded host is a private address in figures. */
  choose(url: URL, isGuarded: boolean): Dispatcher {
    if (!isGuarded) return this.#open;
    const figures = readFigures(url.hostname);
    if (figures !== null && isPrivateAddress(figures)) throw new PrivateAddressError(url.hostname);
    return this.#guarded;
  }

  /** Closes every connection. */
  async destroy(): Promise<void> {
    await Promise.all([this.#open.destroy(), this.#guarded.destroy()]);
  }
}

/** Whether the environment names a proxy, as curl and git read it. */
function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => (process.env[name] ?? '') !== '');
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** The addresses of a name, none of which is private. What is connected to is what was checked: the name is not looked up again. */
function lookUpPublic(host: string, options: LookupOptions, done: LookupCallback): void {
  lookUp(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, []);
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address)))
      return done(new PrivateAddressError(host), []);
    if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
}
