/**
 * Builds parts of the package: `node scripts/build.mjs native dist types`.
 *   native  the add-on from crates/diff-node and its declarations, into src/. Flags after it go to `napi build`: `--target` and the like
 *   dist    dist/index.js and dist/cli.js, with the add-on beside them, and before that the style and scripts of pages
 *   types   index.d.ts, the public declarations in one file, and schema/, the forms of what is written for programs
 */

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED } from './contract.mjs';
import { stamp } from './lib/freshness.mjs';
import { addonName, root } from './lib/host.mjs';
import { mustRun, ScriptError, start, tool } from './lib/run.mjs';

const SHEBANG = '#!/usr/bin/env node\n';

const words = process.argv.slice(2);
const firstFlag = [...words, '-'].findIndex((word) => word.startsWith('-'));
const parts = words.slice(0, firstFlag);
const flags = words.slice(firstFlag);

/** @type {Record<string, () => Promise<void>>} */
const PARTS = {
  native: buildNative,
  dist: buildDist,
  types: async () => {
    for (const [name, make] of Object.entries(GENERATED)) await make(join(root, name));
  },
};

async function buildNative() {
  const began = new Date();
  const crate = ['--manifest-path', 'crates/diff-node/Cargo.toml', '--platform', '--release'];
  const outputs = ['--output-dir', 'src', '--no-js', '--dts', 'binding.d.cts', '--no-const-enum'];
  const locked = process.env.CI ? ['--', '--locked'] : [];
  await mustRun([...tool('@napi-rs/cli', 'napi'), 'build', ...crate, ...outputs, ...flags, ...locked]);
  // For another platform there may be none for this one.
  if (flags.length === 0) stamp('native', began);
}

async function buildDist() {
  const began = new Date();
  const [{ rolldown }, { default: config }, { writePageAssets }] = await Promise.all([
    import('rolldown'),
    import('../rolldown.config.mjs'),
    import('./lib/page-assets.mjs'),
  ]);
  await writePageAssets();
  const bundle = await rolldown({ cwd: root, ...config });
  const { output } = await bundle.write(/** @type {import('rolldown').OutputOptions} */ (config.output));
  await bundle.close();

  const dist = join(root, 'dist');
  makeExecutable(join(dist, 'cli.js'));
  replace(join(root, 'src', addonName()), join(dist, addonName()));
  // What an earlier build left and this one did not write. Deleted last: the folder is usable at every moment.
  const written = new Set([...output.map((file) => file.fileName), addonName()]);
  for (const name of readdirSync(dist)) {
    if (!written.has(name)) rmSync(join(dist, name), { recursive: true });
  }
  stamp('dist', began);
}

/** @param {string} path */
function makeExecutable(path) {
  const code = readFileSync(path, 'utf8');
  if (!code.startsWith('#!')) writeFileSync(path, SHEBANG + code);
  chmodSync(path, 0o755);
}

/**
 * Copies by way of a rename: a process that has the old add-on mapped must not see it change.
 * @param {string} from
 * @param {string} to
 */
function replace(from, to) {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

await start(async () => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const name of parts) {
    const build = PARTS[name];
    if (build === undefined) throw new ScriptError(`there is no part ${name}: ${Object.keys(PARTS).join(', ')}`);
    await build();
  }
});
