import { closeSync, openSync, readSync } from 'node:fs';

/** Platforms that have a binary, named as their packages are. `npm/` has a folder for each. */
export const TARGETS: readonly string[] = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

/** {@link TARGETS} in words. 2.17 is the glibc of 2012, which releases are held to. */
export const TARGETS_IN_WORDS =
  'Linux (x64 and arm64, with glibc 2.17 or newer, or musl), macOS (arm64 and x64) and Windows (x64 and arm64)';

/** This platform as packages are named, whether there is one for it or not. */
export function findTarget(): string {
  const { platform, arch } = process;
  const abi = platform === 'linux' ? (usesMusl() ? '-musl' : '-gnu') : platform === 'win32' ? '-msvc' : '';
  return `${platform}-${arch}${abi}`;
}

/** The C library of a Linux system with its version, as far as Node tells; null on other systems. */
export function describeLibc(): string | null {
  if (process.platform !== 'linux') return null;
  const version = readGlibcVersion();
  return version === null ? 'musl' : `glibc ${version}`;
}

/** The version of glibc that runs this program; null with musl. */
export function readGlibcVersion(): string | null {
  const report = process.report as (typeof process.report & { excludeNetwork: boolean }) | undefined;
  if (report === undefined) return null;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? null;
}

/** The loader that a program asks for stands at its beginning; reading it takes a tenth of the time of Node's report. */
function usesMusl(): boolean {
  const head = readHead(process.execPath);
  if (head.includes('ld-musl-')) return true;
  return !head.includes('ld-linux') && readGlibcVersion() === null;
}

function readHead(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(2048);
      return bytes.toString('latin1', 0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
