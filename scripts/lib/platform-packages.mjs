/** The packages in `npm/`, one for each platform: what a release adds to them, and what it refuses to publish. */

import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeBinary } from './binary.mjs';
import { isAtLeast, root } from './host.mjs';

/** What every platform package carries beside its own files, and where that lies here. The notices are those of the crates in the add-on. */
export const LEGAL_FILES = { LICENSE: 'LICENSE', 'THIRD-PARTY-NOTICES.md': 'crates/diff-node/THIRD-PARTY-NOTICES.md' };

/** The newest glibc that a binary may need: that of the year 2012, in every distribution that is still kept up. */
const OLDEST_GLIBC = '2.17';

/** Unpacked sizes: what somebody has on disk after `npm i`. */
export const LARGEST = { root: 2_000_000, platform: 8_000_000 };

/** Libraries that every Linux system with that C library has, beside Node's own. */
const SYSTEM_LIBRARIES = {
  glibc: /^(?:lib(?:c|m|pthread|dl|rt|gcc_s)\.so\.\d|ld-linux-[\w-]+\.so\.\d)$/,
  musl: /^lib(?:c\.so|c\.musl-\w+\.so\.1|gcc_s\.so\.1)$/,
};

/** Puts the binaries of artifacts/, a folder for each platform, into their packages. @param {string} [folder] */
export function placeBinaries(folder = join(root, 'npm')) {
  for (const name of readdirSync(folder)) {
    const file = `model-diff.${name}.node`;
    const built = join(root, 'artifacts', name, file);
    if (existsSync(built)) copyFileSync(built, join(folder, name, file));
  }
}

/** Copies licence and notices into every package of a folder. @param {string} [folder] */
export function completePackages(folder = join(root, 'npm')) {
  for (const name of readdirSync(folder)) {
    for (const [file, source] of Object.entries(LEGAL_FILES)) copyFileSync(join(root, source), join(folder, name, file));
  }
}

/**
 * Why the packages in a folder must not be published; empty where they may.
 * @param {string} [folder]
 * @returns {string[]}
 */
export function findProblems(folder = join(root, 'npm')) {
  const { version, napi } = readJson(join(root, 'package.json'));
  const names = readdirSync(folder);
  const missing = names.length === napi.targets.length ? [] : [`${napi.targets.length} targets, ${names.length} folders in npm/`];
  return [...missing, ...names.flatMap((name) => findPackageProblems(join(folder, name), name, version))];
}

/** @param {string} folder @param {string} name @param {string} version */
function findPackageProblems(folder, name, version) {
  const manifest = readJson(join(folder, 'package.json'));
  const problems = Object.keys(LEGAL_FILES)
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => `${file} is missing`);
  if (manifest.version !== version) problems.push(`its version is ${manifest.version}, that of model-diff ${version}`);
  if (manifest.publishConfig?.access !== 'public')
    problems.push('publishConfig.access is not public, which a scoped package needs');
  if (!manifest.repository?.url) problems.push('it has no repository, which provenance needs');
  const file = join(folder, manifest.main);
  if (existsSync(file)) problems.push(...findBinaryProblems(readFileSync(file), manifest, version));
  else problems.push(`${manifest.main} is missing`);
  return problems.map((problem) => `${name}: ${problem}`);
}

/**
 * Why a binary must not be published as that of a platform; empty where it may.
 * @param {Buffer} bytes
 * @param {string} name Of the platform, as in npm/.
 * @returns {string[]}
 */
export function checkBinary(bytes, name) {
  const { version } = readJson(join(root, 'package.json'));
  return findBinaryProblems(bytes, readJson(join(root, 'npm', name, 'package.json')), version);
}

/**
 * @param {Buffer} bytes
 * @param {{ os: readonly string[], cpu: readonly string[], libc?: readonly string[] }} manifest
 * @param {string} version
 */
function findBinaryProblems(bytes, { os, cpu, libc }, version) {
  const binary = describeBinary(bytes);
  const problems = [];
  if (!os.includes(binary.os) || !cpu.includes(binary.cpu)) {
    problems.push(`the binary is for ${binary.os} ${binary.cpu}, not ${String(os)} ${String(cpu)}`);
  }
  if (libc && !libc.includes(binary.libc ?? ''))
    problems.push(`the binary needs ${binary.libc ?? 'no C library'}, not ${String(libc)}`);
  if (binary.glibc !== null && !isAtLeast(OLDEST_GLIBC, binary.glibc)) {
    problems.push(`the binary needs glibc ${binary.glibc}, and ${OLDEST_GLIBC} is promised`);
  }
  const strange = binary.needed.filter((name) => binary.libc === null || !SYSTEM_LIBRARIES[binary.libc].test(name));
  if (strange.length > 0) problems.push(`the binary needs ${strange.join(', ')}`);
  if (!binary.isAddon) problems.push('the binary is no add-on of Node: it exports no napi_register_module_v1');
  if (binary.version !== version)
    problems.push(`the binary was built for version ${binary.version ?? 'unknown'}, not ${version}`);
  if (bytes.length > LARGEST.platform) problems.push(`the binary has ${bytes.length} bytes, more than ${LARGEST.platform}`);
  return problems;
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
