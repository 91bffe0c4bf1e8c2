/**
 * Builds the add-on for other platforms on Debian for x64, into artifacts/, as a release does elsewhere with the tools of each platform:
 * `node scripts/cross.mjs [PLATFORM ...] [--check] [--quick]`, by default all. What a platform can be run with here is run: all examples are compared, and their
 * reports are to be those of linux-x64-gnu byte for byte. Warnings are errors.
 *   --check   type-checks for the targets of the releases, Microsoft's included, and builds nothing
 *   --quick   without the optimisations that take long
 *
 * zig links for all of them, and Debian's compiler of its browsers (rustc-web) comes with the sources of the standard library, which is built for each target.
 * Both are unpacked into MODEL_DIFF_CROSS (default: ~/.cache/model-diff-cross), and nothing is installed. The binaries for Windows have the GNU ABI: they show that
 * it works there, and are not those of a release.
 */

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeBinary } from './lib/binary.mjs';
import { findDependency, unpackDebs } from './lib/debian.mjs';
import { runExamples } from './lib/emulators.mjs';
import { root } from './lib/host.mjs';
import { checkBinary } from './lib/platform-packages.mjs';
import { mustRun, ScriptError, start } from './lib/run.mjs';

const tools = process.env.MODEL_DIFF_CROSS ?? join(homedir(), '.cache', 'model-diff-cross');
const rust = join(tools, 'rust');
const shims = join(tools, 'shims');

/** How each platform is built here, and what a release builds it for. @type {Readonly<Record<string, { target: string, release: string, flags?: string }>>} */
const PLATFORMS = {
  'linux-x64-gnu': { target: 'x86_64-unknown-linux-gnu.2.17', release: 'x86_64-unknown-linux-gnu' },
  'linux-arm64-gnu': { target: 'aarch64-unknown-linux-gnu.2.17', release: 'aarch64-unknown-linux-gnu' },
  'linux-x64-musl': {
    target: 'x86_64-unknown-linux-musl',
    release: 'x86_64-unknown-linux-musl',
    flags: '-C target-feature=-crt-static',
  },
  'linux-arm64-musl': {
    target: 'aarch64-unknown-linux-musl',
    release: 'aarch64-unknown-linux-musl',
    flags: '-C target-feature=-crt-static',
  },
  'darwin-arm64': { target: 'aarch64-apple-darwin', release: 'aarch64-apple-darwin' },
  'darwin-x64': { target: 'x86_64-apple-darwin', release: 'x86_64-apple-darwin' },
  'win32-x64-msvc': { target: 'x86_64-pc-windows-gnu', release: 'x86_64-pc-windows-msvc' },
  'win32-arm64-msvc': { target: 'aarch64-pc-windows-gnullvm', release: 'aarch64-pc-windows-msvc' },
};

const CRATE = ['--package', 'diff-node', '--locked', '-Zbuild-std=std,panic_unwind'];

/** Debian packages of the compiler, and what it is linked to. */
const PACKAGES = [
  'rustc-web',
  'cargo-web',
  'libstd-rust-web-dev',
  'rust-web-src',
  'libgit2-1.5',
  'libmbedtls14',
  'libmbedx509-1',
  'libmbedcrypto7',
  'libhttp-parser2.9',
];

await start(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
  });
  positionals.forEach(find);
  await prepare();
  for (const name of positionals.length > 0 ? positionals : Object.keys(PLATFORMS)) {
    const began = performance.now();
    const done = await (values.check ? check(name) : build(name, values.quick));
    console.log(`ok   ${name}: ${done} (${((performance.now() - began) / 1000).toFixed(0)} s)`);
    if (!values.check) await runExamples(name, tools);
  }
});

/** @param {string} name @returns {Promise<string>} What was found. */
async function check(name) {
  const { release, flags } = find(name);
  const cargo = [join(rust, 'usr/bin/cargo'), 'check'];
  await mustRun([...cargo, ...CRATE, '--target', release], { env: environment(flags, false), output: 'keep' });
  return `${release} compiles without a warning`;
}

