import { type ErrorCode, ModelDiffError } from './errors.ts';

/** An error of the system as one of ours. */
export function describeSystemError(cause: unknown, path: string, what: string, hint?: string): ModelDiffError {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  const [name, reason] = SYSTEM_ERRORS.get(code) ?? ['E_IO', cause instanceof Error ? cause.message : String(cause)];
  return new ModelDiffError(`${what} ${path}: ${reason}`, { kind: 'Io', code: name, path, hint, cause });
}

const SYSTEM_ERRORS: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['ENOENT', ['E_NOT_FOUND', 'no such file or directory']],
  ['ENOTDIR', ['E_NOT_FOUND', 'a part of the path is not a directory']],
  ['EACCES', ['E_PERMISSION_DENIED', 'permission denied']],
  // What Windows answers for a file that is open elsewhere, too.
  [
    'EPERM',
    ['E_PERMISSION_DENIED', process.platform === 'win32' ? 'not permitted, or another program has it open' : 'not permitted'],
  ],
  ['EBUSY', ['E_IO', 'another program is using it']],
  ['EROFS', ['E_PERMISSION_DENIED', 'the file system is read-only']],
  ['ENAMETOOLONG', ['E_IO', 'the name is too long']],
  ['EISDIR', ['E_IO', 'it is a directory']],
  ['ENOSPC', ['E_IO', 'no space is left on the device']],
]);
