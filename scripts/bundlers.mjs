/**
 * Builds a small project with every bundler and test runner of docs/bundlers.md and runs what comes out, with the package from a registry on
 * this machine. Needs the network, and the binary of this platform in artifacts/ (scripts/cross.mjs).
 *   --only NAME   those whose name begins so (repeatable)
 */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROGRAM, writeApp } from './lib/app.mjs';
import { publishLocally, removeFolder } from './lib/local-registry.mjs';
import { run, ScriptError, start } from './lib/run.mjs';

/**
 * @typedef {object} Project
 * @property {readonly string[]} packages What it is built with.
 * @property {Readonly<Record<string, string>>} [files]
 * @property {readonly (readonly string[])[]} commands One after the other; programs are those of node_modules/.bin. The last one compares.
 * @property {string} [prints] What the last command says; the result of the comparison by default.
 * @property {Readonly<Record<string, string>>} [env]
 */

const esbuild = ['esbuild', 'app.mjs', '--bundle', '--platform=node', '--log-level=error'];
const rolldown = ['rolldown', 'app.mjs', '--platform', 'node'];
const webpack = (/** @type {string} */ more) => ({
  'webpack.config.cjs': `module.exports = { mode: 'production', target: 'node', entry: './app.mjs', performance: { hints: false },
  output: { path: __dirname + '/out', filename: 'app.cjs' }, ${more} };`,
});
const vite = (/** @type {string} */ more) => ({
  'vite.config.js': `export default { build: { ssr: 'app.mjs', outDir: 'out' }, logLevel: 'warn', ${more} };`,
});
const BEYOND_BUNDLE = 'the native part of model-diff cannot be found from a bundle';
const TEST = `test('compares', async () => {
  const { diffs } = await new ModelDiff().diff(...[2, 5].map((value) => Checkpoint.fromTensors({ weight: { data: Float32Array.of(1, value), shape: [2] } })));
  expect(diffs[0].l2Diff).toBe(3);
});\n`;
/** Where it is installed, it runs everything. */
const NODE = `node-linux-${process.arch}`;
const NODE_24 = `${NODE}@24`;
const ASSERTING = `import { strict as assert } from 'node:assert';\nimport { Checkpoint, ModelDiff } from 'model-diff';
const expect = (found) => ({ toBe: (wanted) => assert.equal(found, wanted) });\n`;
const next = (/** @type {string} */ more) => ({
  'next.config.mjs': `import { fileURLToPath } from 'node:url';
const root = fileURLToPath(new URL('.', import.meta.url));
export default { turbopack: { root }, outputFileTracingRoot: root, ${more} };`,
  'app/layout.jsx': 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }',
  // Rendered while it is built, in the bundle.
  'app/page.jsx': `${PROGRAM.esm}\nexport default async function Page() { await compared; return <p>done</p>; }`,
});

