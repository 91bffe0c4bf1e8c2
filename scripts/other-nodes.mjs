/** Runs the ava suite under the other supported versions of Node, from the registry's packages of the bare program. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './lib/host.mjs';
import { mustRun, run, ScriptError, start, tool } from './lib/run.mjs';
import { listFailures, tallyTap } from './lib/tally.mjs';

/** The oldest supported version, then the newest of each later line. */
const VERSIONS = ['20.19.0', '22', '24', '26'];

/** The file of a test: `cli › diff › a title`. @param {string} title */
function nameFile(title) {
  return `__test__/${title.split(' › ').slice(0, -1).join('/')}.test.ts`;
}

await start(async () => {
  const broken = [];
  for (const version of VERSIONS) {
    const folder = mkdtempSync(join(tmpdir(), `model-diff-node-${version}-`));
    try {
      await mustRun(
        [
          'npm',
          'install',
          '--prefix',
          folder,
          '--no-audit',
          '--no-fund',
          '--no-package-lock',
          `node-linux-${process.arch}@${version}`,
        ],
        {
          output: 'keep',
        },
      );
      const node = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
      // Programs that the tests start by the name `node` are to be this one as well.
      const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
      /** @param {readonly string[]} files */
      const test = async (...files) => {
        const result = await run([node, ...tool('ava').slice(1), '--tap', ...files], { env, output: 'keep' });
        return { ...tallyTap(result), failures: listFailures(result) };
      };
      const { passed, failed, failures } = await test();
      console.log(`Node ${version}: ${passed} tests passed, ${failed} failed`);
      if (failed === 0) continue;
      // A time limit that a busy machine missed says nothing of a version: what failed runs once more, by itself.
      const files = [...new Set(failures.map(({ title }) => nameFile(title)))].filter((file) => existsSync(join(root, file)));
      const again = files.length === 0 ? { failed, failures } : await test(...files);
      console.log(`Node ${version}, ${files.join(' ')} once more: ${again.failed} failed`);
      const texts = [...failures, ...again.failures].map(({ text }) => text);
      console.log(texts.join('\n'));
      if (again.failed > 0) broken.push(`Node ${version}\n${texts.join('\n')}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  if (broken.length > 0) throw new ScriptError(broken.join('\n'));
});
