/** Compares what is committed of the public contract, the declarations and the form of the JSON reports, with what src says now. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/host.mjs';
import { run, ScriptError, start } from './lib/run.mjs';
import { writeConfigSchema, writeSchema } from './schema.mjs';

const BANNER = '// Public API of model-diff. Generated from src/index.ts by `npm run build:types`; do not edit.\n';

/**
 * Writes the declarations of src/index.ts in one file.
 * @param {string} file
 */
async function bundleTypes(file) {
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

/** What is published and made of src: each file and how it is written. @type {Record<string, (file: string) => Promise<void>>} */
export const GENERATED = {
  'index.d.ts': bundleTypes,
  'schema/report.schema.json': writeSchema,
  'schema/config.schema.json': writeConfigSchema,
};

async function checkContract() {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-contract-'));
  const stale = [];
  try {
    for (const [name, make] of Object.entries(GENERATED)) {
      const fresh = join(folder, basename(name));
      await make(fresh);
      if (readFileSync(fresh, 'utf8') === readIfThere(join(root, name))) continue;
      const difference = await run(['git', '--no-pager', 'diff', '--no-index', name, fresh], { output: 'keep' }).catch(
        () => undefined,
      );
      console.log(difference?.output ?? 'The difference is not shown: git is missing.');
      stale.push(name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (stale.length > 0) {
    throw new ScriptError(
      `${stale.join(' and ')}: not what src says. Is the change of the public contract meant? Then run npm run build:types.`,
    );
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
