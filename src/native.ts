import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';

import type * as Binding from './binding.cjs';
import type { Control, Failure } from './binding.cjs';
import { ModelDiffError, argumentError } from './errors.ts';
import type { ErrorKind } from './errors.ts';
import type { Finding, Progress, RunOptions, Severity } from './types.ts';

type BindingModule = typeof Binding;

export type { Columns, Compared, MemoryTensor, NativeCheckpoint, TensorTable } from './binding.cjs';

/** How often the progress of a job is looked at, in milliseconds. */
const POLL_INTERVAL = 100;

let loaded: BindingModule | undefined;

/** The add-on, loaded at first use: `--help` and what only reads saved results never need it. */
export function binding(): BindingModule {
  loaded ??= loadBinding();
  return loaded;
}

function loadBinding(): BindingModule {
  const handBuilt = process.env['MODEL_DIFF_NATIVE'];
  if (handBuilt !== undefined && handBuilt !== '') process.env['NAPI_RS_NATIVE_LIBRARY_PATH'] = handBuilt;
  try {
    return createRequire(import.meta.url)('./binding.cjs') as BindingModule;
  } catch (cause) {
    throw new ModelDiffError(
      `cannot load the native part of model-diff for ${process.platform} ${process.arch} (Node ${process.version})`,
      {
        kind: 'NativeLoad',
        code: 'E_NATIVE_LOAD',
        hint:
          'npm leaves out the platform package when node_modules was made on another platform or with npm 10.3 to 11.2: ' +
          'remove node_modules and package-lock.json and run npm install with npm 11.3 or later; ' +
          'or set MODEL_DIFF_NATIVE to a binary that you built',
        cause,
      },
    );
  }
}

/** Turns an answer of the binding into its value, or throws what went wrong. */
export function unwrap<T>(outcome: T | Failure): T {
  if (isFailure(outcome)) throw toError(outcome);
  return outcome;
}

function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'failed' in outcome && outcome.failed === true;
}

/** A failure as the error that users see. What was found before the file broke rides along as `findings`. */
export function toError(failure: Failure): ModelDiffError {
  return new ModelDiffError(failure.message, {
    kind: failure.kind as ErrorKind,
    code: failure.code,
    path: failure.path ?? undefined,
    tensor: failure.tensor ?? undefined,
    offset: failure.offset ?? undefined,
    hint: failure.hint ?? undefined,
    findings: failure.findings.map(toFinding),
  });
}

/** A finding as plain data. */
export function toFinding(finding: {
  code: string;
  severity: string;
  message: string;
  path?: string | undefined | null;
  offset?: number | undefined | null;
}): Finding {
  return {
    code: finding.code,
    severity: finding.severity as Severity,
    message: finding.message,
    path: finding.path ?? null,
    offset: finding.offset ?? null,
  };
}

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
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw argumentError(`onProgress must be a function, not ${typeof onProgress}`);
  // Not `instanceof`: a signal may be of another realm.
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function')
    throw argumentError(`signal must be an AbortSignal, not ${typeof signal}`, 'new AbortController().signal is one');
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
    job.then(settle, reject);
  });
}

function watchProgress(
  phase: Progress['phase'],
  control: Control,
  onProgress: (progress: Progress) => void,
): { report: () => void; throwIfFailed: () => void; stop: () => void } {
  const started = performance.now();
  const report = (): void => {
    const [bytesDone = 0, bytesTotal = 0, tensorsDone = 0, tensorsTotal = 0] = control.progress();
    const seconds = (performance.now() - started) / 1000;
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

/** The number of worker threads to use: what was asked for, `MODEL_DIFF_THREADS`, or one a core. */
export function threadCount(threads: number | undefined): number {
  const variable = process.env['MODEL_DIFF_THREADS'];
  const wanted = threads ?? Number(variable ?? availableParallelism());
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 1024) {
    const [name, found] = threads === undefined ? ['MODEL_DIFF_THREADS', variable] : ['threads', threads];
    throw argumentError(`${name} must be a whole number from 1 to 1024, not ${String(found)}`);
  }
  return wanted;
}
