import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { argumentError, type ErrorCode, ModelDiffError } from '../errors.ts';
import { findFormat, FORMATS, type ReportFormat } from '../report/formats.ts';
import { REPORT_SCHEMA_ID } from '../tool.ts';

/** A file to be written. */
export interface OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** Where it really is. */
  readonly target: string;
  readonly format: ReportFormat;
}

/**
 * Looks at the outputs before a long run begins.
 * @param inputs what is read: it is never written to
 * @throws ModelDiffError `E_ARGUMENT`, `E_NOT_FOUND`, `E_PERMISSION_DENIED` for what could not be written in the end
 */
export function planOutputs(paths: readonly string[], inputs: readonly string[]): OutputFile[] {
  const files = paths.map((path): OutputFile => {
    const format = findFormat(extname(path));
    if (format === undefined) {
      throw argumentError(
        `cannot tell the format of ${path}: expected a name that ends in ${ENDINGS.join(' ')}`,
        'use --format for stdout',
      );
    }
    return { path, target: findTarget(path), format };
  });
  for (const [index, file] of files.entries()) {
    if (files.findIndex((other) => other.target === file.target) !== index)
      throw argumentError(`the output ${file.path} is given twice`);
    for (const input of inputs) refuseInput(file, input);
  }
  return files;
}

const ENDINGS = FORMATS.flatMap(({ endings: [ending = []] }) => ending);

/** @throws ModelDiffError `E_ARGUMENT` where a checkpoint would come from stdin */
export function refuseStdin(paths: readonly string[]): void {
  if (paths.includes('-'))
    throw argumentError(
      'a checkpoint cannot be read from stdin',
      'save it to a file first; a checkpoint is read in many places at once',
    );
}

/** Writes all files or none: each beside its place first, then renamed. @throws the signal's reason once it is aborted */
export async function writeOutputs(
  files: readonly (OutputFile & { readonly text: string })[],
  signal: AbortSignal,
): Promise<void> {
  const pending: { temporary: string; target: string }[] = [];
  try {
    for (const { target, path, text } of files) {
      const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${process.pid}.${pending.length}.tmp`);
      pending.push({ temporary, target });
      await writeFile(temporary, text, { flag: 'wx', signal }).catch((cause: unknown) => {
        signal.throwIfAborted();
        throw describeSystemError(cause, path, 'cannot write');
      });
    }
    signal.throwIfAborted();
    for (const { temporary, target } of pending) renameSync(temporary, target);
  } finally {
    for (const { temporary } of pending) rmSync(temporary, { force: true });
  }
}

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
  ['EPERM', ['E_PERMISSION_DENIED', 'not permitted']],
  ['EROFS', ['E_PERMISSION_DENIED', 'the file system is read-only']],
  ['EISDIR', ['E_IO', 'it is a directory']],
  ['ENOSPC', ['E_IO', 'no space is left on the device']],
]);

/** The place of an output, behind symbolic links: a rename would replace the link. */
function findTarget(path: string): string {
  const absolute = resolve(path);
  try {
    accessSync(dirname(absolute), constants.W_OK);
    if (statSync(dirname(absolute)).isDirectory() && statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    }
  } catch (cause) {
    const folder = dirname(path);
    if (!existsSync(dirname(absolute)))
      throw new ModelDiffError(`cannot write ${path}: the folder ${folder} does not exist`, {
        kind: 'Io',
        code: 'E_NOT_FOUND',
        path,
        hint: 'create the folder first, or choose another one',
        cause,
      });
    throw describeSystemError(cause, path, 'cannot write', 'choose a file in a folder that you can write to');
  }
  try {
    return realpathSync(absolute);
  } catch {
    return join(realpathSync(dirname(absolute)), basename(absolute));
  }
}

/** Files that lie in checkpoints and have an ending of a report. */
const CHECKPOINT_FILES = /\.json$|^(?:merges|vocab)\.txt$|^readme\.md$/i;

/** `-o base/config.json` must not destroy the checkpoint. A report that was written there before may be replaced. */
function refuseInput(file: OutputFile, input: string): void {
  const stats = statSync(input, { throwIfNoEntry: false });
  if (stats === undefined) return; // Loading will say so.
  const source = realpathSync(input);
  const folder = stats.isDirectory() ? source : dirname(source);
  const isBeside = dirname(file.target) === folder && CHECKPOINT_FILES.test(basename(file.target)) && existsSync(file.target);
  if (file.target !== source && (!isBeside || isOwnReport(file.target))) return;
  throw argumentError(
    `${file.path} belongs to the checkpoint ${input} and would be overwritten`,
    'choose another name for the report',
  );
}

function isOwnReport(path: string): boolean {
  const start = Buffer.alloc(100);
  const descriptor = openSync(path, 'r');
  try {
    return start.toString('latin1', 0, readSync(descriptor, start)).includes(REPORT_SCHEMA_ID.replace(/\d+$/, ''));
  } finally {
    closeSync(descriptor);
  }
}
