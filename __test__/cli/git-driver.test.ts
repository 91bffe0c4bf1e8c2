/** The external diff of git, in real repositories. */
import { chmodSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { example, ROOT, run } from './cli.ts';
import { makePointer, Repository } from './repository.ts';

const BASE = readFileSync(example('base/model.safetensors'));
const TUNED = readFileSync(example('sft/model.safetensors'));
const FIRST_LINE = 'Every matrix changed by about the same share';
const noFilter = '*.safetensors diff=model-diff -text\n';

test('a changed file, a renamed one, a new one, a deleted one, another mode', async (t) => {
  const repository = await Repository.create(noFilter);
  t.teardown(() => repository.remove());
  for (const name of ['changed', 'moved', 'deleted', 'mode']) repository.write(`models/${name}.safetensors`, BASE);
  await repository.commit('base');
  repository.write('models/changed.safetensors', TUNED);
  renameSync(join(repository.path, 'models/moved.safetensors'), join(repository.path, 'models/here.safetensors'));
  rmSync(join(repository.path, 'models/deleted.safetensors'));
  chmodSync(join(repository.path, 'models/mode.safetensors'), 0o755);
  repository.write('other/new.safetensors', Buffer.concat([TUNED.subarray(0, -1), Buffer.of(7)]));

  const plain = await repository.git('diff');
  t.deepEqual([plain.code, plain.stderr], [0, '']);
  t.regex(plain.stdout, /^diff a\/models\/changed\.safetensors b\/models\/changed\.safetensors\n/);
  t.true(plain.stdout.includes(FIRST_LINE));
  t.notRegex(plain.stdout, /git-blob|\/tmp\//, 'names of the repository, not those of temporary files');

  await repository.git('add', '-A');
  const { code, stdout, stderr } = await repository.git('diff', '--cached', '-M');
  t.deepEqual([code, stderr], [0, '']);
  t.regex(
    stdout,
    /diff a\/models\/(\w+)\.safetensors b\/models\/here\.safetensors\nsimilarity index 100%\nrename from models\/\1\.safetensors\nrename to models\/here\.safetensors\n\n/,
  );
  t.regex(stdout, /\ndeleted file mode 100644\nsafetensors, 57 tensors, 119,240 parameters, 238\.5 kB, bf16\n/);
  t.regex(stdout, /diff a\/other\/new\.safetensors b\/other\/new\.safetensors\nnew file mode 100644\nsafetensors, 57 tensors, /);
  t.true(stdout.includes('diff a/models/mode.safetensors b/models/mode.safetensors\nold mode 100644\nnew mode 100755\n\n'));
});

test('what cannot be compared is told in words, and the rest of the diff goes on', async (t) => {
  const repository = await Repository.create(noFilter);
  t.teardown(() => repository.remove());
  repository.write('a.safetensors', BASE);
  repository.write('b.safetensors', BASE);
  repository.write('link.safetensors', BASE);
  await repository.commit('base');
  repository.write('a.safetensors', 'no checkpoint at all');
  repository.write('b.safetensors', TUNED);
  rmSync(join(repository.path, 'link.safetensors'));
  symlinkSync('b.safetensors', join(repository.path, 'link.safetensors'));
  const { code, stdout, stderr } = await repository.git('diff');
  t.deepEqual([code, stderr], [0, '']);
  t.regex(stdout, /^diff a\/a\.safetensors b\/a\.safetensors\nerror\[E_\w+\]: .*\nhint: .*\n\ndiff a\/b\.safetensors/);
  t.true(stdout.includes(FIRST_LINE));
  t.true(stdout.includes('link to b.safetensors'), stdout);
  t.notRegex(stdout, /git-blob/);
});

test('a new pickle that could run code is no quiet line', async (t) => {
  const repository = await Repository.create('*.pt diff=model-diff -text\n');
  t.teardown(() => repository.remove());
  repository.write('m/w.pt', readFileSync(join(ROOT, '__test__', 'fixtures', 'hostile', 'call_os_system.pt')));
  await repository.git('add', '-A');
  const { code, stdout } = await repository.git('diff', '--cached');
  t.is(code, 0);
  t.regex(stdout, /\nnew file mode 100644\npytorch, [^\n]*\ncritical\[GlobalDangerous\]: [^\n]*m\/w\.pt/);
});

test('other calls end with 0 too', async (t) => {
  const usage = await run(['git-driver']);
  t.deepEqual([usage.code, usage.stderr], [0, '']);
  t.true(usage.stdout.includes("git config diff.model-diff.command 'model-diff git-driver'"));
  t.is((await run(['git-driver', '--output', '--json'])).code, 0);
  const unmerged = await run(['git-driver', 'a\u001b[2J.safetensors']);
  t.deepEqual([unmerged.code, unmerged.stdout], [0, String.raw`* unmerged a\u{1b}[2J.safetensors` + '\n']);
  const gone = await run([
    'git-driver',
    '-q.pt',
    '/nowhere/x',
    '1'.repeat(40),
    '100644',
    example('base'),
    '2'.repeat(40),
    '100644',
  ]);
  t.deepEqual([gone.code, gone.stderr], [0, '']);
  t.regex(gone.stdout, /^diff a\/-q\.pt b\/-q\.pt\nerror\[E_NOT_FOUND\]: [^\n]*a\/-q\.pt/);
});

test('pointers of Git LFS are opened through the store', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  repository.write('m/w.safetensors', repository.store(BASE));
  await repository.commit('base');
  repository.write('m/w.safetensors', repository.store(TUNED));
  const unstaged = await repository.git('diff');
  t.deepEqual([unstaged.code, unstaged.stderr], [0, '']);
  t.true(unstaged.stdout.includes(FIRST_LINE), unstaged.stdout);
  await repository.commit('tuned');
  for (const cwd of [repository.path, join(repository.path, 'm')]) {
    const log = await repository.gitWith({ cwd }, 'log', '-1', '-p', '--ext-diff');
    t.is(log.code, 0);
    t.true(log.stdout.includes('diff a/m/w.safetensors b/m/w.safetensors'));
    t.true(log.stdout.includes(FIRST_LINE), log.stdout);
  }
  t.true((await repository.git('diff', 'HEAD~1', 'HEAD', '--stat')).stdout.includes('w.safetensors'));

  const tree = join(repository.path, 'linked');
  await repository.git('worktree', 'add', '-q', tree, 'HEAD~1');
  const linked = await repository.gitWith({ cwd: tree }, 'diff', 'HEAD', 'main');
  t.deepEqual([linked.code, linked.stderr], [0, '']);
  t.true(linked.stdout.includes(FIRST_LINE), linked.stdout);

  const bare = join(repository.path, 'bare.git');
  renameSync(join(repository.path, '.git'), bare);
  rmSync(tree, { recursive: true });
  const named = await repository.gitWith({ env: { GIT_DIR: bare, GIT_WORK_TREE: repository.path } }, 'diff', 'HEAD~1', 'HEAD');
  t.deepEqual([named.code, named.stderr], [0, '']);
  t.true(named.stdout.includes(FIRST_LINE), named.stdout);
});

test('a store that is elsewhere, and an object that is not there', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  repository.write('w.safetensors', repository.store(BASE, 'elsewhere'));
  repository.write('z.safetensors', repository.store(BASE));
  await repository.commit('base');
  repository.write('w.safetensors', repository.store(TUNED, 'elsewhere'));
  const missing = await repository.git('diff');
  t.is(missing.code, 0);
  t.regex(
    missing.stdout,
    /^diff a\/w\.safetensors b\/w\.safetensors\nerror\[E_GIT_LFS_POINTER\]: git-LFS pointer [^\n]*\(w\.safetensors\)\nhint: run `git lfs pull`/,
  );
  for (const place of [join(repository.path, 'elsewhere'), '../elsewhere']) {
    await repository.git('config', 'lfs.storage', place);
    t.true((await repository.git('diff')).stdout.includes(FIRST_LINE), place);
  }
  await repository.git('config', '--unset', 'lfs.storage');
  const home = { env: { HOME: repository.path } };
  repository.write('.gitconfig', '[lfs]\n\tstorage = ~/elsewhere\n');
  t.true((await repository.gitWith(home, 'diff', '--', 'w.safetensors')).stdout.includes(FIRST_LINE), 'of the user');
  repository.write('z.safetensors', makePointer('0'.repeat(64), 1));
  const { stdout } = await repository.gitWith(home, 'diff');
  t.true(stdout.includes(FIRST_LINE));
  t.true(stdout.includes('E_GIT_LFS_POINTER'), 'one that is missing does not keep the others from being shown');
});

test('inspect --format tsv as textconv: lines of the tensors that changed', async (t) => {
  const repository = await Repository.create();
  t.teardown(() => repository.remove());
  const program = (await repository.git('config', 'diff.model-diff.command')).stdout.trim().replace(/git-driver$/, '');
  await repository.git('config', '--unset', 'diff.model-diff.command');
  await repository.git('config', 'diff.model-diff.textconv', `${program} inspect --format tsv`);
  const changed = Buffer.from(BASE);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  repository.write('w.safetensors', repository.store(BASE));
  await repository.commit('base');
  repository.write('w.safetensors', repository.store(changed));
  const { code, stdout, stderr } = await repository.git('diff', '-U0');
  t.deepEqual([code, stderr], [0, '']);
  const lines = stdout.split('\n').filter((line) => /^[-+][^-+]/.test(line));
  t.is(lines.length, 2, stdout);
  const [before = [], after = []] = lines.map((line) => line.slice(1).split('\t'));
  t.deepEqual(before.slice(0, 3), after.slice(0, 3));
  t.regex(before[3] ?? '', /^[0-9a-f]{16}$/);
  t.not(before[3], after[3]);
});
