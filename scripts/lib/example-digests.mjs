/**
 * Prints a digest of the JSON report of every example, compared with its base: the same lines on every platform. Plain Node, for emulators:
 * `node example-digests.mjs DIST EXAMPLES`.
 */

import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist = '', examples = ''] = process.argv.slice(2);
const { compareCheckpoints, createDiffReport, DiffAnalyzer } = await import(pathToFileURL(resolve(dist, 'index.js')).href);

for (const name of readdirSync(examples).sort()) {
  const folder = join(examples, name);
  if (!statSync(folder).isDirectory() || name === 'corpus') continue;
  const base = name.startsWith('moe-') ? 'moe-base' : 'base';
  const { diffs, summary } = await compareCheckpoints(join(examples, base), folder);
  const analysis = new DiffAnalyzer().analyze(diffs, summary);
  const json = createDiffReport(diffs, summary, analysis, { format: 'json', oldName: base, newName: name });
  console.log(`${name} ${json.length} ${createHash('sha256').update(json).digest('hex')}`);
}
