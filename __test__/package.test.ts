/** The package as it reaches a user: packed, installed into an empty folder beside this platform's binary, imported, required, run. */

import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { addonName, root, triple } from '../scripts/lib/host.mjs';
import { LARGEST, LEGAL_FILES } from '../scripts/lib/platform-packages.mjs';

const onWindows = process.platform === 'win32';
const runFile = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main?: string;
  readonly publishConfig: { readonly access: string };
  readonly repository: { readonly type: string; readonly url: string };
  readonly files: readonly (string | undefined)[];
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly napi: { readonly packageName: string; readonly targets: readonly string[] };
}

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

let folder = '';
let app = '';
let packedRoot: Packed;
let packedBinding: Packed;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-diff-package-'));
  app = join(folder, 'app');
  await mkdir(app);

  const binding = join(folder, 'binding');
  await cp(join(root, 'npm', triple()), binding, { recursive: true });
  await cp(join(root, 'dist', addonName()), join(binding, addonName()));
  for (const [file, source] of Object.entries(LEGAL_FILES)) await cp(join(root, source), join(binding, file));
  [packedBinding, packedRoot] = await Promise.all([pack(binding), pack(root)]);
  const published = await pack(await stage(packedRoot));

  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  await npm(app, [
    'install',
    '--offline',
    '--ignore-scripts',
    ...[published, packedBinding].map((it) => join(folder, it.filename)),
  ]);
});

test.after.always(() => rm(folder, { recursive: true, force: true }));

test('the tarball holds the bundle, the declarations and nothing of the workshop', async (t) => {
  const paths = packedRoot.files.map((file) => file.path);
  for (const path of ['package.json', ...Object.keys(LEGAL_FILES), 'index.d.ts', 'dist/index.js', 'dist/cli.js']) {
    t.true(paths.includes(path), path);
  }
  const allowed =
    /^(package\.json|LICENSE|THIRD-PARTY-NOTICES\.md|README\.md|CHANGELOG\.md|index\.d\.ts|dist\/[\w.-]+\.js|schema\/[\w.-]+\.json|examples\/tiny-gpt\/(?:base|lora-merged)\/(?:config\.json|model\.safetensors))$/;
  t.deepEqual(
    paths.filter((path) => !allowed.test(path)),
    [],
  );
  if (!onWindows) {
    const bin = packedRoot.files.find((file) => file.path === 'dist/cli.js');
    t.is((bin?.mode ?? 0) & 0o111, 0o111, 'dist/cli.js has the exec bit');
  }
  t.true((await readFile(join(root, 'dist/cli.js'), 'utf8')).startsWith('#!/usr/bin/env node\n'));
  t.is((await readManifest(root)).dependencies, undefined);
});

