import type { Finding } from './checkpoint/types.ts';

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

/** One name for each way to fail; stable, also for scripts. */
export type ErrorCode =
  | 'E_AMBIGUOUS_DIRECTORY'
  | 'E_ARGUMENT'
  | 'E_BAD_MAGIC'
  | 'E_CANCELLED'
  | 'E_DUPLICATE_NAME'
  | 'E_EMPTY_FILE'
  | 'E_FILE_CHANGED'
  | 'E_GIT_LFS_POINTER'
  | 'E_HEADER_TOO_LARGE'
  | 'E_HTML_INSTEAD_OF_MODEL'
  | 'E_INFLATE_ERROR'
  | 'E_INTERNAL'
  | 'E_INVALID_HEADER'
  | 'E_INVALID_PART'
  | 'E_INVALID_PLAN'
  | 'E_IO'
  | 'E_LIMIT_EXCEEDED'
  | 'E_MISSING_PART'
  | 'E_MISSING_RECORD'
  | 'E_MISSING_SHARD'
  | 'E_NATIVE_LOAD'
  | 'E_NETWORK'
  | 'E_NOT_FOUND'
  | 'E_NO_COMMON_TENSORS'
  | 'E_NO_DATA'
  | 'E_NO_TENSORS'
  | 'E_OFFSET_HOLE'
  | 'E_OFFSET_OVERLAP'
  | 'E_OUT_OF_BOUNDS'
  | 'E_PATH_ESCAPE'
  | 'E_PERMISSION_DENIED'
  | 'E_PICKLE_BAD_OPCODE'
  | 'E_PICKLE_MEMO'
  | 'E_PICKLE_STACK'
  | 'E_PICKLE_TOO_DEEP'
  | 'E_PLAN_MISMATCH'
  | 'E_SHAPE_OVERFLOW'
  | 'E_SHARD_ONLY'
  | 'E_SIZE_MISMATCH'
  | 'E_STORAGE_SIZE_MISMATCH'
  | 'E_TRAILING_DATA'
  | 'E_UNEXPECTED_EOF'
  | 'E_UNKNOWN_FORMAT'
  | 'E_UNSUPPORTED_ARCHIVE'
  | 'E_UNSUPPORTED_DTYPE'
  | 'E_UNSUPPORTED_FORMAT'
  | 'E_UNSUPPORTED_LAYOUT'
  | 'E_UNSUPPORTED_VERSION'
  | 'E_ZIP_BAD_SIGNATURE'
  | 'E_ZIP_DUPLICATE'
  | 'E_ZIP_ENCRYPTED'
  | 'E_ZIP_METHOD';

/** Where and how an error happened. */
export interface ErrorDetails {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly path?: string | undefined;
  readonly tensor?: string | undefined;
  /** The option that is wrong, as the library calls it. */
  readonly option?: string | undefined;
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
  readonly code: ErrorCode;
  readonly path?: string | undefined;
  readonly tensor?: string | undefined;
  readonly option?: string | undefined;
  readonly offset?: number | undefined;
  readonly hint?: string | undefined;
  readonly findings: readonly Finding[];

  constructor(message: string, details: ErrorDetails) {
    if (typeof details !== 'object' || details === null)
      throw argumentError('a ModelDiffError needs its details', "as { kind: 'Argument', code: 'E_ARGUMENT' }");
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.code = details.code;
    this.path = details.path;
    this.tensor = details.tensor;
    this.option = details.option;
    this.offset = details.offset;
    this.hint = details.hint;
    this.findings = details.findings ?? [];
  }
}

/**
 * A wrong argument of a call: what was given, and what would be right.
 * @param option the option it is about, as the library calls it
 */
export function argumentError(message: string, hint?: string, option?: string): ModelDiffError {
  return new ModelDiffError(message, { kind: 'Argument', code: 'E_ARGUMENT', hint, option });
}
