/** The state of the page cache, without which no time of reading means anything. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const PIECE = 8 << 20;
const DROP_CACHES = '/proc/sys/vm/drop_caches';

/** The files of checkpoints, given by file or directory. @param {readonly string[]} paths */
async function filesOf(paths) {
  const files = [];
  for (const path of paths) {
    if ((await stat(path)).isFile()) files.push(path);
    else for (const name of await readdir(path)) files.push(join(path, name));
  }
  return files;
}

/** Bytes of all files. @param {readonly string[]} paths */
export async function bytesOf(paths) {
  const sizes = await Promise.all((await filesOf(paths)).map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Reads every file once from start to end in large pieces: all of it is in the page cache then, in large folios. @param {readonly string[]} paths */
export async function warm(paths) {
  const buffer = new Uint8Array(PIECE);
  for (const path of await filesOf(paths)) {
    const file = await open(path);
    let read = 1;
    while (read > 0) ({ bytesRead: read } = await file.read(buffer, 0, PIECE, null));
    // What is written back to the disk later would disturb what is measured then.
    await file.datasync();
    await file.close();
  }
}

/** Empties the page cache; tells why not where that is not permitted. @returns {string | null} */
export function dropCaches() {
  spawnSync('sync');
  try {
    writeFileSync(DROP_CACHES, '3');
    return null;
  } catch (error) {
    return `${DROP_CACHES} cannot be written: ${/** @type {Error} */ (error).message}`;
  }
}
