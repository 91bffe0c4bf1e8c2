/**
 * `prepublishOnly`: publishes the platform packages and writes them into `optionalDependencies` of the root package.
 * `napi prepublish` only warns about a missing binary, so that is checked here first.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/host.mjs';
import { mustRun, ScriptError, start, tool } from './lib/run.mjs';

await start(async () => {
  const { version, napi } = readJson('package.json');
  const folders = readdirSync(join(root, 'npm'));
  if (folders.length !== napi.targets.length) {
    throw new ScriptError(
      `package.json names ${napi.targets.length} targets, npm/ has ${folders.length} folders: run napi create-npm-dirs`,
    );
  }
  const problems = folders.flatMap((folder) => {
    const manifest = readJson(`npm/${folder}/package.json`);
    return [
      ...(existsSync(join(root, 'npm', folder, manifest.main)) ? [] : [`npm/${folder}/${manifest.main} is missing`]),
      ...(manifest.version === version ? [] : [`npm/${folder} has version ${manifest.version}, the package ${version}`]),
    ];
  });
  if (problems.length > 0) {
    throw new ScriptError(`not every platform is ready to be published:\n  ${problems.join('\n  ')}`);
  }
  // npm runs this script for `npm publish --dry-run` as well, and napi does not look at that by itself.
  const dryRun = process.env.npm_config_dry_run === 'true' ? ['--dry-run'] : [];
  await mustRun([
    ...tool('@napi-rs/cli', 'napi'),
    'prepublish',
    '--tag-style',
    'npm',
    '--npm-dir',
    'npm',
    '--no-gh-release',
    ...dryRun,
  ]);
});

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
