/**
 * Makes a clone ready to use: installs and builds what is missing or older than its sources, and nothing else.
 * Plain Node without dependencies, in syntax that old versions read, so that it can say what is missing.
 */

import { pathToFileURL } from 'node:url';
import { isDistStale, isInstallStale, isNativeStale } from './lib/freshness.mjs';
import { isAtLeast, root } from './lib/host.mjs';
import { mustRun, probe, ScriptError, start } from './lib/run.mjs';

const OLDEST_NODE = '20.19';
const OLDEST_CARGO = '1.89';

/** Checks the tools, then installs and builds what is not up to date. */
export async function setup() {
  requireNode();
  if (isInstallStale()) {
    console.log('Installing the development packages (npm ci) ...');
    await mustRun(['npm', 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  if (isNativeStale()) {
    requireCargo();
    console.log('Building the native add-on (some two minutes the first time) ...');
    await mustRun([process.execPath, `${root}/scripts/build.mjs`, 'native']);
  }
  if (isDistStale()) {
    console.log('Building dist/ ...');
    await mustRun([process.execPath, `${root}/scripts/build.mjs`, 'dist']);
  }
}

/** Throws unless this Node is new enough. */
export function requireNode() {
  if (!isAtLeast(process.versions.node, OLDEST_NODE)) {
    throw new ScriptError(
      `Node ${process.versions.node} is too old: model-diff needs ${OLDEST_NODE} or newer.\n` +
        'Install a current one from https://nodejs.org or with a version manager (nvm, fnm, volta).',
    );
  }
}

/** Throws unless there is a Rust toolchain that is new enough. */
export function requireCargo() {
  const found = (probe(['cargo', '--version']) || '').split(' ')[1];
  const how =
    'Install Rust from https://rustup.rs (on Debian 12: apt-get install cargo-web rustc-web rustfmt-web gcc), then run this again.';
  if (found === undefined) {
    throw new ScriptError(
      `cargo is missing: the native part is built from source and needs Rust ${OLDEST_CARGO} or newer.\n${how}`,
    );
  }
  if (!isAtLeast(found, OLDEST_CARGO)) {
    throw new ScriptError(`cargo ${found} is too old: the native part needs Rust ${OLDEST_CARGO} or newer.\n${how}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] || '').href) {
  await start(setup);
}
