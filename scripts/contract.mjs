/** Compares the committed index.d.ts with what src/index.ts declares now. `bundleTypes` makes that file. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/host.mjs';
import { run, ScriptError, start } from './lib/run.mjs';

const BANNER = '// Public API of model-diff. Generated from src/index.ts by `npm run build:types`; do not edit.\n';

/**
 * Writes the declarations of src/index.ts in one file.
 * @param {string} file
 */
export async function bundleTypes(file) {
  const [{ rollup }, { dts }] = await Promise.all([import('rollup'), import('rollup-plugin-dts')]);
  try {
    const bundle = await rollup({
      input: join(root, 'src/index.ts'),
      plugins: [dts({ tsconfig: join(root, 'tsconfig.json') })],
      onwarn(warning) {
        throw new Error(warning.message);
      },
    });
    await bundle.write({ file, format: 'es', banner: BANNER });
    await bundle.close();
  } catch (error) {
    throw new ScriptError(
      `cannot bundle the declarations of src/index.ts: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function checkContract() {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-types-'));
  try {
    const fresh = join(folder, 'index.d.ts');
    await bundleTypes(fresh);
    if (readFileSync(fresh, 'utf8') === readIfThere(join(root, 'index.d.ts'))) return;
    const difference = await run(['git', '--no-pager', 'diff', '--no-index', 'index.d.ts', fresh], { output: 'keep' }).catch(
      () => undefined,
    );
    console.log(difference?.output ?? 'The difference is not shown: git is missing.');
    throw new ScriptError(
      'index.d.ts is not what src/index.ts declares. Is the change of the public API meant? Then run npm run build:types.',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await start(checkContract);
}
