/** A small program that uses the package, in every kind of module: what installs and bundlers are tried with. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BODY = `
const [a, b] = [2, 5].map((value) => Checkpoint.fromTensors({ weight: { data: Float32Array.of(1, value), shape: [2] } }));
export const compared = new ModelDiff().diff(a, b).then(({ diffs }) => {
  console.log(\`l2Diff \${diffs[0].l2Diff}\`);
});
`;

const IMPORT = "import { Checkpoint, ModelDiff } from 'model-diff';\n";

export const PROGRAM = {
  /** What it prints. */
  prints: 'l2Diff 3',
  esm: IMPORT + BODY,
  cjs: `const { Checkpoint, ModelDiff } = require('model-diff');\n${BODY.replace('export const', 'exports.compared = 1;\nconst')}`,
  ts: `import { compareCheckpoints, type DiffResult, ModelDiffError } from 'model-diff';

export async function compare(from: string, to: string): Promise<number | null> {
  const { diffs }: DiffResult = await compareCheckpoints(from, to).catch((error: unknown) => {
    throw error instanceof ModelDiffError ? new Error(error.code) : error;
  });
  return diffs[0]?.l2Diff ?? null;
}
`,
};

/**
 * Writes an app that depends on the package.
 * @param {string} folder
 * @param {{ npmrc: string }} registry
 * @param {Readonly<Record<string, string>>} [files] Further ones.
 */
export function writeApp(folder, registry, files = {}) {
  mkdirSync(folder, { recursive: true });
  cpSync(registry.npmrc, join(folder, '.npmrc'));
  const written = {
    'package.json': JSON.stringify({
      name: 'app',
      version: '1.0.0',
      private: true,
      type: 'module',
      dependencies: { 'model-diff': '*' },
      devDependencies: { '@types/node': '20' },
    }),
    'app.mjs': PROGRAM.esm,
    'app.cjs': PROGRAM.cjs,
    'app.ts': PROGRAM.ts,
    ...files,
  };
  for (const [name, text] of Object.entries(written)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
