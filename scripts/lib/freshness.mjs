/** What has to be built again, judged by modification times as make does. No dependencies: this runs before `npm ci`. */

import { readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { addonName, root } from './host.mjs';

const NATIVE_SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', '.cargo', 'rust-toolchain.toml', 'package.json'];
const NATIVE_OUTPUTS = [`src/${addonName()}`, 'src/binding.d.cts'];
const DIST_SOURCES = [
  'src',
  'package.json',
  'package-lock.json',
  'rolldown.config.mjs',
  'scripts/build.mjs',
  'scripts/lib/page-assets.mjs',
];
const DIST_OUTPUTS = ['src/report/html/assets.ts', 'dist/index.js', 'dist/cli.js', `dist/${addonName()}`];

/** Folders whose files are in no output. */
const OTHERS = new Set(['target', 'node_modules', 'benches', 'tests']);

/** @returns {boolean} Whether `npm ci` has to run. */
export function isInstallStale() {
  return isStale(['package-lock.json'], ['node_modules/.package-lock.json']);
}

/** @returns {boolean} Whether the native add-on has to be built. */
export function isNativeStale() {
  return isStale(NATIVE_SOURCES, NATIVE_OUTPUTS);
}

/** @returns {boolean} Whether `dist/` has to be built. */
export function isDistStale() {
  return isStale(DIST_SOURCES, DIST_OUTPUTS);
}

/**
 * Gives outputs the time at which their build began, so that a source edited during the build counts as newer.
 * @param {'native' | 'dist'} which
 * @param {Date} began
 */
export function stamp(which, began) {
  for (const output of which === 'native' ? NATIVE_OUTPUTS : DIST_OUTPUTS) {
    utimesSync(join(root, output), began, began);
  }
}

/**
 * @param {readonly string[]} sources Files and folders.
 * @param {readonly string[]} outputs Files.
 */
function isStale(sources, outputs) {
  const newestSource = Math.max(...sources.map((path) => newest(join(root, path))));
  return outputs.some((path) => {
    const time = newest(join(root, path));
    return time === 0 || time < newestSource;
  });
}

/**
 * Time of the newest file in a file or folder; 0 where there is none.
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path)
    .filter((name) => !OTHERS.has(name))
    .reduce((time, name) => Math.max(time, newest(join(path, name))), 0);
}
