import { realpathSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { binding } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { isAddress, spellAddress, spellPlace } from '../wording/address.ts';

/** A place in a model of the hub at one commit: the same bytes, wherever they are read from. */
export interface HubPlace {
  /** `ORG/NAME` */
  readonly model: string;
  readonly commit: string;
  /** The path inside the model, with slashes; empty for the model itself. */
  readonly inside: string;
}

/** Where in a model of the hub a path leads, into the hub itself or a local cache of it; null for any other path. */
export function findHubPlace(path: string): HubPlace | null {
  const [, model, commit, inside = ''] = /^hf:\/\/([^@]+)@([0-9a-f]{40})(?:\/(.*))?$/s.exec(spellPlace(path)) ?? [];
  if (model === undefined || commit === undefined) return null;
  return isAddress(path) || isOfCache(path, commit) ? { model, commit, inside } : null;
}

/** Whether a path in a snapshot stays in the cache of its model: a link out of it leads to what the hub knows nothing of. */
function isOfCache(path: string, commit: string): boolean {
  const folder = dirname(path.slice(0, path.indexOf(commit)));
  try {
    return realpathSync(path).startsWith(realpathSync(folder) + sep);
  } catch {
    return false;
  }
}

/**
 * A path that leads to the same everywhere and at any time: absolute; of a URL without its query, which may be a signature; of a model of the
 * hub at its commit.
 *
 * @param opened paths that it was found to lead to, the last one first
 */
export function pinPath(given: string, opened: readonly string[]): string {
  if (!isAddress(given)) return resolve(given);
  const asked = unwrap(binding().hubAddress(given));
  const found = opened.map(findHubPlace).findLast((place) => place !== null && place.model === asked?.name);
  if (asked === null || found === undefined || found === null) return spellAddress(given);
  return [`hf://${found.model}@${found.commit}`, ...(asked.path === undefined ? [] : [asked.path])].join('/');
}

/** A file by its path inside the checkpoint, with slashes. */
export function nameInside(checkpoint: string, path: string): string {
  const found = relative(checkpoint, path);
  return found === '' || found.startsWith('..') ? basename(path) : found.split(sep).join('/');
}
