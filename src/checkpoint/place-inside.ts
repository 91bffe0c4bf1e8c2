import { basename, relative } from 'node:path';

/** A path as one that begins at the checkpoint: reports never tell where on a machine it lies. */
export function placeInside(checkpoint: string, path: string): string {
  const found = relative(checkpoint, path);
  return found === '' || found.startsWith('..') ? basename(path) : found;
}
