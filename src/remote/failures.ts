import { type ErrorCode, type ErrorKind, ModelDiffError } from '../errors.ts';
import { spellAddress } from '../wording/address.ts';

const KINDS: Partial<Record<ErrorCode, ErrorKind>> = {
  E_LIMIT_EXCEEDED: 'Limit',
  E_ARGUMENT: 'Argument',
  E_CANCELLED: 'Cancelled',
};

/** What a server did, as the error that users see. URLs are told without their queries. */
export function remoteError(code: ErrorCode, message: string, url: URL | string, hint?: string): ModelDiffError {
  const path = spellAddress(String(url));
  return new ModelDiffError(message, { kind: KINDS[code] ?? 'Io', code, path, hint });
}

/** The error with its address in the message, as errors of the add-on have theirs. */
export function nameAddress(error: unknown): unknown {
  if (!(error instanceof ModelDiffError) || error.path === undefined || error.message.includes(error.path)) return error;
  const { kind, code, path, hint } = error;
  return new ModelDiffError(`${error.message} (${path})`, { kind, code, path, hint });
}

/** A failure that may pass when the request is made again. */
export class PassingError extends Error {
  /** Seconds that the server asked to wait for; null where it did not. */
  readonly pause: number | null;

  constructor(message: string, pause: number | null = null) {
    super(message);
    this.pause = pause;
  }
}

/** What the system or undici calls a failure, in plain words, by the beginning of its code. */
const WORDS: readonly (readonly [code: RegExp, words: string, passes: boolean])[] = [
  [/^ENOTFOUND$/, 'no server has this name', false],
  [/^EAI_AGAIN$/, 'the name of the server cannot be looked up', true],
  [/^ECONNREFUSED$/, 'the server refuses the connection', false],
  [/^(ENETUNREACH|EHOSTUNREACH)$/, 'there is no way to the server', true],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection broke off', true],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'the server does not accept the connection in time', true],
  [/^UND_ERR_HEADERS_TIMEOUT$/, 'the server does not answer in time', true],
  [/^UND_ERR_BODY_TIMEOUT$/, 'the server stopped sending', true],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'the first lines of the answer are too long', false],
  [/^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/, 'the answer is shorter than it says', true],
  [/^HPE_HEADER_OVERFLOW$/, 'the first lines of the answer are too long', false],
  [/^HPE_/, 'the answer is not HTTP', false],
  [/CERT|SELF_SIGNED|^ERR_TLS|^ERR_SSL/, 'the certificate of the server is not valid', false],
];

/** A failed connection in words, and whether it may pass. */
export function explainConnection(error: unknown): { readonly words: string; readonly passes: boolean } {
  const code = findCode(error);
  const known = WORDS.find(([pattern]) => pattern.test(code));
  if (known !== undefined) return { words: known[1], passes: known[2] };
  return { words: code === '' ? 'the connection failed' : `the connection failed (${code})`, passes: true };
}

function findCode(error: unknown): string {
  if (error instanceof AggregateError) return findCode(error.errors[0]);
  const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  if (name === 'HTTPParserError') return 'HPE_';
  return cause === undefined ? '' : findCode(cause);
}
