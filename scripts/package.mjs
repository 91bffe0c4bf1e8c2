/** Packs the package as it would be published, and lets publint and @arethetypeswrong/cli judge the tarball. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, start, tool } from './lib/run.mjs';

await start(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-pack-'));
  try {
    await mustRun(['npm', 'pack', '--ignore-scripts', '--pack-destination', folder]);
    const tarball = join(folder, readdirSync(folder)[0] ?? '');
    await mustRun([...tool('publint'), 'run', tarball, '--strict']);
    await mustRun([...tool('@arethetypeswrong/cli', 'attw'), tarball, '--profile', 'esm-only']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
