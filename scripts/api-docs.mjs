/**
 * Writes the pages of the public API, with every declaration and its description, into artifacts/api: `node scripts/api-docs.mjs`. A link that leads nowhere is
 * an error. typedoc is fetched for it, since nothing else needs it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/host.mjs';
import { mustRun, start } from './lib/run.mjs';
import { setup } from './setup.mjs';

const PACKAGES = ['typedoc@0.28.20', 'typescript@6.0.3'];

await start(async () => {
  await setup();
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-typedoc-'));
  const pages = join(root, 'artifacts/api');
  try {
    await mustRun(['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES], {
      output: 'keep',
    });
    const typedoc = [process.execPath, join(folder, 'node_modules/typedoc/bin/typedoc')];
    const input = ['--entryPoints', 'src/index.ts', '--tsconfig', 'tsconfig.json', '--excludeInternal'];
    await mustRun([...typedoc, ...input, '--out', pages, '--readme', 'none', '--name', 'model-diff', '--treatWarningsAsErrors']);
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(pathToFileURL(join(pages, 'index.html')).href);
});
