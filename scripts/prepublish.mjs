/**
 * `prepublishOnly`: takes the binaries from artifacts/, publishes the platform packages and writes them into `optionalDependencies` of the root package.
 * `napi prepublish` only looks whether the binaries are there, so what they are is looked at here first.
 *   --check   looks, and publishes nothing
 */

import { completePackages, findProblems, placeBinaries } from './lib/platform-packages.mjs';
import { mustRun, ScriptError, start, tool } from './lib/run.mjs';

await start(async () => {
  placeBinaries();
  completePackages();
  const problems = findProblems();
  if (problems.length > 0) {
    throw new ScriptError(`not every platform is ready to be published:\n  ${problems.join('\n  ')}`);
  }
  if (process.argv.includes('--check')) return;
  // npm runs this script for `npm publish --dry-run` as well, and napi does not look at that by itself.
  const dryRun = process.env.npm_config_dry_run === 'true' ? ['--dry-run'] : [];
  const options = ['--tag-style', 'npm', '--npm-dir', 'npm', '--no-gh-release'];
  await mustRun([...tool('@napi-rs/cli', 'napi'), 'prepublish', ...options, ...dryRun]);
});
