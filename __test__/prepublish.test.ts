/** What a release refuses to publish: binaries of the fixtures, whose systems and versions are known, in the platform packages. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { describeBinary } from '../scripts/lib/binary.mjs';
import { root } from '../scripts/lib/host.mjs';
import { completePackages, findProblems, LARGEST } from '../scripts/lib/platform-packages.mjs';
import { TARGETS } from '../src/native/target.ts';

const fixtures = join(root, '__test__/fixtures/binaries');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Folders like npm/, each with the fixture of its platform, that says it belongs to this version. */
function makePackages(t: { teardown: (remove: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-npm-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const target of TARGETS) {
    cpSync(join(root, 'npm', target, 'package.json'), join(folder, target, 'package.json'));
    put(folder, target, readFixture(target));
  }
  completePackages(folder);
  return folder;
}

function readFixture(name: string): Buffer {
  const bytes = readFileSync(join(fixtures, `${name}.node`));
  const at = bytes.indexOf('@model-diff/binding@1.2.3;');
  bytes.write(`@model-diff/binding@${version};`, at, 'latin1');
  return bytes;
}

function put(folder: string, target: string, bytes: Uint8Array): void {
  writeFileSync(join(folder, target, `model-diff.${target}.node`), bytes);
}

test('a binary is what readelf, and file, say that it is', (t) => {
  for (const target of TARGETS) {
    const [os, cpu, abi] = target.split('-');
    const libc = os === 'linux' ? (abi === 'gnu' ? 'glibc' : 'musl') : null;
    const found = describeBinary(readFileSync(join(fixtures, `${target}.node`)));
    t.like(found, { os, cpu, libc, isAddon: true, version: '1.2.3' }, target);
  }
  const glibc = (name: string) => describeBinary(readFileSync(join(fixtures, `${name}.node`))).glibc;
  t.deepEqual(['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'darwin-x64'].map(glibc), ['2.2.5', '2.17', null, null]);
  t.false(describeBinary(readFileSync(join(fixtures, 'no-entry.node'))).isAddon);
});

test('cut off or strange bytes are of no known format, and nothing throws', (t) => {
  for (const target of TARGETS) {
    const bytes = readFileSync(join(fixtures, `${target}.node`));
    for (let length = 0; length < bytes.length; length += 97) t.notThrows(() => describeBinary(bytes.subarray(0, length)));
  }
  t.like(describeBinary(Buffer.from('no binary at all')), { os: 'unknown', cpu: 'unknown', isAddon: false, version: null });
});

test('a folder with the right binary for every platform may be published', (t) => {
  t.deepEqual(findProblems(makePackages(t)), []);
});

test('one binary for all is refused', (t) => {
  const folder = makePackages(t);
  for (const target of TARGETS) put(folder, target, readFixture('linux-x64-gnu'));
  const problems = findProblems(folder);
  t.is(problems.length, 8, 'for musl on x64 the C library is wrong, for musl on arm64 the processor too');
  t.true(problems.includes('darwin-arm64: the binary is for linux x64, not darwin arm64'));
  t.true(problems.includes('linux-x64-musl: the binary needs glibc, not musl'));
});

test('whatever is wrong with one package is said', (t) => {
  const folder = makePackages(t);
  copyFileSync(join(fixtures, 'darwin-x64.node'), join(folder, 'darwin-x64/model-diff.darwin-x64.node'));
  rmSync(join(folder, 'darwin-arm64/model-diff.darwin-arm64.node'));
  rmSync(join(folder, 'darwin-arm64/LICENSE'));
  put(folder, 'linux-x64-gnu', readFixture('no-entry'));
  put(folder, 'linux-x64-musl', Buffer.concat([readFixture('linux-x64-musl'), Buffer.alloc(LARGEST.platform)]));
  const arm = readFixture('linux-arm64-gnu');
  arm.write('GLIBC_2.31', arm.indexOf('GLIBC_2.17'), 'latin1');
  arm.write('libd.so.6', arm.indexOf('libc.so.6'), 'latin1');
  put(folder, 'linux-arm64-gnu', arm);
  const manifest = { os: ['win32'], cpu: ['x64'], main: 'model-diff.win32-x64-msvc.node', version: '0.0.1' };
  writeFileSync(join(folder, 'win32-x64-msvc/package.json'), JSON.stringify(manifest));
  rmSync(join(folder, 'win32-arm64-msvc'), { recursive: true });
  const problems = findProblems(folder);
  for (const problem of [
    '8 targets, 7 folders in npm/',
    `darwin-x64: the binary was built for version 1.2.3, not ${version}`,
    'darwin-arm64: model-diff.darwin-arm64.node is missing',
    'darwin-arm64: LICENSE is missing',
    'linux-x64-gnu: the binary is no add-on of Node: it exports no napi_register_module_v1',
    'linux-arm64-gnu: the binary needs glibc 2.31, and 2.17 is promised',
    'linux-arm64-gnu: the binary needs no C library, not glibc',
    'linux-arm64-gnu: the binary needs libd.so.6',
    `win32-x64-msvc: its version is 0.0.1, that of model-diff ${version}`,
    'win32-x64-msvc: publishConfig.access is not public, which a scoped package needs',
    'win32-x64-msvc: it has no repository, which provenance needs',
  ]) {
    t.true(problems.includes(problem), problem);
  }
  t.true(problems.some((problem) => /^linux-x64-musl: the binary has \d+ bytes, more than 8000000$/.test(problem)));
  t.is(problems.length, 12);
});

test('the platforms of npm/, package.json and the program are the same', (t) => {
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { napi: { targets: readonly string[] } };
  const rust: Readonly<Record<string, string>> = { linux: 'unknown-linux', darwin: 'apple-darwin', win32: 'pc-windows' };
  const triples = TARGETS.map((target) => {
    const [os = '', cpu, abi] = target.split('-');
    return [cpu === 'x64' ? 'x86_64' : 'aarch64', rust[os], ...(abi === undefined ? [] : [abi])].join('-');
  });
  t.deepEqual([...napi.targets].sort(), triples.sort());
});