test('each package has the notices of what is in it', async (t) => {
  const listParts = async (path: string): Promise<string[]> =>
    [...(await readFile(path, 'utf8')).matchAll(/^- (\S+) \d\S* \(/gm)].map(([, name]) => name ?? '');
  const [bundled, linked] = [
    await listParts(join(root, 'THIRD-PARTY-NOTICES.md')),
    await listParts(join(folder, 'binding', 'THIRD-PARTY-NOTICES.md')),
  ];
  t.deepEqual(bundled.toSorted(), ['commander', 'fastest-levenshtein', 'undici']);
  t.true(linked.length > 30 && ['blake3', 'napi', 'rayon', 'zip'].every((name) => linked.includes(name)));
  t.false(bundled.some((name) => linked.includes(name)));
});

test("the platform's tarball holds its binary", (t) => {
  const paths = packedBinding.files.map((file) => file.path);
  t.deepEqual(paths.toSorted(), ['README.md', addonName(), 'package.json', ...Object.keys(LEGAL_FILES)].toSorted());
});

test('every target has its platform package', async (t) => {
  const manifest = await readManifest(root);
  const folders = await readdir(join(root, 'npm'));
  t.is(folders.length, manifest.napi.targets.length);
  for (const name of folders) {
    const platform = await readManifest(join(root, 'npm', name));
    const [os, cpu, abi] = name.split('-');
    t.is(platform.name, `${manifest.napi.packageName}-${name}`);
    t.is(platform.version, manifest.version, name);
    t.is(platform.publishConfig.access, 'public', name);
    t.deepEqual(platform.repository, { ...manifest.repository, directory: `npm/${name}` });
    t.deepEqual(platform.files, [platform.main, 'THIRD-PARTY-NOTICES.md']);
    t.is(platform.main, `model-diff.${name}.node`);
    t.deepEqual(platform.engines, manifest.engines, name);
    t.deepEqual(platform.os, [os], name);
    t.deepEqual(platform.cpu, [cpu], name);
    t.deepEqual(platform.libc, os === 'linux' ? [abi === 'gnu' ? 'glibc' : 'musl'] : undefined, name);
  }
});

test('the packages are no larger than promised', (t) => {
  t.true(packedRoot.unpackedSize <= LARGEST.root, `${packedRoot.unpackedSize} bytes`);
  t.true(packedBinding.unpackedSize <= LARGEST.platform, `${packedBinding.unpackedSize} bytes`);
});

test('import and require give the same exports', async (t) => {
  const imported = await node(`import * as api from 'model-diff'; console.log(Object.keys(api).toSorted().join());`);
  const required = await node(
    `import { createRequire } from 'node:module';
     const api = createRequire(import.meta.url)('model-diff'); console.log(Object.keys(api).toSorted().join());`,
  );
  t.regex(imported, /\bcompareCheckpoints\b/);
  t.is(required, imported);
});

test('a comparison runs on the binary of the platform package', async (t) => {
  const printed = await node(`
    import { Checkpoint, ModelDiff } from 'model-diff';
    const [a, b] = [2, 5].map((value) => Checkpoint.fromTensors({ weight: { data: Float32Array.of(1, value), shape: [2] } }));
    const { diffs } = await new ModelDiff().diff(a, b);
    const loaded = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
    console.log(JSON.stringify({ l2Diff: diffs[0].l2Diff, loaded }));
  `);
  const { l2Diff, loaded } = JSON.parse(printed) as { l2Diff: number; loaded: readonly string[] };
  t.is(l2Diff, 3);
  t.deepEqual(
    loaded.map((path) => relative(realpathSync(app), realpathSync(path))),
    [join('node_modules', '@model-diff', `binding-${triple()}`, addonName())],
  );
});

test('the bin runs', async (t) => {
  const { version } = await readManifest(root);
  const bin = join(app, 'node_modules', '.bin', onWindows ? 'model-diff.cmd' : 'model-diff');
  t.true((await stat(bin)).isFile());
  const { stdout } = await runFile(bin, ['--version'], { shell: onWindows });
  t.is(stdout.trim(), version);
});

test('the demonstration runs on what is in the package', async (t) => {
  const bin = join(app, 'node_modules', '.bin', onWindows ? 'model-diff.cmd' : 'model-diff');
  const env = { ...process.env, MODEL_DIFF_NATIVE: '' };
  const { stdout, stderr } = await runFile(bin, ['demo', '--no-provenance', '-o', 'report.html'], {
    cwd: app,
    env,
    shell: onWindows,
  });
  t.regex(stdout, /^base → lora-merged .*\nOnly q_proj and v_proj changed, in all 6 blocks, by 28%/);
  t.regex(stderr, /With yours: model-diff old\/ new\/$/m);
  t.true((await stat(join(app, 'report.html'))).size > 10_000);
});

/** A copy of what was packed with the platform packages among its dependencies, as `napi prepublish` leaves package.json. */
async function stage({ files }: Packed): Promise<string> {
  const copy = join(folder, 'root');
  for (const { path } of files) await cp(join(root, path), join(copy, path));
  const manifest = await readManifest(root);
  const platforms = (await readdir(join(root, 'npm'))).map((name) => [`${manifest.napi.packageName}-${name}`, manifest.version]);
  await writeFile(
    join(copy, 'package.json'),
    JSON.stringify({ ...manifest, optionalDependencies: Object.fromEntries(platforms) }),
  );
  return copy;
}

async function pack(from: string): Promise<Packed> {
  const printed = await npm(from, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  const [packed] = JSON.parse(printed) as Packed[];
  if (packed === undefined) throw new Error(`npm pack printed ${printed}`);
  return packed;
}

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const { stdout } = await runFile('npm', [...args, '--no-audit', '--no-fund'], { cwd, shell: onWindows });
  return stdout;
}

/** Runs a module in the app's folder. */
async function node(code: string): Promise<string> {
  const file = join(app, `${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, code);
  const { stdout } = await runFile(process.execPath, [file], { cwd: app, env: { ...process.env, MODEL_DIFF_NATIVE: '' } });
  return stdout.trim();
}

async function readManifest(from: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as Manifest;
}
