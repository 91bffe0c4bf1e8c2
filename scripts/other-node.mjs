/**
 * Runs the ava suite under another version of Node, from the registry's package of the bare program: `node scripts/other-node.mjs 22`.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './lib/host.mjs';
import { mustRun, run, ScriptError, start, tool } from './lib/run.mjs';
import { listFailures, tallyTap } from './lib/tally.mjs';

/** The file of a test: `cli › diff › a title`. @param {string} title */
function nameFile(title) {
  return `__test__/${title.split(' › ').slice(0, -1).join('/')}.test.ts`;
}

await start(async () => {
  const [version] = process.argv.slice(2);
  if (version === undefined) throw new ScriptError('which version? for example: node scripts/other-node.mjs 22');
  const folder = mkdtempSync(join(tmpdir(), `model-diff-node-${version}-`));
  try {
    const bare = `node-linux-${process.arch}`;
    await mustRun(['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', '--no-package-lock', `${bare}@${version}`], {
      output: 'keep',
    });
    const node = join(folder, 'node_modules', bare, 'bin', 'node');
    // Programs that the tests start by the name `node` are to be this one as well.
    const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
    /** @param {readonly string[]} files */
    const test = async (...files) => {
      const result = await run([node, ...tool('ava').slice(1), '--tap', ...files], { env, output: 'keep' });
      return { ...tallyTap(result), failures: listFailures(result) };
    };
    const { passed, failed, failures } = await test();
    console.log(`Node ${version}: ${passed} tests passed, ${failed} failed`);
    if (failed === 0) return;
    // A time limit that a busy machine missed says nothing of a version: what failed runs once more, by itself.
    const files = [...new Set(failures.map(({ title }) => nameFile(title)))].filter((file) => existsSync(join(root, file)));
    const again = files.length === 0 ? { failed, failures } : await test(...files);
    console.log(`Node ${version}, ${files.join(' ')} once more: ${again.failed} failed`);
    const texts = [...failures, ...again.failures].map(({ text }) => text).join('\n');
    if (again.failed > 0) throw new ScriptError(texts);
    console.log(texts);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
