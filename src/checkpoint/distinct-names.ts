import { basename, resolve, sep } from 'node:path';
import { spellPlace } from '../wording/address.ts';

/**
 * What checkpoints are called: the last part of their paths, and as many parts before it as tell different ones apart.
 * Never the whole path: the same inputs elsewhere give the same names.
 */
export function tellApart(paths: readonly string[]): string[] {
  const resolved = nameModels(paths).map((path) => resolve(path));
  const different = new Set(resolved).size;
  const parts = resolved.map((path) => path.split(sep).filter((part) => part !== ''));
  const longest = parts.reduce((most, list) => Math.max(most, list.length), 0);
  for (let count = 1; count <= longest; count += 1) {
    const names = parts.map((list) => list.slice(-count).join('/'));
    if (new Set(names).size === different) return names;
  }
  return resolved.map((path) => basename(path));
}

/**
 * Models of the hub by their names, those in a local cache too; without the commits that they were read at, where different ones stay different
 * without.
 */
function nameModels(paths: readonly string[]): readonly string[] {
  const spelt = paths.map(spellPlace);
  const named = spelt.map((path) => path.replace(/^(hf:\/\/[^/]+\/[^/@]+)@[^/]+/, '$1'));
  const different = new Set(paths).size;
  return [named, spelt].find((names) => new Set(names).size === different) ?? paths;
}