/** @param {string} name @param {boolean} isQuick @returns {Promise<string>} What was made. */
async function build(name, isQuick) {
  const { target, flags } = find(name);
  const env = environment(flags, isQuick);
  await mustRun(['cargo-zigbuild', 'zigbuild', '--release', ...CRATE, '--target', target], { env });
  const bytes = readFileSync(place(name, target, env.CARGO_TARGET_DIR));
  const problems = checkBinary(bytes, name);
  // What is not optimised may be large.
  if (problems.length > 0 && !isQuick) throw new ScriptError(`${name}: ${problems.join('; ')}`);
  const { needed, glibc } = describeBinary(bytes);
  return [`${bytes.length} bytes`, ...needed, ...(glibc === null ? [] : [`glibc ${glibc}`])].join(', ');
}

/** @param {string} name */
function find(name) {
  const platform = PLATFORMS[name];
  if (platform === undefined) throw new ScriptError(`there is no platform ${name}: ${Object.keys(PLATFORMS).join(', ')}`);
  return platform;
}

/** Copies what was built to where releases look. @param {string} name @param {string} target @param {string} folder */
function place(name, target, folder) {
  const built = join(folder, target.replace(/\.\d+\.\d+$/, ''), 'release');
  const library = ['libdiff_node.so', 'libdiff_node.dylib', 'diff_node.dll']
    .map((file) => join(built, file))
    .find((path) => existsSync(path));
  if (library === undefined) throw new ScriptError(`${built} has no library`);
  const file = join(root, 'artifacts', name, `model-diff.${name}.node`);
  mkdirSync(join(root, 'artifacts', name), { recursive: true });
  copyFileSync(library, file);
  return file;
}

/** @param {string | undefined} flags @param {boolean} isQuick */
function environment(flags = '', isQuick = false) {
  const bin = [shims, join(tools, 'python/bin'), join(rust, 'usr/bin'), process.env.PATH];
  return {
    PATH: bin.join(delimiter),
    LD_LIBRARY_PATH: join(rust, 'usr/lib/x86_64-linux-gnu'),
    RUSTC: join(rust, 'usr/bin/rustc'),
    CARGO: join(rust, 'usr/bin/cargo'),
    // For -Zbuild-std.
    RUSTC_BOOTSTRAP: '1',
    RUSTFLAGS: `-D warnings ${flags}`.trim(),
    CARGO_TARGET_DIR: join(tools, isQuick ? 'target-quick' : 'target'),
    LIBNODE_PATH: shims,
    ...(isQuick && {
      CARGO_PROFILE_RELEASE_LTO: 'off',
      CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
    }),
  };
}

/** Fetches the tools that are not there yet. */
async function prepare() {
  mkdirSync(shims, { recursive: true });
  // What strips is part of the linker; add-ons look up Node's functions when they are loaded, and zig brings what guards the stack: empty
  // libraries of them will do.
  writeFileSync(join(shims, 'rust-objcopy'), '#!/bin/sh\n');
  chmodSync(join(shims, 'rust-objcopy'), 0o755);
  for (const file of ['libnode.dll', 'libnode.a', 'libssp_nonshared.a']) writeFileSync(join(shims, file), '!<arch>\n');
  if (!existsSync(join(tools, 'python/bin/cargo-zigbuild'))) {
    await mustRun(['python3', '-m', 'venv', join(tools, 'python')]);
    await mustRun([join(tools, 'python/bin/pip'), 'install', '--quiet', 'ziglang==0.15.2', 'cargo-zigbuild==0.24.1']);
  }
  const standard = await findDependency('libstd-rust-web-dev', /\blibstd-rust-web-1\.\d+/);
  const llvm = await findDependency(standard, /\blibllvm\d+/);
  await unpackDebs([{ names: [...PACKAGES, standard, llvm] }], rust);
}
