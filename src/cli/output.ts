import { accessSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { catching } from './interrupt.ts';
import { argumentError, ModelDiffError } from '../errors.ts';
import { findFormat, FORMATS, type ReportFormat } from '../report/formats.ts';
import type { ReportFlags } from './flags.ts';
import { describeSystemError } from '../system-error.ts';
import { listNames } from '../wording/sentences.ts';
import { refuseInput } from './checkpoint-files.ts';
import { paceText } from './pace.ts';

/** A file to be written. */
export interface OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** Where it really is. */
  readonly target: string;
  readonly format: ReportFormat;
}

/** The flags that ask for files. */
type OutputFlags = Pick<ReportFlags, 'output' | 'metricsJson'>;

/**
 * Looks at the outputs before a long run begins.
 * @param inputs what is read: it is never written to
 * @throws ModelDiffError `E_ARGUMENT`, `E_NOT_FOUND`, `E_PERMISSION_DENIED` for what could not be written in the end
 */
export function planOutputs({ output = [], metricsJson }: OutputFlags, inputs: readonly string[]): OutputFile[] {
  const metrics = metricsJson === undefined || metricsJson === '-' ? [] : [metricsJson];
  for (const path of metrics) requireJson('--metrics-json', path);
  const files = [
    ...output.map((path) => ({ path, target: findTarget(path), format: readFormat(path) })),
    ...metrics.map((path) => ({ path, target: findTarget(path), format: 'metrics' as const })),
  ];

  for (const [index, file] of files.entries()) {
    if (files.findIndex((other) => other.target === file.target) !== index)
      throw argumentError(`the output ${file.path} is given twice`);
    for (const input of inputs) refuseInput(file, input);
  }
  return files;
}

/** One file of JSON that a flag asks for, looked at as by {@link planOutputs}. */
export function planJsonOutput(path: string, flag: string, inputs: readonly string[]): OutputFile {
  requireJson(flag, path);
  const file = { path, target: findTarget(path), format: 'json' as const };
  for (const input of inputs) refuseInput(file, input);
  return file;
}

const ENDINGS = FORMATS.flatMap(({ endings }) => endings.slice(0, 1));

function readFormat(path: string): ReportFormat {
  const format = findFormat(extname(path));
  if (format !== undefined) return format;
  throw argumentError(
    `cannot tell the format of ${path}: expected a name that ends in ${ENDINGS.join(' ')}`,
    'use --format for stdout',
  );
}

/** A slip such as `--metrics-json model.safetensors` must not cost a file. */
function requireJson(flag: string, path: string): void {
  if (extname(path).toLowerCase() === '.json') return;
  throw argumentError(
    `${flag} ${path}: expected a name that ends in .json${flag === '--metrics-json' ? ', or - for stdout' : ''}`,
  );
}

/** @throws ModelDiffError `E_ARGUMENT` where a checkpoint would come from stdin */
export function refuseStdin(paths: readonly string[]): void {
  if (paths.includes('-'))
    throw argumentError(
      'a checkpoint cannot be read from stdin',
      'save it to a file first; a checkpoint is read in many places at once',
    );
}

/** A file that was written. */
interface Written {
  /** As the user wrote it. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Writes all files or none: each beside its place first, then renamed.
 * @throws the signal's reason once it is aborted
 */
export async function writeOutputs(
  files: readonly (OutputFile & { readonly pieces: Iterable<string> })[],
  signal: AbortSignal,
): Promise<readonly Written[]> {
  return catching(signal, () => writeAndRename(files, signal));
}

async function writeAndRename(
  files: readonly (OutputFile & { readonly pieces: Iterable<string> })[],
  signal: AbortSignal,
): Promise<Written[]> {
  const pending: { path: string; temporary: string; target: string }[] = [];
  try {
    for (const { target, path, pieces } of files) {
      const temporary = join(dirname(target), `.model-diff-${crypto.randomUUID()}.tmp`);
      pending.push({ path, temporary, target });
      await writeFile(temporary, paceText(pieces, signal), { flag: 'wx', signal }).catch((cause: unknown) => {
        signal.throwIfAborted();
        throw describeSystemError(cause, path, 'cannot write');
      });
    }
    signal.throwIfAborted();
    const written: Written[] = [];
    for (const file of pending) written.push(putInPlace(file, written));
    return written;
  } finally {
    for (const { temporary } of pending) rmSync(temporary, { force: true });
  }
}

/** The last step for a file. @param before those that are in place already, which an error says */
function putInPlace(file: { path: string; temporary: string; target: string }, before: readonly Written[]): Written {
  const { path, temporary, target } = file;
  try {
    const { size: bytes } = statSync(temporary);
    renameSync(temporary, target);
    return { path, bytes };
  } catch (cause) {
    const done = before.map((one) => one.path);
    throw describeSystemError(
      cause,
      path,
      'cannot write',
      done.length === 0 ? undefined : `written before that: ${listNames(done)}`,
    );
  }
}

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
