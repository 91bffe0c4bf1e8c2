import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOOL } from '../tool.ts';
import { findTarget, TARGETS } from './target.ts';

/** A place where the add-on may lie. */
export interface AddonPlace {
  /** A file beside the program, or the package for this platform. */
  readonly name: string;
  /** Where it is; null where it is not. */
  readonly path: string | null;
}

/** The file of a bundle in CommonJS, where `import.meta` is empty. */
declare const __filename: string | undefined;

/** Files that this code may be in: bundlers keep one of the two names for the file that runs, and write the other for the source. */
const FILES: readonly string[] = [
  ...(typeof import.meta.url === 'string' ? [fileURLToPath(import.meta.url)] : []),
  ...(typeof __filename === 'string' ? [__filename] : []),
];

/** Bundlers would follow an imported `createRequire`, and an add-on cannot be part of a bundle. */
const { createRequire } = process.getBuiltinModule('node:module');

/** Loads what was found. */
export function load(path: string): unknown {
  return createRequire(path)(path);
}

/** The add-on that the caller built; empty where there is none. */
export function readHandBuilt(): string {
  return process.env['MODEL_DIFF_NATIVE'] ?? '';
}

/** Where the add-on for this platform is looked for, in that order: what was built here comes before what was installed. */
export function findAddons(): AddonPlace[] {
  const handBuilt = readHandBuilt();
  if (handBuilt !== '') return [{ name: handBuilt, path: find(handBuilt) }];
  const target = findTarget();
  return [`./model-diff.${target}.node`, packageName(target)].map((name) => ({ name, path: find(name) }));
}

/** Other platforms whose packages are installed: a `node_modules` that was made elsewhere. */
export function findOtherTargets(): string[] {
  const own = findTarget();
  return TARGETS.filter((target) => target !== own && find(packageName(target)) !== null);
}

/** The bundle of somebody else that this code has become a part of; null where it runs from its own package. */
export function findBundle(): string | null {
  return FILES.find((file) => !isOwn(join(dirname(file), '..', 'package.json'))) ?? null;
}

function isOwn(manifest: string): boolean {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name === TOOL.name;
  } catch {
    return false;
  }
}

/** The package with the binary for a platform. */
export function packageName(target: string): string {
  return `@model-diff/binding-${target}`;
}

function find(name: string): string | null {
  for (const file of FILES) {
    try {
      return createRequire(file).resolve(name);
    } catch {
      // Not there.
    }
  }
  return null;
}
