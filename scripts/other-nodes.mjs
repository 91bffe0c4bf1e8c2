/** Runs the ava suite under the other supported versions of Node, from the registry's packages of the bare program. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { mustRun, run, ScriptError, start, tool } from './lib/run.mjs';
import { tallyTap } from './lib/tally.mjs';

/** The oldest supported version, then the newest of each later line. */
const VERSIONS = ['20.19.0', '22', '24', '26'];

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
      const result = await run([node, ...tool('ava').slice(1), '--tap'], { env, output: 'keep' });
      const { passed, failed } = tallyTap(result);
      console.log(`Node ${version}: ${passed} tests passed, ${failed} failed`);
      if (failed > 0) broken.push(`Node ${version}\n${result.output}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  if (broken.length > 0) throw new ScriptError(broken.join('\n'));
});
