import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { argumentError } from '../errors.ts';
import { findStats, isSamePlace } from './find-stats.ts';
import { isOwnReport } from './own-report.ts';

/** Where something is written. */
export interface Place {
  /** As the user wrote it. */
  readonly path: string;
  /** Behind symbolic links. */
  readonly target: string;
}

/**
 * `-o base/config.json` must not destroy the checkpoint. Before it is loaded nobody knows which files it consists of, so that every file
 * counts that lies in its folder, or beside its file, or that a link there leads to; except what this program wrote there before.
 * @throws ModelDiffError `E_ARGUMENT`
 */
export function refuseInput(output: Place, input: string): void {
  const stats = findStats(output.target);
  if (stats === undefined) return;
  const source = findStats(input);
  const isInput = source !== undefined && isSamePlace(stats, source);
  if (!isInput && (!isAmong(output, input) || isOwnReport(output.target))) return;
  throw argumentError(
    `${output.path} belongs to the checkpoint ${input} and would be overwritten`,
    'choose another name for the report',
  );
}

/**
 * Parts of a comparison do not belong into a checkpoint: it would be another one afterwards.
 * @throws ModelDiffError `E_ARGUMENT`
 */
export function refuseInside(folder: string, inputs: readonly string[]): void {
  // The folder need not be there yet; the one that it is made in is, or writing will say so.
  const place = findStats(folder) === undefined ? resolve(folder) : realpathSync(folder);
  const input = inputs.find((path) => findStats(path)?.isDirectory() === true && isInside(place, realpathSync(path)));
  if (input === undefined) return;
  throw argumentError(`${folder} lies in the checkpoint ${input}`, 'choose a folder outside of it for --run-dir');
}

function isAmong({ path, target }: Place, input: string): boolean {
  // A link is looked at where it lies and where it leads: the cache of the hub keeps contents beside the folders.
  const places = [join(realpathSync(dirname(resolve(path))), basename(path)), target];
  const [, model] = /^hf:\/\/([^@]+)/.exec(input) ?? [];
  if (model !== undefined) return places.some((place) => place.split(sep).includes(`models--${model.replaceAll('/', '--')}`));
  const stats = findStats(input);
  if (stats === undefined) return false; // Loading will say so.
  if (stats.isDirectory()) {
    const folder = realpathSync(input);
    return places.some((place) => isInside(place, folder)) || isLinkedFrom(target, [folder, ...listFolders(folder)]);
  }
  const folders = [dirname(resolve(input)), dirname(realpathSync(input))].map((folder) => realpathSync(folder));
  return places.some((place) => folders.includes(dirname(place))) || isLinkedFrom(target, folders);
}

/** Whether a path lies in a folder, at any depth. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(way) !== way;
}

/** The parts of a pipeline lie in folders of their own. */
function listFolders(folder: string): string[] {
  return listEntries(folder).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
}

function isLinkedFrom(target: string, folders: readonly string[]): boolean {
  const stats = findStats(target);
  if (stats === undefined) return false;
  return folders.some((folder) =>
    listEntries(folder).some((entry) => {
      const found = entry.isSymbolicLink() ? findStats(join(folder, entry.name)) : undefined;
      return found !== undefined && isSamePlace(found, stats);
    }),
  );
}

function listEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
