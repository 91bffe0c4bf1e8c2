/** Workflows run what they name by hash, with the version beside it, and have no rights that they do not name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { root } from '../scripts/lib/host.mjs';
import { TARGETS } from '../src/native/target.ts';

const folder = join(root, '.github/workflows');
const files = [...readdirSync(folder).map((name) => join(folder, name)), join(root, 'action.yml')];

test('actions are pinned by hash', (t) => {
  const versions = new Map<string, string>();
  for (const file of files) {
    for (const [, action = '', ref = '', version] of readFileSync(file, 'utf8').matchAll(
      /uses: *([^@\s]+)@(\S+)(?: # (v\d+\.\d+\.\d+))?$/gmu,
    )) {
      t.regex(ref, /^[0-9a-f]{40}$/u, `${file}: ${action}`);
      t.truthy(version, `${file}: ${action}`);
      t.is(versions.get(action) ?? ref, ref, `${action} has one hash`);
      versions.set(action, ref);
    }
  }
  t.true(versions.size >= 4);
});

test('a workflow has no rights but those of its jobs, and no text of others in a command', (t) => {
  for (const file of files.filter((path) => path !== join(root, 'action.yml'))) {
    const text = readFileSync(file, 'utf8');
    t.regex(text, /^permissions: \{\}$/mu, file);
    const jobs = text.slice(text.indexOf('\njobs:')).match(/^ {2}[\w-]+:$/gmu) ?? [];
    t.is(text.match(/^ {4}permissions:$/gmu)?.length, jobs.length, file);
    t.is(text.match(/^ {4}timeout-minutes:/gmu)?.length, jobs.length, file);
    t.notRegex(text, /run:[^\n]*\$\{\{/u, file);
  }
});

test('every platform is built, and tested where a runner has it', (t) => {
  const text = readFileSync(join(folder, 'release.yml'), 'utf8');
  const [build = '', tests = ''] = text.split('\n  test:\n');
  const built = [...build.matchAll(/ package: ([\w-]+)/gu)].map(([, name = '']) => name);
  t.deepEqual(built.toSorted(), TARGETS.toSorted());
  for (const target of TARGETS) t.true(tests.includes(`package: ${target}`), target);
});
