import { join } from 'node:path';
import test from 'ava';
import { decideColor, type When } from '../../src/cli/terminal.ts';
import { example, makeFolder, run } from './cli.ts';
import { countScreenLines, hasTerminal, readScreen, runInTerminal } from './pty.ts';

const TERMINAL = { isTTY: true };
const PIPE = {};

const CASES: readonly (readonly [string, When, { readonly isTTY?: boolean }, NodeJS.ProcessEnv, boolean])[] = [
  ['a terminal', 'auto', TERMINAL, {}, true],
  ['a pipe', 'auto', PIPE, {}, false],
  ['NO_COLOR', 'auto', TERMINAL, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', 'auto', TERMINAL, { NO_COLOR: '' }, true],
  ['FORCE_COLOR on a pipe', 'auto', PIPE, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', 'auto', TERMINAL, { FORCE_COLOR: '0' }, false],
  ['NO_COLOR before FORCE_COLOR', 'auto', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['--color=always before NO_COLOR', 'always', PIPE, { NO_COLOR: '1' }, true],
  ['--color=never before FORCE_COLOR', 'never', TERMINAL, { FORCE_COLOR: '1' }, false],
  ['a dumb terminal', 'auto', TERMINAL, { TERM: 'dumb' }, false],
  ['CI', 'auto', TERMINAL, { CI: 'true' }, false],
  ['FORCE_COLOR in CI', 'auto', PIPE, { CI: 'true', FORCE_COLOR: '1' }, true],
];

for (const [title, when, screen, env, expected] of CASES) {
  test(`colour: ${title}`, (t) => t.is(decideColor(when, screen, env), expected));
}

const onTerminal = hasTerminal ? test : test.skip;
const CALL = [example('base'), example('sft')];

onTerminal('on a terminal the report is coloured unless that is not wanted', async (t) => {
  t.true((await runInTerminal(CALL, [92, 60])).includes('\u001b[1m'));
  t.false((await runInTerminal([...CALL, '--color', 'never', '--progress', 'never'], [92, 60])).includes('\u001b'));
  t.false((await runInTerminal([...CALL, '--progress', 'never'], [92, 60], { NO_COLOR: '1' })).includes('\u001b'));
});

onTerminal('a high terminal shows everything, in full', async (t) => {
  const screen = readScreen(await runInTerminal(CALL, [92, 1000]));
  t.notRegex(screen, /not shown|more:/u);
  t.is(screen.match(/^(layers|lm_head|embed_tokens|norm)\S* +[\d.]+% /gmu)?.length, 57);
});

onTerminal('--top takes the lines that it asks for, and then the conclusion stands at the end too', async (t) => {
  const screen = readScreen(await runInTerminal([...CALL, '--top', '57'], [80, 24]));
  t.true(countScreenLines(screen, 80) > 57);
  const verdict = 'Every matrix changed by about the same share: 5.7%; norms by 0.61%.\n(strong: 5–25%)\n';
  t.regex(screen, new RegExp(`\n\n${verdict.replace(/[().]/gu, '\\$&')}Compared 57 tensors, `, 'u'));
  const few = readScreen(await runInTerminal([...CALL, '--top', '2'], [80, 40]));
  t.is(few.split('Every matrix').length, 2, 'where it can be seen it is said once');
});

onTerminal('a saved report leaves room for its error too', async (t) => {
  const folder = makeFolder();
  t.teardown(folder.remove);
  const saved = join(folder.path, 'saved.json');
  t.is((await run([...CALL, '-q', '-o', saved])).code, 0);
  const screen = readScreen(await runInTerminal(['report', saved, '--fail-on', 'change>1%@nope*'], [80, 24]));
  t.true(countScreenLines(screen, 80) < 24, screen);
  t.regex(screen, /no tensor matches the pattern/u);
});

onTerminal('files that are written, and stderr that goes elsewhere, are counted too', async (t) => {
  const folder = makeFolder();
  t.teardown(folder.remove);
  const files = ['a.html', 'b.json', 'c.md', 'd.csv'].flatMap((name) => ['-o', join(folder.path, name)]);
  const screen = readScreen(await runInTerminal([...CALL, ...files], [80, 24]));
  t.true(countScreenLines(screen, 80) < 24, screen);
  t.is(screen.match(/^Wrote /gmu)?.length, 4);
  t.regex(screen, /; --top 57$/mu, 'who writes files need not be told of it');
});

onTerminal('a window of a few lines has the conclusion, and is not left', async (t) => {
  for (const [columns, rows] of [
    [80, 8],
    [60, 14],
    [40, 16],
  ] as const) {
    const screen = readScreen(await runInTerminal(CALL, [columns, rows]));
    t.true(countScreenLines(screen, columns) < rows, `${columns} × ${rows}\n${screen}`);
    t.regex(screen, /^Every matrix/mu);
    t.regex(screen, /not\s+shown|more:/u);
  }
});
