import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** What the file of a bundle is called in CommonJS, where `import.meta` is empty. */
declare const __filename: string | undefined;

const HERE: string = typeof __filename === 'string' ? __filename : fileURLToPath(import.meta.url);

/** Loads what was found. Bundlers do not follow it: an add-on cannot be part of a bundle. */
export const load: NodeJS.Require = createRequire(HERE);

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
  const manifest = join(dirname(HERE), '..', 'package.json');
  try {
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name === TOOL.name)
      return null;
  } catch {
    // A package.json that cannot be read is not ours.
  }
  return HERE;
}

/** The package with the binary for a platform. */
export function packageName(target: string): string {
  return `@model-diff/binding-${target}`;
}

function find(name: string): string | null {
  try {
    return load.resolve(name);
  } catch {
    return null;
  }
}
