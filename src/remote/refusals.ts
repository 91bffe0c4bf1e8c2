import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode, ModelDiffError } from '../errors.ts';
import { readPause } from './answer-head.ts';
import type { Head } from './exchange.ts';
import { PassingError, remoteError } from './failures.ts';

/** Answers that may be others when the request is made again. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What is asked for, for hints. */
export interface Asked {
  readonly url: URL;
  /** `ORG/NAME` where it is of the hub. */
  readonly model?: string | undefined;
  readonly hasToken: boolean;
}

/** Whether an address that a server signed may have run out. */
export function mayHaveExpired({ status }: Head): boolean {
  return status === 401 || status === 403 || status === 404 || status === 410;
}

/** The error for an answer that is none of those that were asked for. */
export function refusal({ status, headers }: Head, asked: Asked): Error {
  if (PASSING.has(status)) {
    const words = status === 429 ? 'the server has had too many requests' : `the server answers with ${status}`;
    return new PassingError(words, readPause(headers, Date.now()));
  }
  const [code, message] = describe(status, readHubCode(headers), asked);
  return remoteError(code, message, asked.url, hint(status, readHubCode(headers), asked));
}

function describe(status: number, hub: string, { model }: Asked): [ErrorCode, string] {
  if (hub === 'RevisionNotFound') return ['E_NOT_FOUND', 'the repository has no such revision'];
  if (hub === 'EntryNotFound') return ['E_NOT_FOUND', 'the repository has no such file'];
  if (status === 401 || status === 403) return ['E_PERMISSION_DENIED', `the server refuses access (${status})`];
  if (status === 404 || status === 410)
    return [
      'E_NOT_FOUND',
      model === undefined ? `nothing is there (${status})` : `the hub has no such model, revision or file (${status})`,
    ];
  return ['E_NETWORK', `the server answers with ${status}`];
}

function hint(status: number, hub: string, { model, hasToken }: Asked): string | undefined {
  const isRefused = status === 401 || status === 403;
  if (hub === 'GatedRepo' || (isRefused && model !== undefined && hasToken))
    return hasToken
      ? `accept the licence of ${model ?? 'the model'} on its page, with the account of the token; a private model needs a token that may read it`
      : `accept the licence of ${model ?? 'the model'} on its page, and set HF_TOKEN to a token of that account`;
  if (isRefused && model !== undefined)
    return 'check the spelling: of models that are not there the hub says the same; for a private or gated one set HF_TOKEN';
  if (isRefused) return 'give an address that needs no login, such as a signed one, or download the file';
  if (hub === 'RevisionNotFound') return 'check the spelling of the branch, tag or commit behind the @';
  if (status === 404 || status === 410) return 'check the spelling of the address';
  return undefined;
}

/** What the hub says of its refusals, in a header of its own. */
function readHubCode(headers: IncomingHttpHeaders): string {
  const code = headers['x-error-code'];
  return typeof code === 'string' ? code : '';
}

/** The same for a file that was open already: it is not what it was. */
export function asChange(error: ModelDiffError, url: URL): ModelDiffError {
  if (error.code === 'E_NOT_FOUND') return changed(url, 'it is gone');
  if (error.code === 'E_PERMISSION_DENIED')
    return remoteError('E_NETWORK', `${error.message}, though it was open before`, url, error.hint);
  return error;
}

export function changed(url: URL, what: string): ModelDiffError {
  return remoteError(
    'E_FILE_CHANGED',
    `file changed while it was being read: ${what}`,
    url,
    'compare a copy, or wait until the writer is done',
  );
}
