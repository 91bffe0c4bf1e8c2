import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** The first lines of an answer. */
export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Takes a piece of a body; false ends the exchange there. */
export type Take = (chunk: Uint8Array) => boolean;

export interface ExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds that the whole exchange may take. */
  readonly deadline: number;
  /** What takes the body; null where nobody wants it. */
  readonly receive: (head: Head) => Take | null;
}

/** Bodies that nobody wants are read up to this length: the connection can be used again. */
const DRAINED = 64 * 2 ** 10;

/** An exchange took longer than a server that answers takes. */
export class DeadlineError extends Error {}

/** Ends an exchange whose rest is not needed. */
class Enough extends Error {}

/**
 * One request and its answer; redirects are answers as others are.
 *
 * @throws what the connection fails with; the reason of `signal`.
 */
export function exchange(dispatcher: Dispatcher, url: URL, options: ExchangeOptions): Promise<Head> {
  const { headers, signal, deadline, receive } = options;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: Head | undefined;
    let take: Take | null = null;
    let drained = 0;
    let ended: Error | undefined;
    const end = (error: Error): void => {
      ended ??= error;
      controller?.abort(ended);
    };
    const leave = (): void => end(signal.reason as Error);
    const timer = setTimeout(() => end(new DeadlineError('too slow')), deadline);
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      if (head !== undefined && (error === null || error instanceof Enough)) resolve(head);
      else reject(error ?? new Error('the answer ended before it began'));
    };
    if (signal.aborted) return settle(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (ended !== undefined) started.abort(ended);
      },
      onResponseStart(_, status, received) {
        if (status < 200) return;
        head = { status, headers: received };
        try {
          take = receive(head);
        } catch (error) {
          end(error as Error);
        }
      },
      onResponseData(_, chunk) {
        if (ended !== undefined) return;
        drained += chunk.length;
        try {
          if (take === null ? drained > DRAINED : !take(chunk)) end(new Enough());
        } catch (error) {
          end(error as Error);
        }
      },
      onResponseEnd: () => settle(null),
      onResponseError: (_, error) => settle(ended ?? error),
    };
    dispatcher.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method: 'GET', headers: { ...headers } },
      handler,
    );
  });
}
