/**
 * What the tests reach: `npm run coverage` for both languages, `-- --js` or `-- --rust` for one.
 * TypeScript: c8 over the ava suite, the command line included, mapped back to src/. Report in coverage/js.
 * Rust: the compiler's own counters, read by llvm-profdata and llvm-cov. Report in coverage/rust.
 */

import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addonName, root } from './lib/host.mjs';
import { mustRun, probe, run, ScriptError, start, tool } from './lib/run.mjs';
import { requireCargo, setup } from './setup.mjs';

const only = process.argv[2];

await start(async () => {
  await setup();
  rmSync(join(root, 'coverage'), { recursive: true, force: true });
  if (only !== '--rust') await coverJs();
  if (only !== '--js') await coverRust();
});

async function coverJs() {
  const build = [process.execPath, 'scripts/build.mjs', 'dist'];
  await mustRun(build, { env: { MODEL_DIFF_SOURCEMAP: '1' } });
  try {
    const options = ['--exclude-after-remap', '--all', '--src', 'src', '--include', 'src/**', '--exclude', 'src/binding.*'];
    const reports = [
      '--reporter',
      'text',
      '--reporter',
      'html',
      '--reports-dir',
      'coverage/js',
      '--temp-directory',
      'coverage/js/raw',
    ];
    await mustRun([...tool('c8'), ...options, ...reports, ...tool('ava')]);
  } finally {
    await mustRun(build);
  }
}

async function coverRust() {
  requireCargo();
  const { profdata, cov } = findLlvm();
  const folder = join(root, 'coverage', 'rust');
  const raw = join(folder, 'raw');
  mkdirSync(raw, { recursive: true });
  const env = {
    RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C instrument-coverage`,
    CARGO_TARGET_DIR: join(root, 'target', 'coverage'),
    LLVM_PROFILE_FILE: join(raw, '%p-%m.profraw'),
  };
  const tests = ['cargo', 'test', '--workspace', '--exclude', 'diff-node', '--tests'];
  await mustRun(tests, { env });
  const objects = await listBuilt([...tests, '--no-run'], env, 'executable');

  // The core is also what the tests of the package reach through the add-on.
  const [library = ''] = await listBuilt(['cargo', 'build', '--package', 'diff-node'], env, 'filenames');
  const addon = join(folder, addonName());
  copyFileSync(library, addon);
  await mustRun(tool('ava'), { env: { ...env, MODEL_DIFF_NATIVE: addon } });
  objects.push(addon);

  const profile = join(folder, 'tests.profdata');
  const profiles = readdirSync(raw).map((name) => join(raw, name));
  await mustRun([profdata, 'merge', '-sparse', '-o', profile, ...profiles]);
  const scope = [
    `-instr-profile=${profile}`,
    ...objects.flatMap((object) => ['-object', object]),
    '-sources',
    join(root, 'crates'),
  ];
  await mustRun([cov, 'show', ...scope, '-format=html', `-output-dir=${folder}`]);
  const report = await mustRun([cov, 'report', ...scope], { output: 'keep' });
  writeFileSync(join(folder, 'report.txt'), report);
  console.log(report);
  rmSync(raw, { recursive: true });
}

/**
 * Files that a cargo command builds in this workspace.
 * @param {readonly string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @param {'executable' | 'filenames'} key Tests, or libraries that C can load.
 * @returns {Promise<string[]>}
 */
async function listBuilt(command, env, key) {
  const { output } = await run([...command, '--message-format', 'json'], { env, output: 'keep' });
  const messages = output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const built = messages.filter((message) => message.reason === 'compiler-artifact');
  if (key === 'executable') return built.flatMap((message) => message.executable ?? []);
  return built.flatMap((message) => (message.target.kind.includes('cdylib') ? message.filenames : []));
}

/** LLVM's tools of the compiler's own version or newer: rustup's component, or Debian's. */
function findLlvm() {
  const verbose = probe(['rustc', '-vV']) ?? '';
  const major = Number(/LLVM version: (\d+)/.exec(verbose)?.[1]);
  const host = /host: (\S+)/.exec(verbose)?.[1] ?? '';
  const own = join(probe(['rustc', '--print', 'sysroot']) ?? '', 'lib', 'rustlib', host, 'bin');
  const pairs = [
    { profdata: join(own, 'llvm-profdata'), cov: join(own, 'llvm-cov') },
    ...[0, 1, 2].map((newer) => ({ profdata: `llvm-profdata-${major + newer}`, cov: `llvm-cov-${major + newer}` })),
  ];
  const found = pairs.find(({ profdata, cov }) =>
    profdata.startsWith('/') ? existsSync(profdata) : probe([cov, '--version']) !== undefined,
  );
  if (found === undefined) {
    throw new ScriptError(
      `coverage of the Rust code needs LLVM ${major}'s llvm-profdata and llvm-cov.\n` +
        `Install them with rustup component add llvm-tools, or on Debian with apt-get install llvm-${major}.`,
    );
  }
  return found;
}
