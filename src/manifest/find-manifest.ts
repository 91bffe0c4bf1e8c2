import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { MANIFEST_SCHEMA_NAME } from '../tool.ts';

/** Bytes at the beginning of a file that name its schema, or it is no manifest. */
const START = 4096;

const SCHEMA = new RegExp(String.raw`^\uFEFF?\s*\{[^]*"\$schema"\s*:\s*"${MANIFEST_SCHEMA_NAME}`);

/** Whether a path is that of a manifest, by its content; false for what cannot be read, which opening it will tell. */
export function isManifestFile(path: string): boolean {
  try {
    return statSync(path).isFile() && SCHEMA.test(readStart(path));
  } catch {
    return false;
  }
}

function readStart(path: string): string {
  const bytes = Buffer.alloc(START);
  const descriptor = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
