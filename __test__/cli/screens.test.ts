/**
 * The reports in a real terminal: each fits the window with everything that stands on stderr, and some are compared with `screens/`.
 * To make those again: `REMAKE_SCREENS=1 npx ava __test__/cli/screens.test.ts`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { example, ROOT } from './cli.ts';
import { countScreenLines, hasTerminal, readScreen, runInTerminal, type Size } from './pty.ts';

const SCREENS = join(ROOT, '__test__', 'cli', 'screens');
const SIZES: readonly Size[] = [
  [80, 24],
  [120, 40],
  [200, 50],
];
const fixture = (...path: readonly string[]): string => join('__test__', 'fixtures', ...path);
const tiny = (name: string): string => join('examples', 'tiny-gpt', name);
const DIVERGING = [1, 2, 3, 4, 5, 6].map((step) => tiny(`diverge-${step}`));

const onTerminal = hasTerminal ? test : test.skip;

/** Everything that depends on the machine and the moment. */
function mask(screen: string): string {
  return screen.replace(/ in [\d.]+ m?s( \([^)]*\))?/g, ' in TIME');
}

/** Fits, and says so where it does not show everything. */
function check(t: ExecutionContext, screen: string, [columns, rows]: Size): void {
  t.true(countScreenLines(screen, columns) < rows, `${columns} × ${rows}: ${countScreenLines(screen, columns)} lines\n${screen}`);
  t.notRegex(screen, /\d(\.\d+)?e[-+]\d+%/u, 'no percentage has an exponent');
}

const GOLDEN: Readonly<Record<string, readonly string[]>> = {
  sft: [tiny('base'), tiny('sft')],
  'sft-resized': [tiny('base'), tiny('sft-resized')],
  'frozen-bottom': [tiny('base'), tiny('frozen-bottom')],
  'rl-steps': [tiny('base'), tiny('rl-steps')],
  broken: [tiny('base'), tiny('diverge-5')],
  identical: [tiny('base'), tiny('base-pt')],
  unsafe: [fixture('hostile', 'call_many.pt'), fixture('hostile', 'call_many.pt')],
  'left-out': [fixture('folders', 'trainer-checkpoint'), fixture('folders', 'trainer-final')],
  inspect: ['inspect', tiny('sft')],
  'inspect-unsafe': ['inspect', fixture('hostile', 'call_many.pt')],
  series: ['series', ...DIVERGING],
  ascii: [tiny('base'), tiny('frozen-bottom'), '--ascii'],
};

for (const [name, args] of Object.entries(GOLDEN)) {
  for (const size of SIZES) {
    onTerminal(`the screen of ${name} at ${size.join(' × ')}`, async (t) => {
      const screen = readScreen(await runInTerminal(args, size));
      check(t, screen, size);
      const file = join(SCREENS, `${name}-${size.join('x')}.txt`);
      if (process.env['REMAKE_SCREENS'] === '1') {
        mkdirSync(SCREENS, { recursive: true });
        writeFileSync(file, mask(screen));
      }
      t.is(mask(screen), existsSync(file) ? readFileSync(file, 'utf8') : '', file);
    });
  }
}

const EXAMPLES = readdirSync(example(''), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['corpus', 'base'].includes(entry.name))
  .map((entry) => entry.name);

for (const name of EXAMPLES) {
  onTerminal(`${name} fits every terminal with its conclusion in sight`, async (t) => {
    const shown = await Promise.all(SIZES.map((size) => runInTerminal([tiny('base'), tiny(name)], size)));
    for (const [at, text] of shown.entries()) {
      const size = SIZES[at] ?? [80, 24];
      const screen = readScreen(text);
      check(t, screen, size);
      t.true(screen.startsWith('base → '), screen);
      t.regex(screen, /^changed \d+|^NaN \d+/mu);
    }
  });
}
