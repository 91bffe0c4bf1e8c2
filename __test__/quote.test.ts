import { execFileSync } from 'node:child_process';
import test from 'ava';
import { quote } from '../src/wording/quote.ts';

const PATHS = [
  'a b',
  "it's",
  'say "hi"',
  '$HOME',
  '`id`',
  'a;b&c|d',
  '100%',
  '*.weight',
  '{a,b}',
  '',
  '~',
  '\\',
  'new\nline',
  'é',
  '!x',
  '#x',
];

test('POSIX shells read back what was quoted', (t) => {
  for (const platform of ['linux', 'darwin'] as const) {
    t.is(quote('runs/step-1=a,b:c@d+e%f', platform), 'runs/step-1=a,b:c@d+e%f');
    t.is(quote("it's", platform), String.raw`'it'\''s'`);
    t.is(quote(String.raw`C:\run`, platform), String.raw`'C:\run'`);
  }
  if (process.platform === 'win32') return;
  const script = `printf '%s\\0' ${PATHS.map((path) => quote(path, 'linux')).join(' ')}`;
  t.deepEqual(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1), PATHS);
});

const WINDOWS: readonly (readonly [argument: string, quoted: string])[] = [
  [String.raw`C:\runs\step-1`, String.raw`C:\runs\step-1`],
  ['--key=a.b', '--key=a.b'],
  [String.raw`C:\My Models\base`, String.raw`"C:\My Models\base"`],
  ['C:\\My Models\\', String.raw`"C:\My Models\\"`],
  [String.raw`\\server\share\a b`, String.raw`"\\server\share\a b"`],
  ["it's", `"it's"`],
  ['a,b', '"a,b"'],
  ['@args', '"@args"'],
  ['*.weight', '"*.weight"'],
  ['a&b', '"a&b"'],
  ['100%', '"100%"'],
  ['', '""'],
  ['~', '"~"'],
  ['$HOME', "'$HOME'"],
  ["`it's`", "'`it''s`'"],
  ['say "hi"', `'say "hi"'`],
  ['“it’s”', "'“it’’s”'"],
];
test('on Windows arguments are quoted for cmd.exe and PowerShell', (t) => {
  for (const [argument, quoted] of WINDOWS) t.is(quote(argument, 'win32'), quoted);
});
