import test from 'ava';
import { writeMarkdown, type MarkdownOptions } from '../../src/report/markdown/comparison.ts';
import { buildModel, buildResult, type BuiltResult, prepare } from './build.ts';
import { buildHostile } from './build-hostile.ts';
import { HOSTILE_NAMES } from './hostile.ts';

function write(result: BuiltResult, options: MarkdownOptions = {}): string {
  return writeMarkdown(prepare(result), options);
}

test('a whole report', (t) => {
  t.snapshot(write(buildModel(), { rows: 6 }));
});

test('every row of a table has the cells of its head, whatever the names hold', (t) => {
  for (const result of [buildModel(), buildHostile()]) {
    let cells = 0;
    for (const line of write(result, { rows: 1000, maxCharacters: 1e9 }).split('\n')) {
      const found = line.startsWith('|') ? line.replace(/\\\|/g, '').split('|').length - 2 : 0;
      if (cells > 0 && found > 0) t.is(found, cells, line.slice(0, 200));
      cells = found;
    }
  }
});

test('no line is markup that a name made', (t) => {
  const allowed =
    /^(?:|# .*|## (?:[\d,]+ of [\d,]+ rules broken|Insights|Most changed tensors|Configuration|(?:Could not be compared|Reshaped|Added|Removed|Same values in another dtype): [\d,]+ tensors?)|\*\*.*\*\*|\|.*\||- .*|… and .*)$/;
  for (const line of write(buildHostile(), { rows: 1000, maxCharacters: 1e9 }).split('\n')) t.regex(line, allowed);
  t.notRegex(
    write(buildHostile(), { maxCharacters: 1e9 }).replace(/(`+)[^\n]*?[^`]\1(?!`)/g, ''),
    /<(?:script|img|svg|!--)|\]\(http|@someone/,
  );
});

for (const maxCharacters of [100, 1000, 2000, 5000, 20_000, 60_000]) {
  test(`at most ${maxCharacters} characters, and what is left out is said`, (t) => {
    const result = buildResult(
      Array.from({ length: 2000 }, (_, index) => ({
        name: `model.layers.${index}.self_attn.q_proj.weight`,
        change: 0.01,
        type: index % 3 === 0 ? ('added' as const) : ('modified' as const),
      })),
    );
    const text = write(result, { maxCharacters, rows: 2000 });
    t.true(text.length <= maxCharacters, String(text.length));
    t.regex(text, /… and [\d,]+ more modified tensors|Left out to save space|does not fit/);
  });
}

test('a report that fits is whole', (t) => {
  t.notRegex(write(buildModel(), { rows: 1000 }), /… and|Left out/);
});

test('a hostile report stays within the default budget', (t) => {
  t.true(write(buildHostile()).length <= 60_000);
  t.true(write(buildResult(HOSTILE_NAMES.map((name) => ({ name })))).length <= 60_000);
});
