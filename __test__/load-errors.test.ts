/** What a user is told where the add-on cannot be loaded: every cause, made for real where this system can make it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addonName, root, triple } from '../scripts/lib/host.mjs';
import { TOOL } from '../src/tool.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-diff-load-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const addon = readFileSync(join(root, 'dist', addonName()));
const pair = ['base', 'sft'].map((name) => join(root, 'examples/tiny-gpt', name));

/** Of the same length. */
const anotherVersion = TOOL.version.replaceAll(/\d/g, '9');

interface App {
  /** Add-ons by the platform whose package has them. */
  readonly packages?: Readonly<Record<string, string | Uint8Array>>;
  /** Puts the program into a folder of the app's own, as a bundler does. */
  readonly bundled?: boolean;
  /** Puts the add-on beside the program. */
  readonly copied?: boolean;
  /** Run before the program. */
  readonly before?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let apps = 0;

/** Installs the package into a new folder, with the given platform packages, and runs it there. */
function start(args: readonly string[], { packages = {}, bundled = false, copied = false, before = '', env = {} }: App) {
  apps += 1;
  const modules = join(folder, String(apps), 'node_modules');
  const home = bundled ? join(folder, String(apps), 'out') : join(modules, 'model-diff');
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true, filter: (path) => !path.endsWith('.node') });
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  if (bundled) writeFileSync(join(home, 'package.json'), '{ "name": "app", "type": "module" }');
  if (copied) cpSync(join(root, 'dist', addonName()), join(home, 'dist', addonName()));
  for (const [target, bytes] of Object.entries(packages)) {
    const place = join(modules, '@model-diff', `binding-${target}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), JSON.stringify({ main: `model-diff.${target}.node` }));
    writeFileSync(join(place, `model-diff.${target}.node`), bytes);
  }
  const preload = before === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, join(home, 'dist/cli.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', MODEL_DIFF_NATIVE: '', ...env },
  });
  return { status, stdout, stderr };
}

/** The add-on with one text of it changed to another of the same length. */
function patch(from: string, to: string): Uint8Array {
  const bytes = Buffer.from(addon);
  const at = bytes.indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`the add-on has no ${from}`);
  bytes.write(to, at, 'latin1');
  return bytes;
}

const pretend = (platform: string, arch: string) =>
  `Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } });`;

const CASES: Readonly<Record<string, App & { readonly message: RegExp; readonly hint: RegExp }>> = {
  'a platform without a binary': {
    before: pretend('freebsd', 'x64'),
    message: /there is no binary of model-diff for freebsd x64 with Node v/,
    hint: /there are binaries for Linux \(x64 and arm64, with glibc 2\.17 or newer, or musl\), macOS .* and Windows .*MODEL_DIFF_NATIVE/,
  },
  'a processor without a binary': {
    before: pretend('win32', 'ia32'),
    message: /there is no binary of model-diff for win32 ia32/,
    hint: /Windows \(x64 and arm64\)/,
  },
  'the package is missing': {
    message: new RegExp(`the package with the binary for this system is not installed: @model-diff/binding-${triple()}`),
    hint: /--omit=optional leaves out.*npm 11\.3 or newer/,
  },
  'node_modules comes from another system': {
    packages: { 'win32-arm64-msvc': addon },
    message: /node_modules was installed on another system: it has the binary for win32-arm64-msvc, and this is /,
    hint: /install again on this system/,
  },
  'the code is in a bundle': {
    bundled: true,
    message: /the native part of model-diff cannot be found from a bundle \(\S+out\S+\.js\)/,
    hint: /serverExternalPackages in Next\.js.*external in esbuild.*or copy model-diff\.\S+\.node/,
  },
  'the binary belongs to another version': {
    packages: { [triple()]: patch(`@model-diff/binding@${TOOL.version};`, `@model-diff/binding@${anotherVersion};`) },
    message: /the add-on does not belong to this version: it is version 9[\d.]+, and model-diff is \d+\.\d+\.\d+ \(\S+\.node\)/,
    hint: /install model-diff again/,
  },
  'the binary is damaged': {
    packages: { [triple()]: addon.subarray(0, 100) },
    message: /the native part of model-diff does not load: \S/,
    hint: new RegExp(`this is ${process.platform} ${process.arch}.*@model-diff/binding-${triple()} was to fit it`),
  },
  'the file that a variable names is missing': {
    env: { MODEL_DIFF_NATIVE: join(folder, 'nowhere.node') },
    message: /the add-on that MODEL_DIFF_NATIVE names is not there \(\S+nowhere\.node\)/,
    hint: /MODEL_DIFF_NATIVE must name an add-on that was built for this system and version/,
  },
};

for (const [title, { message, hint, ...app }] of Object.entries(CASES)) {
  test(title, (t) => {
    for (const args of [pair, ['doctor']]) {
      const { status, stderr } = start(args, app);
      t.is(status, 2);
      const [error = '', advice = ''] = stderr.split('\n');
      t.regex(error, new RegExp(`^error\\[E_NATIVE_LOAD\\]: ${message.source}`));
      t.regex(advice, new RegExp(`^hint: .*${hint.source}`));
    }
  });
}

const newest = [...new Set(addon.toString('latin1').match(/GLIBC_2\.\d\d/g))].sort().at(-1);
(newest === undefined ? test.skip : test)('glibc is too old', (t) => {
  const packages = { [triple()]: patch(newest ?? '', 'GLIBC_9.99') };
  const { status, stderr } = start(pair, { packages });
  t.is(status, 2);
  const found = (process.report.getReport() as { header: { glibcVersionRuntime: string } }).header.glibcVersionRuntime;
  t.regex(
    stderr,
    new RegExp(
      `^error\\[E_NATIVE_LOAD\\]: glibc ${found} is too old for the add-on, which needs 9\\.99 \\(\\S+\\.node\\)\n` +
        `hint: use a system with glibc 9\\.99 or newer, or build the add-on`,
    ),
  );
});

test('the add-on of the platform package is used, in a bundle too, and a copy beside a bundle', (t) => {
  const packages = { [triple()]: addon };
  for (const app of [{ packages }, { packages, bundled: true }, { bundled: true, copied: true }]) {
    const { status, stdout } = start(['doctor', '--json'], app);
    const { addon: found } = JSON.parse(stdout) as { addon: { loads: boolean; bundle: string | null } };
    t.is(status, 0);
    t.true(found.loads);
    t.is(found.bundle !== null, 'bundled' in app);
  }
});

test('doctor says that there is no binary for a platform', (t) => {
  const { stdout } = start(['doctor'], { before: pretend('freebsd', 'riscv64') });
  t.regex(stdout, /^platform +freebsd riscv64\n +has no binary of model-diff$/m);
  t.false(
    (JSON.parse(start(['doctor', '--json'], { before: pretend('aix', 'ppc64') }).stdout) as { supported: boolean }).supported,
  );
});

test('errors of the library have a code, a place and the cause', (t) => {
  const { stdout } = start(['doctor', '--json'], { packages: { [triple()]: addon.subarray(0, 100) } });
  const { addon: found } = JSON.parse(stdout) as { addon: { error: string; hint: string } };
  t.regex(found.error, /^the native part of model-diff does not load: /);
  t.truthy(found.hint);
});
