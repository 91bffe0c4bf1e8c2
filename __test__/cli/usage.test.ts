import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readStatic } from '../report/page-data.ts';
import { BIN, example, makeFolder, ROOT, run, type Ended } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

test('--help has examples, groups and the exit status, and needs no add-on', async (t) => {
  const { code, stdout, stderr } = await run(['--help'], { env: { MODEL_DIFF_NATIVE: '/nowhere.node' } });
  t.deepEqual([code, stderr], [0, '']);
  for (const part of [
    'Usage: model-diff [options] <old> <new>',
    'Output:',
    'Comparing:',
    'One side only:',
    'Opening:',
    'Running:',
    'Display:',
    'Commands:',
    'Examples:',
    'Exit status:',
    '--exit-code',
  ])
    t.true(stdout.includes(part), part);
  for (const line of stdout.split('\n')) t.true(line.length <= 80, line);
  t.regex((await run(['inspect', '--help'])).stdout, /--security/);
  t.regex((await run(['report', '--help'])).stdout, /Usage: model-diff report/);
  t.is((await run(['help', 'series'])).stdout, (await run(['series', '--help'])).stdout);
});

test('-h fits on one screen and has ten options and four examples', async (t) => {
  const { code, stdout, stderr } = await run(['-h']);
  t.deepEqual([code, stderr], [0, '']);
  const lines = stdout.trimEnd().split('\n');
  t.true(lines.length <= 23, stdout);
  t.true(
    lines.every((line) => line.length <= 80),
    stdout,
  );
  t.is(lines.filter((line) => /^ {2}(?:-\w, | {4})--[a-z-]+/.test(line)).length, 10);
  t.is(lines.slice(lines.indexOf('Examples:') + 1).length, 4);
  t.regex(stdout, /All options: model-diff --help/);
});

for (const command of ['inspect', 'series', 'report'])
  test(`${command} -h fits on one screen too`, async (t) => {
    const { code, stdout } = await run([command, '-h']);
    t.is(code, 0);
    t.true(stdout.startsWith(`Usage: model-diff ${command} `), stdout);
    const lines = stdout.trimEnd().split('\n');
    t.true(lines.length <= 23 && lines.every((line) => line.length <= 80), stdout);
  });

test('a bare call prints the short usage and is a wrong one', async (t) => {
  const { code, stdout, stderr } = await run([]);
  t.deepEqual([code, stdout], [2, '']);
  t.is(stderr, (await run(['-h'])).stdout);
});

test('a checkpoint that is compared with itself is said', async (t) => {
  const twice = await run([example('base'), join(example('sft'), '..', 'base')]);
  t.is(twice.code, 0);
  t.regex(twice.stderr, /^warning: old and new are the same checkpoint, .*base\n/);
  const gan = join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt');
  t.notRegex((await run([gan, gan, '--key-old', 'G', '--key-new', 'D'])).stderr, /the same checkpoint/);
});

test('errors of the system are told without their number', async (t) => {
  const { stderr } = await run(['nope', 'b']);
  const reason = process.platform === 'win32' ? '[^()]+' : 'no such file or directory';
  t.regex(
    stderr,
    new RegExp(`^error\\[E_NOT_FOUND\\]: cannot open: ${reason} \\(nope\\)\nhint: check the spelling of the path\n$`),
  );
});

