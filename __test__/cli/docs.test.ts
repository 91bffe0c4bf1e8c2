import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { example, ROOT, run } from './cli.ts';

const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');

/** Long flags of a help text that commander made. */
function listFlags(help: string): string[] {
  return [...help.matchAll(/^ {2}(?:-[a-zA-Z], )?(--[a-z-]+(?: <[a-z]+>)?) {2,}/gm)].map(([, flag = '']) => flag).toSorted();
}

/** Long flags of the tables of one section. */
function listDocumented(section: string): string[] {
  return [...section.matchAll(/^\| `(?:-[a-zA-Z], )?(--[a-z-]+(?: <[a-z]+>)?)` \|/gm)].map(([, flag = '']) => flag).toSorted();
}

for (const [title, args, heading, next] of [
  ['the comparison', ['--help'], '## Comparing', '## Inspecting'],
  ['inspect', ['inspect', '--help'], '## Inspecting', '## Hashing'],
  ['hash', ['hash', '--help'], '## Hashing', '## Following a run'],
  ['series', ['series', '--help'], '## Following a run', '## In parts, on several machines'],
  ['report', ['report', '--help'], '## Reports of a saved result', '## Schemas, demonstration, installation, git'],
] as const) {
  test(`docs/cli.md has every option of ${title}, and no other`, async (t) => {
    const section = page.slice(page.indexOf(heading), page.indexOf(next));
    const flags = listFlags((await run(args)).stdout);
    t.true(flags.length >= 9);
    t.deepEqual(listDocumented(section), flags);
  });
}

test('docs/cli.md has every option of what is done in parts, and no other', async (t) => {
  const section = page.slice(page.indexOf('## In parts, on several machines'), page.indexOf('## Reports of a saved result'));
  const helps = await Promise.all(['plan', 'status', 'submit', 'combine'].map((command) => run([command, '--help'])));
  t.deepEqual(listDocumented(section), helps.flatMap(({ stdout }) => listFlags(stdout)).toSorted());
});

test('the short forms are right too', async (t) => {
  const helps = await Promise.all([run(['--help']), run(['plan', '--help'])]);
  const stdout = helps.map((help) => help.stdout).join('\n');
  for (const [, short = '', long = ''] of page.matchAll(/^\| `(-[a-zA-Z]), (--[a-z-]+)/gm))
    t.true(stdout.includes(`${short}, ${long}`), `${short}, ${long}`);
});

test('the report on the page is the real one', async (t) => {
  const block = /```\n(base → sft {3}[^`]*)```/u.exec(page)?.[1] ?? '';
  t.true(block.length > 0);
  t.true((await run([example('base'), example('sft')])).stdout.startsWith(block), block);
});

test('every code that the page shows is one that there is', async (t) => {
  const { stderr } = await run([join(ROOT, 'package.json'), 'nope']);
  t.regex(stderr, /^error\[E_/);
  t.true(page.includes('E_UNEXPECTED_EOF'));
});
