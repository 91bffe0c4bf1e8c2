import { spawnSync } from 'node:child_process';
import test from 'ava';
import { decideColor, type When } from '../../src/cli/terminal.ts';
import { measureCells } from '../../src/wording/width.ts';
import { BIN, example } from './cli.ts';

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

// util-linux's program of this name gives the program a terminal.
const TERMINAL_MAKER = 'script';
const hasScript = process.platform === 'linux' && spawnSync(TERMINAL_MAKER, ['--version']).status === 0;

(hasScript ? test : test.skip)('on a terminal the report is coloured, as wide as it is, and not longer than it is high', (t) => {
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const show = (columns: number, rows: number, flags: string): string =>
    spawnSync(
      TERMINAL_MAKER,
      [
        '-qec',
        `stty cols ${columns} rows ${rows}; '${process.execPath}' '${BIN}' '${example('base')}' '${example('sft')}' ${flags} 2>/dev/null`,
        '/dev/null',
      ],
      { encoding: 'utf8', env: { ...env, TERM: 'xterm' } },
    ).stdout;
  // eslint-disable-next-line no-control-regex -- the report's own colours
  const plain = (text: string): string[] =>
    text
      .replace(/\u001b\[\d+m/g, '')
      .replaceAll('\r', '')
      .trimEnd()
      .split('\n');
  const shown = show(92, 60, '');
  t.true(shown.includes('\u001b['));
  t.true(
    plain(shown).every((line) => measureCells(line) <= 92),
    shown,
  );
  t.true(plain(shown).length <= 60);
  t.true(plain(shown).some((line) => /… and \d+ more modified tensors \(--top\)/.test(line)));
  t.true(plain(show(92, 1000, '')).length > 60, 'a high terminal shows more');
  t.false(show(92, 60, '--color never').includes('\u001b'));
});
