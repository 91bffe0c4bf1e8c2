import { basename, resolve, sep } from 'node:path';

/**
 * What the two checkpoints are called in reports: the last part of their paths, and as many parts before it as tell them apart.
 * Never the whole path: the same inputs elsewhere give the same report.
 */
export function nameCheckpoints(old: string, next: string): readonly [string, string] {
  const paths = [resolve(old), resolve(next)] as const;
  if (paths[0] === paths[1]) return [basename(paths[0]), basename(paths[1])];
  const parts = paths.map((path) => path.split(sep).filter((part) => part !== ''));
  const longest = Math.max(...parts.map((list) => list.length));
  for (let count = 1; count <= longest; count += 1) {
    const names = parts.map((list) => list.slice(-count).join('/'));
    if (names[0] !== names[1]) return [names[0] ?? '', names[1] ?? ''];
  }
  return [basename(paths[0]), basename(paths[1])];
}
