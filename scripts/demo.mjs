/** `model-diff demo` of a clone: the text report on the terminal, the page and the JSON in demo/. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/host.mjs';
import { mustRun, start } from './lib/run.mjs';
import { setup } from './setup.mjs';

const OUTPUTS = ['-o', 'demo/report.html', '-o', 'demo/report.json'];

await start(async () => {
  await setup();
  mkdirSync(join(root, 'demo'), { recursive: true });
  console.log(`$ model-diff demo ${OUTPUTS.join(' ')}\n`);
  await mustRun([process.execPath, 'dist/cli.js', 'demo', ...OUTPUTS]);
  console.log(`\nThe report as a page: ${pathToFileURL(join(root, 'demo/report.html')).href}`);
  console.log('The same as JSON:     demo/report.json');
});
