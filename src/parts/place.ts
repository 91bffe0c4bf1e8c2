import { basename, relative, resolve, sep } from 'node:path';
import { isAddress } from '../wording/address.ts';

/** A path that means the same in every folder; addresses do so by themselves. */
export function resolvePath(path: string): string {
  return isAddress(path) ? path : resolve(path);
}

/** The commit at which a model of the hub is read; null for any other path. */
export function readCommit(path: string): string | null {
  return /^hf:\/\/[^@]+@([0-9a-f]{40})(?:\/|$)/.exec(path)?.[1] ?? null;
}

/** A file by its path inside the checkpoint, with slashes. */
export function nameInside(checkpoint: string, path: string): string {
  const found = relative(checkpoint, path);
  return found === '' || found.startsWith('..') ? basename(path) : found.split(sep).join('/');
}
