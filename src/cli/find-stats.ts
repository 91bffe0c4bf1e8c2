import { type Stats, statSync } from 'node:fs';

/** What a path leads to; undefined where nothing can be seen there, for whatever reason. Whoever opens it says why. */
export function findStats(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Whether both lead to one file or folder. */
export function isSamePlace(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
