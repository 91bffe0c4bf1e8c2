import { existsSync, realpathSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Manifest } from '../comparison/manifest.ts';
import { argumentError } from '../errors.ts';
import { spell } from '../options.ts';
import { writeManifestJson } from '../report/json/manifest.ts';
import { isManifestFile } from './find-manifest.ts';

/**
 * Writes a manifest to a file, in one step: beside its place first, then renamed. An existing file is only replaced where it is a manifest
 * or empty.
 *
 * @throws `ModelDiffError` of kind `Argument` where another file is there; what the system answers where it cannot be written.
 */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  if (typeof path !== 'string' || path === '') throw argumentError(`writeManifest takes a path, not ${spell(path)}`);
  refuseOther(path);
  // Behind links: a rename would replace the link.
  const target = existsSync(path) ? realpathSync(path) : resolve(path);
  const temporary = join(dirname(target), `.model-diff-${crypto.randomUUID()}.tmp`);
  try {
    await writeFile(temporary, writeManifestJson(manifest), { flag: 'wx' });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** @throws `ModelDiffError` of kind `Argument` where a file is there that is no manifest: it may be a checkpoint, or a part of one */
export function refuseOther(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || (stats.isFile() && stats.size === 0) || isManifestFile(path)) return;
  throw argumentError(`${path} exists and is not a manifest: it is not overwritten`, 'choose another name');
}
