import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineError } from './exchange.ts';
import { explainConnection, PassingError, remoteError } from './failures.ts';
import { ModelDiffError } from '../errors.ts';
import { LONGEST_PAUSE, TRIES } from './settings.ts';

/** The first pause between two tries, in milliseconds; each one after it is twice as long. */
const FIRST_PAUSE = 250;

/**
 * Tries until `attempt` succeeds, with growing pauses. One that got on before it failed counts as the first.
 *
 * @param attempt answers whether it got on, beside what it throws
 * @throws `ModelDiffError` `E_NETWORK` after the last try, or at once for what will not pass; the reason of `signal`.
 */
export async function retry<T>(url: URL, signal: AbortSignal, attempt: (progress: { made: boolean }) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const progress = { made: false };
    try {
      return await attempt(progress);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ModelDiffError) throw error;
      const { words, passes } = explain(error);
      if (progress.made) tries = 1;
      const asked = error instanceof PassingError ? error.pause : null;
      if (asked !== null && asked > LONGEST_PAUSE)
        throw remoteError('E_NETWORK', `${words}, and it asks to wait for ${Math.ceil(asked)} seconds`, url, 'try again later');
      if (!passes) throw remoteError('E_NETWORK', words, url);
      if (tries === TRIES) throw remoteError('E_NETWORK', `${words}, after ${TRIES} tries`, url, 'try again later');
      const pause = FIRST_PAUSE * 2 ** (tries - 1) * (0.5 + Math.random());
      await sleep(Math.max(pause, (asked ?? 0) * 1000), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function explain(error: unknown): { readonly words: string; readonly passes: boolean } {
  if (error instanceof PassingError) return { words: error.message, passes: true };
  if (error instanceof DeadlineError) return { words: 'the server sends too slowly', passes: true };
  return explainConnection(error);
}
