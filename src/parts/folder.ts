import { type FileHandle, link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { ModelDiffError } from '../errors.ts';
import { describeSystemError } from '../system-error.ts';

/** Parts at most: their numbers have five digits in the names of files. */
export const MOST_PARTS = 99_999;

export function planPath(directory: string): string {
  return join(directory, 'plan.json');
}

export function partsFolder(directory: string): string {
  return join(directory, 'parts');
}

export function partPath(directory: string, part: number, of: number): string {
  return join(partsFolder(directory), `${digits(part)}-of-${digits(of)}.mdp`);
}

/** The number that a file has by its name; null for a name that is not of a part of so many. */
export function readPartName(name: string, of: number): number | null {
  const [, part, all] = /^(\d{5})-of-(\d{5})\.mdp$/.exec(name) ?? [];
  const number = Number(part);
  return Number(all) === of && number >= 1 && number <= of ? number : null;
}

export function progressPath(directory: string, part: number): string {
  return join(directory, 'progress', `${digits(part)}.json`);
}

function digits(number: number): string {
  return String(number).padStart(5, '0');
}

/** What files that are not finished begin with. */
export const TEMPORARY = '.tmp-';

/**
 * Writes a file whole or not at all: whoever sees its name, on this machine or another, sees all of it.
 * @param isNew keeps a file that is there already, and answers false
 * @param before what to do when all is written, and has no name yet
 */
export async function writeWhole(
  path: string,
  chunks: readonly (string | Uint8Array)[],
  { isNew = false, before }: { readonly isNew?: boolean; readonly before?: () => void } = {},
): Promise<boolean> {
  const folder = dirname(path);
  const temporary = join(folder, `${TEMPORARY}${hostname().replaceAll(/[^\w.-]/g, '_')}-${process.pid}-${crypto.randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      for (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    before?.();
    if (isNew) {
      if (!(await linkNew(temporary, path))) return false;
    } else {
      await rename(temporary, path);
    }
    await syncFolder(folder);
    return true;
  } catch (cause) {
    throw describeSystemError(cause, path, 'cannot write');
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Gives a file a name that nothing has yet; whether that could be. Where the file system knows no hard links, two writers at the same moment may both. */
async function linkNew(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) return false;
    await rename(temporary, path);
    return true;
  }
}

/** A name is safe from a crash only when its folder is. Windows cannot be asked for that. */
async function syncFolder(folder: string): Promise<void> {
  let opened: FileHandle | undefined;
  try {
    opened = await open(folder, 'r');
    await opened.sync();
  } catch (error) {
    if (!['EPERM', 'EISDIR', 'EINVAL', 'EACCES', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await opened?.close();
  }
}

/**
 * Reads a file; null where there is none.
 * @throws `ModelDiffError` for one that cannot be read or is larger than `most` bytes
 */
export async function readWhole(path: string, most: number): Promise<Buffer | null> {
  try {
    const stats = await stat(path);
    // A pipe would never end.
    if (!stats.isFile()) throw notReadable(path, 'expected a file');
    if (stats.size > most) throw notReadable(path, `expected at most ${most} bytes, found ${stats.size}`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof ModelDiffError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw describeSystemError(cause, path, 'cannot read');
  }
}

function notReadable(path: string, why: string): ModelDiffError {
  return new ModelDiffError(`cannot read ${path}: ${why}`, { kind: 'Format', code: 'E_IO', path });
}
