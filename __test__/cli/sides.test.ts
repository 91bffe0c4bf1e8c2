import { join } from 'node:path';
import test from 'ava';
import { makeFolder, ROOT, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

/** A file of torch with two mappings: a generator and a discriminator. */
const TWO_MAPPINGS = join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt');

const FLAT = writeSafetensors(
  join(folder.path, 'flat.safetensors'),
  ['ema.a', 'ema.b', 'model.a', 'model.b'].map((name, at) => ({ name, shape: [2], values: [at & 1, at] })),
);

interface Saved {
  readonly summary: { readonly compared_tensors: number; readonly old_tensors: number; readonly new_tensors: number };
  readonly columns: { readonly names: readonly string[] };
}

async function compare(...args: readonly string[]): Promise<Saved> {
  const { code, stdout, stderr } = await run([...args, '--json']);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Saved;
}

test('--key-old and --key-new compare two mappings of one file', async (t) => {
  const generator = await compare(TWO_MAPPINGS, TWO_MAPPINGS, '--key', 'G');
  t.is(generator.summary.compared_tensors, 4);
  const both = await run([TWO_MAPPINGS, TWO_MAPPINGS, '--key-old', 'G', '--key-new', 'D', '--json']);
  const saved = JSON.parse(both.stdout) as Saved;
  t.is(saved.summary.old_tensors, 4);
  t.true(saved.summary.new_tensors > 0 && saved.summary.new_tensors < 4);
  const one = await compare(TWO_MAPPINGS, TWO_MAPPINGS, '--key', 'D', '--key-old', 'G', '--key-new', 'G');
  t.is(one.summary.compared_tensors, 4, 'a flag of one side goes before that of both');
});

test('--include-old and --strip-prefix-old compare two parts of one file', async (t) => {
  const saved = await compare(
    FLAT,
    FLAT,
    ...['--include-old', 'ema.*', '--strip-prefix-old', 'ema.'],
    ...['--include-new', 'model.*', '--strip-prefix-new', 'model.'],
  );
  t.deepEqual(saved.columns.names, ['a', 'b']);
  t.is(saved.summary.compared_tensors, 2);
  const half = await compare(FLAT, FLAT, '--include-old', 'ema.*', '--strip-prefix-old', 'ema.', '--strip-prefix-new', 'model.');
  t.deepEqual(half.columns.names, ['a', 'b', 'ema.a', 'ema.b']);
});

test('--rename-old and --rename-new rename one side', async (t) => {
  const saved = await compare(FLAT, FLAT, '--include-old', 'ema.*', '--rename-old', String.raw`^ema\.=>model.`);
  t.deepEqual(saved.columns.names, ['ema.a', 'ema.b', 'model.a', 'model.b']);
  t.is(saved.summary.compared_tensors, 2);
  const turned = await compare(FLAT, FLAT, '--include-new', 'model.*', '--rename-new', 'model=>ema');
  t.is(turned.summary.compared_tensors, 2);
});

test('errors and warnings name the flag of the side', async (t) => {
  const tell = async (...args: readonly string[]): Promise<string> => (await run([FLAT, FLAT, ...args])).stderr;
  t.regex(
    await tell('--include-old', 'zzz'),
    /^error\[E_ARGUMENT\]: --include-old leaves no tensor of the old checkpoint\nhint: model-diff inspect lists the names\n$/,
  );
  t.regex(
    await tell('--rename-new', 'old.rename'),
    /^error\[E_ARGUMENT\]: --rename-new has the rule "old\.rename": expected REGEX=>REPLACEMENT\nhint: for example --rename-new '\^net/,
  );
  t.regex(
    await tell('--rename-old', '^(ema|model)=>x'),
    /after --rename-old "\^\(ema\|model\)=>x" two tensors of the old checkpoint are called x\.a\n/,
  );
  t.regex(await tell('--include-old', 'a[b'), /--include-old has the pattern "a\[b" with an open bracket/);
  t.regex(
    await tell('--strip-prefix', 'mdl.'),
    /^warning: old and new are the same checkpoint, .*\nwarning\[UnusedRule\]: no name of either checkpoint begins with "mdl\."\n/,
  );
  t.regex(
    await tell('--strip-prefix-new', 'mdl.'),
    /^warning\[UnusedRule\]: no name of the new checkpoint begins with "mdl\."\n/,
  );
  t.regex(await tell('--rename-old', 'mdl=>x'), /^warning\[UnusedRule\]: no name of the old checkpoint is changed by "mdl=>x"\n/);
  t.is(await tell('--strip-prefix-new', 'mdl.', '-q'), '');
  const { stdout } = await run([FLAT, FLAT, '--strip-prefix', 'mdl.']);
  t.regex(stdout, /\nfindings\n {2}warning {2}old: no name of either checkpoint begins with "mdl\." \[UnusedRule\]\n/);
});

test('a variant of one side', async (t) => {
  const { code, stderr } = await run([FLAT, FLAT, '--variant-old', 'fp16', '--variant-new', 'fp16', '-q']);
  t.deepEqual([code, stderr], [0, ''], 'a single file has no variants');
});