/** @type {Readonly<Record<string, Project>>} */
const PROJECTS = {
  'esbuild, ESM': {
    packages: ['esbuild'],
    commands: [
      [...esbuild, '--format=esm', '--outfile=out/app.mjs'],
      ['node', 'out/app.mjs'],
    ],
  },
  'esbuild, CommonJS': {
    packages: ['esbuild'],
    commands: [
      [...esbuild, '--format=cjs', '--outfile=out/app.cjs'],
      ['node', 'out/app.cjs'],
    ],
  },
  'esbuild, external': {
    packages: ['esbuild'],
    commands: [
      [...esbuild, '--format=cjs', '--external:model-diff', '--outfile=out/app.cjs'],
      ['node', 'out/app.cjs'],
    ],
  },
  'rolldown, ESM': {
    packages: ['rolldown'],
    commands: [
      [...rolldown, '-f', 'esm', '-o', 'out/app.mjs'],
      ['node', 'out/app.mjs'],
    ],
  },
  'rolldown, CommonJS': {
    packages: ['rolldown'],
    commands: [
      [...rolldown, '-f', 'cjs', '-o', 'out/app.cjs'],
      ['node', 'out/app.cjs'],
    ],
  },
  tsdown: {
    packages: ['tsdown', NODE_24],
    commands: [
      ['tsdown', 'app.mjs', '--no-config', '--no-dts', '--out-dir', 'out', '--log-level', 'error'],
      ['node', 'out/app.mjs'],
    ],
  },
  rollup: {
    packages: ['rollup', '@rollup/plugin-node-resolve'],
    commands: [
      ['rollup', 'app.mjs', '-p', 'node-resolve', '-f', 'esm', '--dir', 'out', '--silent'],
      ['node', 'out/app.js'],
    ],
  },
  webpack: { packages: ['webpack', 'webpack-cli'], files: webpack(''), commands: [['webpack'], ['node', 'out/app.cjs']] },
  'webpack, external': {
    packages: ['webpack', 'webpack-cli'],
    files: webpack("externals: { 'model-diff': 'commonjs model-diff' }"),
    commands: [['webpack'], ['node', 'out/app.cjs']],
  },
  Vite: {
    packages: ['vite'],
    files: vite(''),
    commands: [
      ['vite', 'build'],
      ['node', 'out/app.js'],
    ],
  },
  'Vite, noExternal': {
    packages: ['vite'],
    files: vite('ssr: { noExternal: true }'),
    commands: [
      ['vite', 'build'],
      ['node', 'out/app.js'],
    ],
  },
  'Next.js': { packages: ['next', 'react', 'react-dom'], files: next(''), commands: [['next', 'build']] },
  'Next.js, external': {
    packages: ['next', 'react', 'react-dom'],
    files: next("serverExternalPackages: ['model-diff']"),
    commands: [['next', 'build']],
  },
  'Next.js, webpack': { packages: ['next', 'react', 'react-dom'], files: next(''), commands: [['next', 'build', '--webpack']] },
  'Next.js, standalone': {
    packages: ['next', 'react', 'react-dom'],
    files: next("output: 'standalone', outputFileTracingIncludes: { '/*': ['./node_modules/@model-diff/**/*'] }"),
    commands: [
      ['next', 'build'],
      ['ls', `.next/standalone/node_modules/@model-diff`],
    ],
    prints: 'binding-',
  },
  bun: { packages: ['bun'], commands: [['bun', 'app.mjs']] },
  'bun build': {
    packages: ['bun'],
    commands: [
      ['bun', 'build', 'app.mjs', '--target', 'node', '--outdir', 'out'],
      ['node', 'out/app.js'],
    ],
  },
  'bun --compile': {
    packages: ['bun'],
    commands: [['bun', 'build', 'app.mjs', '--compile', '--outfile', 'out/app'], ['out/app']],
    prints: BEYOND_BUNDLE,
  },
  'a bundle that is moved': {
    packages: ['esbuild'],
    commands: [
      [...esbuild, '--format=esm', '--outfile=../moved/app.mjs'],
      ['node', '../moved/app.mjs'],
    ],
    prints: BEYOND_BUNDLE,
  },
  'jest, ESM': {
    packages: ['jest'],
    files: { 'a.test.mjs': `import { Checkpoint, ModelDiff } from 'model-diff';\n${TEST}` },
    env: { NODE_OPTIONS: '--experimental-vm-modules' },
    commands: [['jest', '--testMatch', '**/*.test.mjs']],
    prints: '1 passed, 1 total',
  },
  'jest, require on Node 24': {
    packages: ['jest', NODE_24],
    files: { 'a.test.cjs': `const { Checkpoint, ModelDiff } = require('model-diff');\n${TEST}` },
    env: { NODE_OPTIONS: '--experimental-vm-modules' },
    commands: [['jest', '--testMatch', '**/*.test.cjs']],
    prints: '1 passed, 1 total',
  },
  vitest: {
    packages: ['vitest@4'],
    files: {
      'a.test.mjs': `import { expect, test } from 'vitest';\nimport { Checkpoint, ModelDiff } from 'model-diff';\n${TEST}`,
    },
    commands: [['vitest', 'run']],
    prints: '1 passed',
  },
  mocha: {
    packages: ['mocha'],
    files: { 'a.test.mjs': `${ASSERTING}const test = it;\n${TEST}` },
    commands: [['mocha', 'a.test.mjs']],
    prints: '1 passing',
  },
  ava: {
    // The last that runs on Node 20.
    packages: ['ava@7'],
    files: {
      'a.test.mjs': `import ava from 'ava';\n${ASSERTING}const test = (title, body) => ava(title, (t) => body().then(() => t.pass()));\n${TEST}`,
    },
    commands: [['ava', 'a.test.mjs']],
    prints: '1 test passed',
  },
  'node --test': {
    packages: [],
    files: { 'a.test.mjs': `import { test } from 'node:test';\n${ASSERTING}${TEST}` },
    commands: [['node', '--test', '--test-reporter=tap', 'a.test.mjs']],
    prints: '# pass 1',
  },
  Deno: {
    packages: ['deno'],
    commands: [['deno', 'run', '--allow-read', '--allow-env', '--allow-ffi', '--allow-sys', 'app.mjs']],
  },
};

await start(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [''] } } });
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-bundlers-'));
  const failures = [];
  const registry = await publishLocally(folder);
  try {
    for (const [name, project] of Object.entries(PROJECTS)) {
      if (!values.only.some((word) => name.startsWith(word))) continue;
      const problem = await build(join(folder, name.replaceAll(/\W+/g, '-')), registry, project).catch(String);
      console.log(problem === undefined ? `ok   ${name}` : `FAIL ${name}\n${problem}`);
      if (problem !== undefined) failures.push(name);
    }
  } finally {
    registry.stop();
    removeFolder(folder);
  }
  if (failures.length > 0) throw new ScriptError(`${failures.length} failed: ${failures.join('; ')}`);
});

/**
 * @param {string} app
 * @param {import('./lib/local-registry.mjs').Registry} registry
 * @param {Project} project
 * @returns {Promise<string | undefined>} What went wrong.
 */
async function build(app, registry, { packages, files, commands, env, prints = PROGRAM.prints }) {
  writeApp(app, registry, files);
  const path = [join(app, 'node_modules', NODE, 'bin'), join(app, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const options = /** @type {const} */ ({
    cwd: app,
    env: { ...registry.env, NEXT_TELEMETRY_DISABLED: '1', PATH: path, ...env },
    output: 'keep',
    timeout: 300_000,
  });
  const steps = [['npm', 'install', ...packages], ...commands];
  let said = '';
  for (const [index, command] of steps.entries()) {
    const { code, output } = await run(command, options);
    said = output;
    const isLast = index === steps.length - 1;
    if (code !== 0 && !(isLast && prints === BEYOND_BUNDLE)) return `${command.join(' ')}\n${output}`;
  }
  return said.includes(prints) ? undefined : `expected ${prints}, found ${said.slice(-2000)}`;
}
