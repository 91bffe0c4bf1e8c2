/**
 * A release without a release: publishes all packages to a registry on this machine, then installs and uses them as people do, with every
 * package manager on every supported line of Node. Needs the network, and the binary of this platform in artifacts/ (scripts/cross.mjs).
 *   --only WORD   combinations whose name has the word: --only 'pnpm' --only 'Node 24'
 */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROGRAM, writeApp } from './lib/app.mjs';
import { isAtLeast } from './lib/host.mjs';
import { publishLocally, removeFolder } from './lib/local-registry.mjs';
import { mustRun, ScriptError, start, tool } from './lib/run.mjs';

/** The oldest supported version, then the newest of each later line. */
const NODES = ['20.19.0', '22', '24', '26'];

/**
 * @typedef {object} Manager
 * @property {string} package In the registry.
 * @property {string} program Path in the package.
 * @property {boolean} [isNative] No script for Node.
 * @property {readonly string[]} install
 * @property {readonly string[]} [run] What stands before a program that is run among the installed packages; by default its path in node_modules.
 * @property {number} [oldestNode] The oldest line of Node on which it runs.
 * @property {string} [since] The version of Node from which on `require` works where the manager has a resolver of its own.
 * @property {Readonly<Record<string, string>>} [files] Its configuration.
 */

/** @type {Readonly<Record<string, Manager>>} */
const MANAGERS = {
  'npm 10': { package: 'npm@10', program: 'bin/npm-cli.js', install: ['install'] },
  'npm 11': { package: 'npm@11', program: 'bin/npm-cli.js', install: ['install'] },
  'npm 12': { package: 'npm@12', program: 'bin/npm-cli.js', install: ['install'], oldestNode: 22 },
  'pnpm 10': { package: 'pnpm@10', program: 'bin/pnpm.cjs', install: ['install'] },
  'pnpm 11': { package: 'pnpm@11', program: 'bin/pnpm.mjs', install: ['install'], oldestNode: 22 },
  'pnpm 12': { package: 'pnpm@12', program: 'pnpm', isNative: true, install: ['install'] },
  'Yarn 1': { package: 'yarn@1', program: 'bin/yarn.js', install: ['install', '--no-lockfile'] },
  'Yarn 4': {
    package: '@yarnpkg/cli-dist@4',
    program: 'bin/yarn.js',
    install: ['install'],
    run: ['run'],
    since: '22.12',
    files: {
      '.yarnrc.yml':
        'enableTelemetry: false\nenableGlobalCache: false\nnpmMinimalAgeGate: 0\nunsafeHttpWhitelist: ["localhost"]\n',
      'yarn.lock': '',
    },
  },
  bun: { package: 'bun', program: 'bin/bun.exe', isNative: true, install: ['install'] },
};

/** Settings of TypeScript that resolve packages in different ways. */
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  node16: { module: 'node16', moduleResolution: 'node16' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};

await start(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-release-'));
  const failures = [];
  const registry = await publishLocally(folder);
  try {
    for (const version of NODES) {
      for (const [name, manager] of Object.entries(MANAGERS)) {
        const title = `${name}, Node ${version}`;
        if (!values.only.every((word) => title.includes(word))) continue;
        if (Number.parseInt(version, 10) < (manager.oldestNode ?? 0)) {
          console.log(`skip ${title}: it needs Node ${manager.oldestNode}`);
          continue;
        }
        const began = performance.now();
        try {
          await use(join(folder, title.replaceAll(/\W+/g, '-')), folder, registry, version, manager);
          console.log(`ok   ${title} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
        } catch (error) {
          failures.push(title);
          console.log(`FAIL ${title}\n${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  } finally {
    registry.stop();
    removeFolder(folder);
  }
  if (failures.length > 0) throw new ScriptError(`${failures.length} failed: ${failures.join('; ')}`);
});

/**
 * Installs the package into an app with one manager and one Node, and uses it in every way.
 * @param {string} app
 * @param {string} tools
 * @param {import('./lib/local-registry.mjs').Registry} registry
 * @param {string} version
 * @param {Manager} manager
 */
async function use(app, tools, registry, version, manager) {
  const node = join(await installTool(tools, `node-linux-${process.arch}@${version}`), `node-linux-${process.arch}`, 'bin/node');
  const home = await installTool(tools, manager.package);
  const program = join(home, manager.package.replace(/(?<!^)@.*$/, ''), manager.program);
  writeApp(app, registry, manager.files);
  const environment = {
    // Its own cache remembers the addresses of an earlier registry.
    YARN_GLOBAL_FOLDER: join(app, '.yarn-global'),
    ...registry.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    CI: '1',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  };
  const options = /** @type {const} */ ({
    cwd: app,
    env: { ...environment, YARN_NPM_REGISTRY_SERVER: registry.url.slice(0, -1) },
    output: 'keep',
  });
  const call = manager.isNative === true ? [program] : [node, program];
  await mustRun([...call, ...manager.install], options);

  const run = manager.run;
  const script = run === undefined ? [node] : [...call, 'node'];
  const found = (await mustRun([node, '-p', 'process.versions.node'], options)).trim();
  const files = ['app.mjs', ...(manager.since === undefined || isAtLeast(found, manager.since) ? ['app.cjs'] : [])];
  for (const file of files) requireText(await mustRun([...script, file], options), PROGRAM.prints);
  const command = run === undefined ? [join(app, 'node_modules/.bin/model-diff')] : [...call, ...run, 'model-diff'];
  requireText(await mustRun([...command, 'demo', '--json', '--no-provenance'], options), 'Only q_proj and v_proj changed');
  // What TypeScript finds depends on the manager alone.
  if (run !== undefined || version !== NODES.at(-1)) return;
  for (const [resolution, settings] of Object.entries(RESOLUTIONS)) {
    const project = `tsconfig.${resolution}.json`;
    const compilerOptions = { ...settings, target: 'es2023', strict: true, noEmit: true, types: ['node'], skipLibCheck: false };
    writeFileSync(join(app, project), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
    await mustRun([...tool('typescript', 'tsc'), '-p', project], options);
  }
}

/** Installs a program once. @param {string} folder @param {string} spec @returns {Promise<string>} Its node_modules. */
async function installTool(folder, spec) {
  const home = join(folder, 'tools', spec.replaceAll(/\W+/g, '-'));
  const modules = join(home, 'node_modules');
  try {
    readFileSync(join(modules, '.package-lock.json'));
  } catch {
    mkdirSync(home, { recursive: true });
    await mustRun(['npm', 'install', '--prefix', home, '--no-audit', '--no-fund', spec], { output: 'keep' });
  }
  return modules;
}

/** @param {string} text @param {string} wanted */
function requireText(text, wanted) {
  if (!text.includes(wanted)) throw new ScriptError(`expected ${wanted}, found ${text.slice(0, 500)}`);
}
