/** Ctrl-C, once and twice. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Ends the process as the default handling of SIGINT does, so that a shell sees it was interrupted. */
  reraise(): void;
}

/** Listens for SIGINT: the first one aborts the signal, the second one ends the process at once. */
export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  const reraise = (): void => {
    process.removeListener('SIGINT', onInterrupt);
    process.kill(process.pid, 'SIGINT');
  };
  const onInterrupt = (): void => {
    if (controller.signal.aborted) {
      // `exit` listeners still run: they give the cursor back.
      process.exit(130);
    }
    controller.abort(new DOMException('interrupted', 'AbortError'));
  };
  process.on('SIGINT', onInterrupt);
  return { signal: controller.signal, reraise };
}
