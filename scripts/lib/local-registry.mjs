/** A registry on this machine with the packages as they would be published, and the rest of the registry behind it. */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root, triple } from './host.mjs';
import { placeBinaries } from './platform-packages.mjs';
import { mustRun, ScriptError } from './run.mjs';

/** verdaccio takes a node-fetch that its registry client does not start with, unless told otherwise. */
const TOOLS = { private: true, dependencies: { verdaccio: '^6.0.0' }, overrides: { 'node-fetch': '2.7.0' } };

/** What a release is made of, beside the platform packages. */
const SOURCES = [
  'package.json',
  'npm',
  'scripts',
  'dist',
  'index.d.ts',
  'schema',
  'examples/tiny-gpt/base',
  'examples/tiny-gpt/lora-merged',
  'crates/diff-node/THIRD-PARTY-NOTICES.md',
];
const TEXTS = ['README.md', 'CHANGELOG.md', 'LICENSE', 'THIRD-PARTY-NOTICES.md'];

/**
 * @typedef {object} Registry
 * @property {string} url
 * @property {string} npmrc Settings for npm, to be copied into a project.
 * @property {Readonly<Record<string, string>>} env The same for programs that are started.
 * @property {() => void} stop
 */

/**
 * Starts a registry and publishes the root and all platform packages to it, by `npm publish` and what it calls. Platforms without a binary
 * in artifacts/ get the small library of the tests that says it is one.
 * @param {string} folder An empty one.
 * @returns {Promise<Registry>}
 */
export async function publishLocally(folder) {
  const registry = await startRegistry(folder);
  try {
    const stage = stageRelease(join(folder, 'release'));
    await mustRun(['npm', 'publish', '--tag', 'latest'], { cwd: stage, env: registry.env, output: 'keep' });
    return registry;
  } catch (error) {
    registry.stop();
    throw error;
  }
}

/** @param {string} folder */
async function startRegistry(folder) {
  const tools = join(folder, 'verdaccio');
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, 'package.json'), JSON.stringify(TOOLS));
  await mustRun(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: tools, output: 'keep' });
  const port = await findPort();
  const url = `http://localhost:${port}/`;
  const everyone = { access: '$all', publish: '$all' };
  writeFileSync(
    join(tools, 'config.yaml'),
    // JSON is YAML.
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: { npmjs: { url: 'https://registry.npmjs.org/', maxage: '1d' } },
      packages: { '@model-diff/*': everyone, 'model-diff': everyone, '**': { ...everyone, proxy: 'npmjs' } },
      max_body_size: '50mb',
      log: { type: 'file', path: join(folder, 'verdaccio.log'), level: 'warn' },
    }),
  );
  const npmrc = join(folder, 'npmrc');
  writeFileSync(
    npmrc,
    `registry=${url}\n//localhost:${port}/:_authToken=anyone\nupdate-notifier=false\naudit=false\nfund=false\n`,
  );
  const program = join(tools, 'node_modules/verdaccio/bin/verdaccio');
  const server = spawn(process.execPath, [program, '--config', join(tools, 'config.yaml'), '--listen', String(port)], {
    cwd: tools,
    stdio: 'ignore',
  });
  const stop = () => void server.kill();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      stop();
      process.exit(1);
    });
  }
  await untilAnswering(url).catch((error) => {
    stop();
    throw error;
  });
  const env = { npm_config_userconfig: npmrc, npm_config_registry: url };
  return { url, npmrc, env, stop };
}

/** The files of a release in a folder of their own: publishing rewrites package.json. @param {string} stage */
function stageRelease(stage) {
  for (const path of [...SOURCES, ...TEXTS]) {
    cpSync(join(root, path), join(stage, path), { recursive: true, filter: (from) => !from.endsWith('.node') });
  }
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'), 'junction');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const npm = join(stage, 'npm');
  placeBinaries(npm);
  for (const target of readdirSync(npm)) {
    const file = join(npm, target, `model-diff.${target}.node`);
    if (existsSync(file)) continue;
    if (target === triple()) {
      throw new ScriptError(
        `artifacts/${target} has no binary: node scripts/cross.mjs ${target} builds one for old versions of glibc`,
      );
    }
    const bytes = readFileSync(join(root, '__test__/fixtures/binaries', `${target}.node`));
    bytes.write(`@model-diff/binding@${version};`, bytes.indexOf('@model-diff/binding@'), 'latin1');
    writeFileSync(file, bytes);
  }
  return stage;
}

/** @param {string} url */
async function untilAnswering(url) {
  for (let attempts = 0; attempts < 120; attempts += 1) {
    const answer = await fetch(`${url}-/ping`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new ScriptError('the local registry does not answer');
}

/** @returns {Promise<number>} A port that nobody listens to. */
function findPort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** Removes what {@link publishLocally} left. @param {string} folder */
export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