test('--version is that of the package, and needs no add-on', async (t) => {
  const { stdout } = await run(['--version'], { env: { MODEL_DIFF_NATIVE: '/nowhere.node' } });
  t.regex(stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test('the help loads neither the analysis nor the reports', async (t) => {
  const { readFileSync } = await import('node:fs');
  const loaded = new Set(['chunk-shell.js']);
  for (const name of loaded) {
    const code = readFileSync(join(ROOT, 'dist', name), 'utf8');
    for (const [, next = ''] of code.matchAll(/\bfrom ?["'`]\.\/([\w.-]+)["'`]/g)) loaded.add(next);
  }
  t.deepEqual([...loaded].toSorted(), ['chunk-base.js', 'chunk-rolldown-runtime.js', 'chunk-shell.js']);
});

test('without the add-on a comparison says what to do', async (t) => {
  const { code, stderr } = await run([example('base'), example('sft'), '--verbose'], {
    env: { MODEL_DIFF_NATIVE: '/nowhere.node' },
  });
  t.is(code, 2);
  t.regex(stderr, /^error\[E_NATIVE_LOAD\]: .*\nhint: MODEL_DIFF_NATIVE must name /);
});

const BAD_CALLS: readonly (readonly [string, readonly string[], RegExp])[] = [
  [
    'one argument',
    ['a'],
    /missing required argument 'new'\nhint: a comparison takes two checkpoints; for one, use model-diff inspect\n/,
  ],
  [
    'a misspelt command',
    ['inspec', 'a'],
    /no command and no checkpoint called inspec\nhint: did you mean model-diff inspect\?\n/,
  ],
  ['a misspelt command alone', ['serie'], /hint: did you mean model-diff series\?\n/],
  ['three arguments', ['a', 'b', 'c'], /too many arguments.*\nhint: put quotes around a pattern with a \*; for more than two/],
  [
    'an unknown flag near a known one',
    ['a', 'b', '--treshold', '1'],
    /unknown option '--treshold'\nhint: did you mean --threshold\?/,
  ],
  ['an unknown flag of a command', ['inspect', 'a', '--securty'], /unknown option '--securty'\nhint: did you mean --security\?/],
  ['an unknown format', ['a', 'b', '--format', 'pdf'], /argument 'pdf' is invalid\. Allowed choices are text, json, jsonl, html/],
  ['two formats', ['a', 'b', '--json', '--format', 'csv'], /'--json' cannot be used with option '-f, --format <format>'/],
  ['a negative --top', ['a', 'b', '--top', '-1'], /argument '-1' is invalid/],
  ['a --top that is no number', ['a', 'b', '--top', '5x'], /Expected a whole number/],
  ['no thread', ['a', 'b', '--threads', '0'], /from 1 to 1024/],
  ['a threshold that is no number', ['a', 'b', '--threshold', 'NaN'], /Expected a number from 0/],
  ['an unknown --color', ['a', 'b', '--color', 'maybe'], /Allowed choices are auto, always, never/],
  ['an output of unknown ending', ['a', 'b', '-o', 'x.pdf'], /cannot tell the format of x\.pdf: expected a name that ends in/],
  [
    'an output in a folder that is not there',
    ['a', 'b', '-o', 'not/there/x.html'],
    /error\[E_NOT_FOUND\]: cannot write not\/there\/x\.html: the folder not\/there does not exist\nhint: create the folder first/,
  ],
  ['an output given twice', ['a', 'b', '-o', 'x.html', '-o', './x.html'], /given twice/],
  ['stdin as a checkpoint', ['-', 'b'], /cannot be read from stdin\nhint: /],
  ['a checkpoint that is not there', ['nope', example('base')], /error\[E_NOT_FOUND\]: .*nope/],
  ['a second checkpoint that is not there', [example('base'), 'nope'], /error\[E_NOT_FOUND\]: .*nope/],
  [
    'filters that leave nothing',
    [example('base'), example('sft'), '--include', 'zzz'],
    /error\[E_ARGUMENT\]: --include leaves no tensor to compare\nhint: model-diff inspect lists the names\n/,
  ],
  [
    'a saved report that is not there',
    ['report', 'nope.json'],
    /error\[E_NOT_FOUND\]: cannot read nope\.json: no such file or directory\nhint: model-diff OLD NEW -o report\.json makes one\n/,
  ],
  [
    'a checkpoint as a saved report',
    ['report', example('base')],
    /it is a directory\nhint: model-diff OLD NEW -o report\.json makes one/,
  ],
  [
    'a mapping that is not in the file',
    ['inspect', join(ROOT, '__test__', 'fixtures', 'torch', 'gan.pt'), '--key', 'nope'],
    /error\[E_ARGUMENT\]: .*expected .*G.*\nhint: model-diff inspect lists what is in the file\n/,
  ],
  [
    'an open bracket in a pattern',
    [example('base'), example('sft'), '--include', '*.weight', '--include', 'a[b'],
    /--include has the pattern "a\[b" with an open bracket: expected a \] after the \[ at character 2\nhint: a set of characters is written \[abc\]/,
  ],
  [
    'include and exclude that leave nothing',
    [example('base'), example('sft'), '--include', '*norm*', '--exclude', '*'],
    /error\[E_ARGUMENT\]: --include and --exclude leave no tensor to compare\nhint: /,
  ],
  [
    'an unknown limit',
    ['a', 'b', '--limit', 'memry=1'],
    /argument 'memry=1' is invalid\. Expected NAME=NUMBER, with one of the names pickle_bytes, .*memory/,
  ],
  ['a limit without a number', ['a', 'b', '--limit', 'memory'], /Expected NAME=NUMBER/],
  [
    'an open bracket in what is left out',
    [example('base'), example('sft'), '--exclude', '[a'],
    /--exclude has the pattern "\[a"/,
  ],
  [
    'a rule to rename without an arrow',
    [example('base'), example('sft'), '--rename', 'abc'],
    /--rename has the rule "abc": expected REGEX=>REPLACEMENT\nhint: for example --rename '\^net\\\.=>model\.'\n/,
  ],
  [
    'a rule to rename nothing',
    [example('base'), example('sft'), '--rename', '=>x'],
    /--rename has the rule "=>x": expected .*\nhint: the expression before => /,
  ],
  [
    'a rule to rename that is no expression',
    [example('base'), example('sft'), '--rename', '(=>x'],
    /--rename has the rule "\(=>x", which does not begin with a regular expression: .*Unterminated group\nhint: /,
  ],
];

for (const [title, args, message] of BAD_CALLS) {
  test(`status 2 and a reason: ${title}`, async (t) => {
    const { code, stdout, stderr } = await run(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, /^error\[E_[A-Z_]+\]: /);
    t.regex(stderr, message);
  });
}

test('an argument with escape codes is printed escaped', async (t) => {
  const { stderr } = await run(['\u001b[31mnope', 'b\nerror: all is well', '-q']);
  t.notRegex(stderr.trimEnd(), /\u001b|\n.*error: all is well/);
});

test('errors are told on stderr in colour only where it is wanted', async (t) => {
  t.true((await run(['nope', 'b', '--color', 'always'])).stderr.includes('\u001b[31m'));
  t.false((await run(['nope', 'b'])).stderr.includes('\u001b'));
});

test('a reader that closes the pipe is no error', async (t) => {
  const ended: Ended = await run([example('base'), example('sft'), '--format', 'html'], { closeStdout: true });
  t.is(ended.code, 0);
  t.false(/EPIPE|Error/.test(ended.stderr), ended.stderr);
});

test('the program is a script that can be started', async (t) => {
  const { readFileSync, statSync } = await import('node:fs');
  t.true(readFileSync(BIN, 'utf8').startsWith('#!/usr/bin/env node\n'));
  // Windows has no such bit; npm writes a command for the program.
  if (process.platform !== 'win32') t.not(statSync(BIN).mode & 0o111, 0);
});

test('a directory with nothing to load', async (t) => {
  writeFileSync(join(folder.path, 'readme.txt'), 'nothing here');
  const { code, stderr } = await run([folder.path, example('base')]);
  t.is(code, 2);
  t.regex(stderr, /^error\[E_[A-Z_]+\]: .*\nhint: /);
});

test('checkpoints without a tensor: which', async (t) => {
  const empty = writeSafetensors(join(folder.path, 'empty.safetensors'), []);
  const other = writeSafetensors(join(folder.path, 'also-empty.safetensors'), []);
  const full = writeSafetensors(join(folder.path, 'full.safetensors'), [{ name: 'a', shape: [1] }]);
  const tell = async (old: string, next: string): Promise<string> => (await run([old, next])).stderr.replaceAll(folder.path, '');
  t.regex(
    await tell(empty, other),
    /^error\[E_NO_TENSORS\]: nothing to compare: neither checkpoint holds a tensor \(empty\.safetensors, also-empty\.safetensors\)\nhint: /,
  );
  t.regex(await tell(empty, full), /the old checkpoint holds no tensor \(empty\.safetensors\)\n/);
  t.regex(await tell(full, empty), /the new checkpoint holds no tensor \(empty\.safetensors\)\n/);
});

test('one of a thing is told as one', async (t) => {
  const one = writeSafetensors(join(folder.path, 'one.safetensors'), [{ name: 'a', shape: [1], values: [1] }]);
  const two = writeSafetensors(join(folder.path, 'two.safetensors'), [{ name: 'a', shape: [1], values: [2] }]);
  const said = [
    await run([one, two]),
    await run([one, two, '--format', 'markdown']),
    await run([one, two, '--format', 'html']),
    await run(['inspect', one]),
    await run(['series', one, two]),
  ].map(({ stdout, stderr }) => stdout + stderr);
  t.regex(said[0] ?? '', /^one\.safetensors → two\.safetensors {3}1 tensor, 1 parameter, f32\n/u);
  for (const text of said)
    t.notRegex(
      readStatic(text),
      /(?<![\d.,])1 (?:\w+ )?(?:tensors|parameters|elements|bytes|files|findings|blocks|steps|names|bars)\b/,
    );
});

test('a number of threads that the environment gives wrongly is told by its name', async (t) => {
  const { code, stderr } = await run([example('base'), example('sft')], { env: { MODEL_DIFF_THREADS: 'many' } });
  t.is(code, 2);
  t.is(stderr, 'error[E_ARGUMENT]: MODEL_DIFF_THREADS must be a whole number from 1 to 1024, not many\n');
});

test('a hint of the library on one of its options names the flag', async (t) => {
  const path = join(folder.path, 'variants');
  mkdirSync(path);
  for (const variant of ['fp16', 'bf16'])
    writeSafetensors(join(path, `model.${variant}.safetensors`), [{ name: 'a', shape: [1] }]);
  const { code, stderr } = await run(['inspect', path]);
  t.is(code, 2);
  t.regex(stderr, /^error\[E_AMBIGUOUS_DIRECTORY\]: .*\nhint: choose one with --variant bf16\n$/);
});
