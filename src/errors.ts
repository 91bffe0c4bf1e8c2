import type { Finding } from './types.ts';

/** Whose fault an error is: the system, the file, a missing feature, a cap, the caller, a clash, an abort, a bug, the installation. */
export type ErrorKind =
  | 'Io'
  | 'Format'
  | 'Unsupported'
  | 'Limit'
  | 'Argument'
  | 'Mismatch'
  | 'Cancelled'
  | 'Internal'
  | 'NativeLoad';

/** Where and how an error happened. */
export interface ErrorDetails {
  readonly kind: ErrorKind;
  /** `E_` and a name in capitals, as `E_MISSING_SHARD`. */
  readonly code: string;
  readonly path?: string | undefined;
  readonly tensor?: string | undefined;
  /** Byte offset in `path`. */
  readonly offset?: number | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** What had been noticed about the file before it broke. */
  readonly findings?: readonly Finding[] | undefined;
}

/** Every error that this package raises by itself; an abort rejects with `signal.reason` instead. */
export class ModelDiffError extends Error {
  override readonly name = 'ModelDiffError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly path?: string | undefined;
  readonly tensor?: string | undefined;
  readonly offset?: number | undefined;
  readonly hint?: string | undefined;
  readonly findings: readonly Finding[];

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.code = details.code;
    this.path = details.path;
    this.tensor = details.tensor;
    this.offset = details.offset;
    this.hint = details.hint;
    this.findings = details.findings ?? [];
  }
}

/** A wrong argument of a call: what was given, and what would be right. */
export function argumentError(message: string, hint?: string): ModelDiffError {
  return new ModelDiffError(message, { kind: 'Argument', code: 'E_ARGUMENT', hint });
}
