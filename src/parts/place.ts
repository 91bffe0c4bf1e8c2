import { basename, relative, resolve, sep } from 'node:path';

/** A path that means the same in every folder; names on the hub do so by themselves. */
export function resolvePath(path: string): string {
  return /^(?:hf|https):\/\//.test(path) ? path : resolve(path);
}

/** A file by its path inside the checkpoint, with slashes. */
export function nameInside(checkpoint: string, path: string): string {
  const found = relative(checkpoint, path);
  return found === '' || found.startsWith('..') ? basename(path) : found.split(sep).join('/');
}
