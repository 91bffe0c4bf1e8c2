/** Checkpoints whose files are pointers of Git LFS. */
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compare, detectFormat, loadCheckpoint } from 'model-diff';
import { example } from './cli/cli.ts';
import { makePointer, Repository } from './cli/repository.ts';
import { refusal } from './helpers/refusal.ts';

const BASE = readFileSync(example('base/model.safetensors'));

test('a pointer is read as the file that it stands for, under its own name', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  const path = repository.write('deep/down/w.safetensors', repository.store(BASE));
  await using checkpoint = await loadCheckpoint(path);
  t.is(checkpoint.layerNames.length, 57);
  t.deepEqual(
    checkpoint.files.map(({ path: named, bytes }) => [named, bytes]),
    [[path, BASE.length]],
  );
  const [finding, ...others] = checkpoint.findings;
  t.deepEqual(others, []);
  t.deepEqual([finding?.code, finding?.severity, finding?.path], ['GitLfsObject', 'info', path]);
  t.regex(finding?.message ?? '', /^the file is a pointer of Git LFS; what it stands for is read, \S*\.git\/lfs\/objects\//u);
  t.is(await detectFormat(path), 'safetensors');
  const { isIdentical } = await compare(path, example('base/model.safetensors'));
  t.true(isIdentical);
});

test('shards, their index and a single loose file', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  const folder = example('sft-sharded');
  for (const name of readdirSync(folder)) {
    if (!/\.safetensors$|index\.json$/u.test(name)) copyFileSync(join(folder, name), repository.write(`m/${name}`, ''));
    else repository.write(`m/${name}`, repository.store(readFileSync(join(folder, name))));
  }
  await using checkpoint = await loadCheckpoint(join(repository.path, 'm'));
  t.is(checkpoint.layerNames.length, 57);
  t.deepEqual(
    checkpoint.findings.map(({ code, message }) => [code, message.split(';')[0]]),
    [['GitLfsObject', '2 files are pointers of Git LFS']],
  );
  repository.write('loose/anything.safetensors', repository.store(BASE));
  await using loose = await loadCheckpoint(join(repository.path, 'loose'));
  t.is(loose.layerNames.length, 57);
});

test('pointers that lead nowhere, or elsewhere, are refused', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  const absent = repository.write('absent.safetensors', makePointer('a'.repeat(64), 10));
  const missing = await refusal(absent);
  t.is(missing.code, 'E_GIT_LFS_POINTER');
  t.is(missing.hint, 'run `git lfs pull` in the repository, or download the file');
  t.true(missing.message.includes(`found no object ${'a'.repeat(64)} there`));
  t.is(await detectFormat(absent), 'unknown');

  for (const oid of ['../'.repeat(20).padEnd(64, 'a'), 'A'.repeat(64), 'a'.repeat(63), '']) {
    const error = await refusal(repository.write('hostile.safetensors', makePointer(oid, 10)));
    t.is(error.code, 'E_GIT_LFS_POINTER', oid);
    t.true(error.message.startsWith('git-LFS pointer that is damaged'), error.message);
  }

  const cut = repository.write('cut.safetensors', repository.store(BASE));
  const [, oid = ''] = /sha256:(\w+)/u.exec(readFileSync(cut, 'utf8')) ?? [];
  const object = join(repository.path, '.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
  truncateSync(object, statSync(object).size - 1);
  const damaged = await refusal(cut);
  t.is(damaged.code, 'E_SIZE_MISMATCH');
  t.is(damaged.path, object);
  t.is(damaged.hint, 'delete this file and run `git lfs pull` in the repository');
});
