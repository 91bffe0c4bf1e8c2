import { argumentError } from '../errors.ts';

/** Bytes of a file that is kept whole where its server gives no parts. */
export const KEPT_WHOLE: number = 8 * 2 ** 20;

/** Tries of one request before its server counts as gone. */
export const TRIES = 5;

/** Bytes after which a request that broke off counts as one that got on, so that its tries begin anew. */
export const PROGRESS: number = 64 * 2 ** 10;

/** Requests under way at once, of one checkpoint; as many connections at most go to one server. */
export const REQUESTS = 8;

/** Hops from a URL to the file. */
export const REDIRECTS = 5;

/** The longest pause that a server may ask for, in seconds. */
export const LONGEST_PAUSE = 60;

/** Bytes per second below which a server counts as one that does not answer. */
export const SLOWEST: number = 16 * 2 ** 10;

/** Milliseconds without a byte after which a server counts as one that does not answer: `MODEL_DIFF_HTTP_TIMEOUT` in seconds, else 30. */
export function readTimeout(): number {
  const variable = process.env['MODEL_DIFF_HTTP_TIMEOUT'];
  const seconds = Number(variable ?? 30);
  if (!(seconds >= 0.1 && seconds <= 3600))
    throw argumentError(`MODEL_DIFF_HTTP_TIMEOUT must be a number of seconds from 0.1 to 3600, not ${JSON.stringify(variable)}`);
  return seconds * 1000;
}
