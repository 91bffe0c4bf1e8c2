import { realpathSync } from 'node:fs';
import { basename, relative, resolve, sep } from 'node:path';
import { binding } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { isAddress, spellAddress } from '../wording/address.ts';

/** A model of the hub at one commit: the same wherever its bytes are read from. */
export interface HubPlace {
  /** `ORG/NAME` */
  readonly model: string;
  readonly commit: string;
  /** The path inside the model, with slashes. */
  readonly inside: string;
}

/** Which model of the hub a path lies in, of one that is read from the hub or from a local cache of it; null for any other path. */
export function readHubPlace(path: string): HubPlace | null {
  const remote = /^hf:\/\/(?<model>[^@]+)@(?<commit>[0-9a-f]{40})(?:\/(?<inside>.*))?$/s.exec(path)?.groups;
  const cached =
    /^(?<folder>(?:.*[\\/])?models--(?<model>[^\\/]+))[\\/]snapshots[\\/](?<commit>[0-9a-f]{40})(?:[\\/](?<inside>.*))?$/s.exec(
      path,
    )?.groups;
  const { folder, model, commit, inside = '' } = remote ?? cached ?? {};
  if (model === undefined || commit === undefined || (folder !== undefined && !isInside(path, folder))) return null;
  return { model: model.replaceAll('--', '/'), commit, inside: inside.replaceAll('\\', '/') };
}

/** Whether a path leads into a folder with all its links: one out of the cache leads to what the hub knows nothing of. */
function isInside(path: string, folder: string): boolean {
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
  const found = opened.map(readHubPlace).findLast((place) => place !== null && place.model === asked?.name);
  if (asked === null || found === undefined || found === null) return spellAddress(given);
  return [`hf://${found.model}@${found.commit}`, ...(asked.path === undefined ? [] : [asked.path])].join('/');
}

/** A file by its path inside the checkpoint, with slashes. */
export function nameInside(checkpoint: string, path: string): string {
  const found = relative(checkpoint, path);
  return found === '' || found.startsWith('..') ? basename(path) : found.split(sep).join('/');
}
