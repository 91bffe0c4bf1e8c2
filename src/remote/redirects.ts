import { spellAddress } from '../wording/address.ts';
import { type Agents, PrivateAddressError } from './agents.ts';
import { exchange, type ExchangeOptions, type Head } from './exchange.ts';
import { remoteError } from './failures.ts';
import { REDIRECTS } from './settings.ts';

/** Where a request goes first. */
export interface Start {
  readonly url: URL;
  /** Sent to the origin of `url` and to nobody else. */
  readonly authorization?: string | undefined;
}

/** Where a request ended after redirects. */
export interface Arrived {
  readonly head: Head;
  readonly url: URL;
}

const REDIRECT = new Set([301, 302, 303, 307, 308]);

/**
 * A request that goes where redirects lead, hop by hop, within bounds: five hops, no other scheme, from https never to http, and to no private
 * address but on the host that the user named.
 *
 * @param from where to begin instead of the start: where an earlier request for the file arrived
 * @throws `ModelDiffError` `E_NETWORK` for a redirect that is refused; what the connection fails with.
 */
export async function request(
  agents: Agents,
  start: Start,
  from: URL,
  options: Omit<ExchangeOptions, 'receive'> & { readonly receive: (arrived: Arrived) => ReturnType<ExchangeOptions['receive']> },
): Promise<Arrived> {
  let url = from;
  for (let hop = 0; ; hop += 1) {
    const at = url;
    const isNamed = at.hostname === start.url.hostname;
    const isOrigin = at.origin === start.url.origin;
    const headers =
      isOrigin && start.authorization !== undefined
        ? { ...options.headers, authorization: start.authorization }
        : options.headers;
    let head: Head;
    try {
      head = await exchange(agents.choose(at, !isNamed), at, {
        ...options,
        headers,
        receive: (found) => (REDIRECT.has(found.status) ? null : options.receive({ head: found, url: at })),
      });
    } catch (error) {
      if (isPrivate(error)) throw refuse(start, at, 'to an address of a private network');
      throw error;
    }
    if (!REDIRECT.has(head.status)) return { head, url: at };
    if (hop === REDIRECTS) throw remoteError('E_NETWORK', `more than ${REDIRECTS} redirects`, start.url);
    url = readTarget(start, at, head);
  }
}

function readTarget(start: Start, at: URL, { headers }: Head): URL {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, at.href))
    throw remoteError('E_NETWORK', 'redirect without an address', start.url);
  const target = new URL(location, at);
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw remoteError('E_NETWORK', `redirect to ${target.protocol} is refused: only http: and https: are followed`, start.url);
  if (target.protocol === 'http:' && at.protocol === 'https:') throw refuse(start, target, 'from https to http');
  if (target.username !== '' || target.password !== '') throw refuse(start, target, 'to an address with a password');
  return target;
}

function refuse(start: Start, target: URL, what: string): Error {
  return remoteError(
    'E_NETWORK',
    `redirect ${what} is refused: ${spellAddress(target.href)}`,
    start.url,
    'if you trust the server, give the address that it redirects to',
  );
}

function isPrivate(error: unknown): boolean {
  return error instanceof PrivateAddressError || (error as { cause?: unknown } | null)?.cause instanceof PrivateAddressError;
}
