/** Packages of Debian, unpacked into folders: nothing is installed. For scripts/cross.mjs. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, ScriptError } from './run.mjs';

/**
 * @typedef {object} Debs
 * @property {readonly string[]} names
 * @property {string} [release] Of Debian, where this one's are too old.
 * @property {string} [architecture] This machine's by default.
 */

/**
 * Unpacks packages into a folder, unless it is there already.
 * @param {readonly Debs[]} debs
 * @param {string} folder
 */
export async function unpackDebs(debs, folder) {
  if (existsSync(folder)) return;
  const [downloads, unpacked] = [`${folder}.debs`, `${folder}.new`];
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  for (const { names, release, architecture } of debs) {
    const apt = release === undefined && architecture === undefined ? [] : await listPackages(downloads, release, architecture);
    await mustRun(['apt-get', ...apt, 'download', ...names], { cwd: downloads, output: 'keep' });
  }
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
    await mustRun(['dpkg', '-x', join(downloads, file), unpacked]);
  // Whole, or not at all: an interrupted call starts again.
  renameSync(unpacked, folder);
  rmSync(downloads, { recursive: true });
}

/** A package with a version in its name, on which another one depends. @param {string} of @param {RegExp} pattern */
export async function findDependency(of, pattern) {
  const found = pattern.exec(await mustRun(['apt-cache', 'depends', of], { output: 'keep' }))?.[0];
  if (found === undefined) throw new ScriptError(`apt-cache knows nothing of ${of}: this needs Debian 12, and apt-get update`);
  return found;
}

/**
 * Lists of another release or architecture of Debian, beside the system's.
 * @param {string} folder
 * @returns {Promise<string[]>} Options for apt-get.
 */
async function listPackages(folder, release = 'bookworm', architecture = 'amd64') {
  const lists = join(folder, `${release}-${architecture}`);
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const sources = `${lists}.list`;
  writeFileSync(
    sources,
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${release} main\n`,
  );
  const options = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': lists,
  };
  const apt = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await mustRun(['apt-get', ...apt, 'update', '-q'], { output: 'keep' });
  return apt;
}
