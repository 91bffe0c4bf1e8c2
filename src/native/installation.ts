import { createRequire } from 'node:module';

/** A place where the add-on may lie. */
export interface AddonPlace {
  /** A file beside the program, or the package for this platform. */
  readonly name: string;
  /** Where it is; null where it is not. */
  readonly path: string | null;
}

/** The C library of a Linux system with its version, as far as Node tells; null on other systems. */
export function describeLibc(): string | null {
  if (process.platform !== 'linux') return null;
  const report = process.report as (typeof process.report & { excludeNetwork: boolean }) | undefined;
  if (report === undefined) return 'unknown';
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}

/** Where the add-on for this platform is looked for, in that order. The first one that is there is loaded. */
export function findAddons(libc: string | null): AddonPlace[] {
  const { platform, arch } = process;
  const abi = platform === 'linux' ? (libc === 'musl' ? '-musl' : '-gnu') : platform === 'win32' ? '-msvc' : '';
  const target = `${platform}-${arch}${abi}`;
  const handBuilt = process.env['MODEL_DIFF_NATIVE'] ?? '';
  const names = handBuilt === '' ? [`./model-diff.${target}.node`, `@model-diff/binding-${target}`] : [handBuilt];
  const { resolve } = createRequire(import.meta.url);
  return names.map((name) => {
    try {
      return { name, path: resolve(name) };
    } catch {
      return { name, path: null };
    }
  });
}
