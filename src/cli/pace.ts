import { setImmediate } from 'node:timers/promises';

/** Characters that are written at once. */
const CHUNK = 1 << 18;
/** Milliseconds of work between two looks at what else has happened: a timer, Ctrl-C. */
const STRETCH = 10;

/**
 * Gathers small pieces of text into chunks, and lets the program answer in between.
 * @throws the signal's reason once it is aborted
 */
export async function* paceText(pieces: Iterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  let chunk = '';
  let began = performance.now();
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length >= CHUNK) {
      yield chunk;
      chunk = '';
    }
    if (performance.now() - began < STRETCH) continue;
    await setImmediate();
    signal.throwIfAborted();
    began = performance.now();
  }
  if (chunk !== '') yield chunk;
}
