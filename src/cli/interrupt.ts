import { setImmediate } from 'node:timers/promises';

/** Ctrl-C. */
export interface Interrupt {
  /**
   * Aborted by SIGINT. The signal is only caught while somebody listens here, which is whoever has something to stop or to clean up.
   * In between, as while an analysis keeps the thread busy, it ends the process at once, as in any program that does not catch it.
   */
  readonly signal: AbortSignal;
  /** Ends the process as the default handling of SIGINT does, so that a shell sees it was interrupted. */
  reraise(): void;
}

export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  let isCaught = false;
  const onInterrupt = (): void => {
    // The second one does not wait for what the first one stops.
    if (signal.aborted) reraise();
    controller.abort(new DOMException('interrupted', 'AbortError'));
  };
  const release = (): void => {
    process.removeListener('SIGINT', onInterrupt);
    isCaught = false;
  };
  const reraise = (): void => {
    release();
    process.kill(process.pid, 'SIGINT');
  };
  const releaseUnheard = async (): Promise<void> => {
    await settle();
    if (listeners.size === 0) release();
  };
  const listen = signal.addEventListener.bind(signal);
  const forget = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...[type, listener, options]: Parameters<EventTarget['addEventListener']>) => {
    if (!isCaught) process.on('SIGINT', onInterrupt);
    isCaught = true;
    listeners.add(listener);
    listen(type, listener, options);
  };
  signal.removeEventListener = (...[type, listener]: Parameters<EventTarget['removeEventListener']>) => {
    forget(type, listener);
    if (listeners.delete(listener) && listeners.size === 0) void releaseUnheard();
  };
  return { signal, reraise };
}

/** Runs what has to be cleaned up after an interrupt: until it ends, SIGINT aborts the signal and does not end the process. */
export async function catching<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const listener = (): void => undefined;
  signal.addEventListener('abort', listener);
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', listener);
  }
}

/**
 * Waits until a signal that has come is told, and is no longer caught where nobody listens: one that comes while this thread is busy would be
 * lost if the handler went before it.
 */
export async function settle(): Promise<void> {
  // The first may follow the events that were just looked at; between it and the second are those that have come since.
  await setImmediate();
  await setImmediate();
}
