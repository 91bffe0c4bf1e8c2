import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { BIN, example, makeFolder, run, type Ended } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);

test('--help has examples, groups and the exit status, and needs no add-on', async (t) => {
  const { code, stdout, stderr } = await run(['--help'], { env: { MODEL_DIFF_NATIVE: '/nowhere.node' } });
  t.deepEqual([code, stderr], [0, '']);
  for (const part of [
    'Usage: model-diff [options] <old> <new>',
    'Output:',
    'Comparing:',
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
});

test('--version is that of the package, and needs no add-on', async (t) => {
  const { stdout } = await run(['--version'], { env: { MODEL_DIFF_NATIVE: '/nowhere.node' } });
  t.regex(stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test('without the add-on a comparison says what to do', async (t) => {
  const { code, stderr } = await run([example('base'), example('sft'), '--verbose'], {
    env: { MODEL_DIFF_NATIVE: '/nowhere.node' },
  });
  t.is(code, 2);
  t.regex(stderr, /^error\[E_NATIVE_LOAD\]: .*\nhint: .*\ncause: /);
});

const BAD_CALLS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no argument', [], /missing required argument 'old'\nhint: /],
  ['one argument', ['a'], /missing required argument 'new'\nhint: /],
  ['three arguments', ['a', 'b', 'c'], /too many arguments/],
  [
    'an unknown flag near a known one',
    ['a', 'b', '--treshold', '1'],
    /unknown option '--treshold'\nhint: did you mean --threshold\?/,
  ],
  ['an unknown flag of a command', ['inspect', 'a', '--securty'], /unknown option '--securty'\nhint: did you mean --security\?/],
  [
    'an unknown format',
    ['a', 'b', '--format', 'pdf'],
    /argument 'pdf' is invalid\. Allowed choices are text, json, html, markdown, csv/,
  ],
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
    /error\[E_NOT_FOUND\]: cannot write not\/there\/x\.html: no such file or directory/,
  ],
  ['an output given twice', ['a', 'b', '-o', 'x.html', '-o', './x.html'], /given twice/],
  ['stdin as a checkpoint', ['-', 'b'], /cannot be read from stdin\nhint: /],
  ['a checkpoint that is not there', ['nope', example('base')], /error\[E_NOT_FOUND\]: .*nope/],
  ['a second checkpoint that is not there', [example('base'), 'nope'], /error\[E_NOT_FOUND\]: .*nope/],
  ['filters that leave nothing', [example('base'), example('sft'), '--include', 'zzz'], /error\[E_ARGUMENT\]: .*no tensor/],
  ['a saved report that is not there', ['report', 'nope.json'], /error\[E_NOT_FOUND\]: cannot read nope\.json/],
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
  t.true((statSync(BIN).mode & 0o111) !== 0);
});

test('a directory with nothing to load', async (t) => {
  writeFileSync(join(folder.path, 'readme.txt'), 'nothing here');
  const { code, stderr } = await run([folder.path, example('base')]);
  t.is(code, 2);
  t.regex(stderr, /^error\[E_[A-Z_]+\]: .*\nhint: /);
});
