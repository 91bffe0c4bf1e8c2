/** What this machine is, and where the project lies on it. No dependencies: this runs before `npm ci`. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Name of this platform as in `npm/` and in the add-on's file name: `linux-x64-gnu`, `darwin-arm64`, …
 * @returns {string}
 */
export function triple() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  return process.platform === 'linux' ? `${base}-${usesGlibc() ? 'gnu' : 'musl'}` : base;
}

/**
 * File name of the native add-on for this platform.
 * @returns {string}
 */
export function addonName() {
  return `model-diff.${triple()}.node`;
}

/**
 * Whether version `found` is `wanted` or newer, compared number by number: `20.9.1` is older than `20.19`.
 * @param {string} found
 * @param {string} wanted
 * @returns {boolean}
 */
export function isAtLeast(found, wanted) {
  const have = found.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, part] of wanted.split('.').entries()) {
    const difference = (have[index] || 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function usesGlibc() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return Boolean(report.header?.glibcVersionRuntime);
}
