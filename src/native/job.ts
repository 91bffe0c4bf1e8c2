import type { Control, Failure } from '../binding.cjs';
import type { Progress, RunOptions } from '../checkpoint/types.ts';
import { binding } from './binding.ts';
import { isFailure, unwrap } from './failure.ts';

/** How often the progress of a job is looked at, in milliseconds. */
const POLL_INTERVAL = 100;

/**
 * Runs a job of the binding: wires cancellation to `signal` and polls progress while it runs. After an abort it waits until
 * the job has ended, which takes as long as one chunk; one that cannot be cut in the middle, as reading a header, is left
 * behind instead where the caller says how to `discard` what comes of it.
 *
 * @throws `signal.reason` after an abort, else what the job failed with.
 */
export async function runJob<T>(
  phase: Progress['phase'],
  run: RunOptions,
  start: (control: Control) => Promise<T | Failure>,
  discard?: (late: T) => void,
): Promise<T> {
  const { signal, onProgress } = run;
  signal?.throwIfAborted();
  const control = new (binding().Control)();
  const cancel = (): void => control.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const watch = onProgress === undefined ? undefined : watchProgress(phase, control, onProgress);
  try {
    const job = start(control);
    const value = unwrap(await (discard === undefined || signal === undefined ? job : untilAbort(job, signal, discard)));
    signal?.throwIfAborted();
    watch?.throwIfFailed();
    watch?.report();
    return value;
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    watch?.throwIfFailed();
    throw error;
  } finally {
    watch?.stop();
    signal?.removeEventListener('abort', cancel);
  }
}

/** The answer of a job, or a rejection as soon as `signal` aborts; what is answered after that is discarded. */
function untilAbort<T>(job: Promise<T | Failure>, signal: AbortSignal, discard: (late: T) => void): Promise<T | Failure> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    const settle = (answer: T | Failure): void => {
      signal.removeEventListener('abort', leave);
      if (!signal.aborted) resolve(answer);
      else if (!isFailure(answer)) discard(answer);
    };
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', leave);
      reject(error);
    };
    job.then(settle, fail);
  });
}

function watchProgress(
  phase: Progress['phase'],
  control: Control,
  onProgress: (progress: Progress) => void,
): { report: () => void; throwIfFailed: () => void; stop: () => void } {
  const started = process.uptime();
  const report = (): void => {
    const [bytesDone = 0, bytesTotal = 0, tensorsDone = 0, tensorsTotal = 0] = control.progress();
    const seconds = process.uptime() - started;
    const bytesPerSecond = seconds > 0 ? bytesDone / seconds : 0;
    onProgress({ phase, bytesDone, bytesTotal, tensorsDone, tensorsTotal, bytesPerSecond });
  };
  // What the caller's function throws ends the run and rejects its promise: nobody could catch it here.
  let failure: { readonly error: unknown } | undefined;
  const timer = setInterval(() => {
    try {
      report();
    } catch (error) {
      failure = { error };
      clearInterval(timer);
      control.cancel();
    }
  }, POLL_INTERVAL);
  timer.unref();
  const throwIfFailed = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return { report, throwIfFailed, stop: () => clearInterval(timer) };
}
