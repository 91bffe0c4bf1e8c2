import test from 'ava';
import { Comparison } from '../../src/comparison/comparison.ts';
import { writeText } from '../../src/report/text/comparison.ts';
import type { TextOptions } from '../../src/report/text/comparison.ts';
import { drawBar, drawProfile, ASCII_GLYPHS, UNICODE_GLYPHS } from '../../src/report/text/glyphs.ts';
import { measureCells, truncateMiddle, wrapWords } from '../../src/wording/width.ts';
import { alter, buildModel, buildResult, type BuiltResult, prepare } from './build.ts';
import { HOSTILE_NAMES } from './hostile.ts';

function write(result: BuiltResult, options: TextOptions = {}, names: readonly [string, string] = ['base', 'tuned']): string {
  return writeText(prepare(result, ...names), options);
}

test('a whole report', (t) => {
  t.snapshot(write(buildModel(), { rows: 6 }));
});

test('a whole report on a narrow terminal in ASCII', (t) => {
  t.snapshot(write(buildModel(), { rows: 6, terminalWidth: 80, ascii: true, more: (rows) => `--top ${rows}` }));
});

test('the verdict is the line after the header', (t) => {
  const built = buildModel();
  t.true(write(built).split('\n')[1]?.startsWith(built.analysis.summary.verdict));
});

test('what is left out is counted over the whole table', (t) => {
  const text = write(buildModel(), { rows: 10, more: (rows) => `--top ${rows}` });
  t.true(text.endsWith('\n76 more: --top 86\n'));
  t.is(text.split('\n').filter((line) => /^model.* \d+%/.test(line)).length, 10);
  t.notRegex(write(buildModel(), { rows: 1000 }), /not shown|^\d+ more/mu);
});

test('ranking looks at every tensor, listed or not', (t) => {
  const text = write(buildModel(), { rows: 1 });
  t.true(text.includes('model.layers.11.self_attn.o_proj.weight'));
  t.regex(text, /^not shown: 85 changed, /mu);
});

test('of a list that is a part of the whole, the totals tell the rest', (t) => {
  const { comparison, analysis } = buildModel();
  const { tensors: _, ...summary } = comparison.summary;
  const some = comparison.diffs.filter(({ changeType }) => changeType === 'modified').slice(0, 3);
  const text = write({ comparison: Comparison.fromRows(some, summary), analysis }, { rows: 50 });
  t.regex(text, /^not shown: 83 changed, /mu);
  t.true(text.includes('changed 86'));
});

test('new NaN first, then by relative change; what grew from zero is a list of its own', (t) => {
  const text = write(
    buildResult([
      { name: 'small', change: 0.001 },
      { name: 'large', change: 0.5 },
      { name: 'from.zero', change: null },
      { name: 'broken', change: 0, nanNew: 7 },
    ]),
  );
  const order = text.split('\n').flatMap((line) => /^(small|large|from\.zero|broken) /.exec(line)?.[1] ?? []);
  t.deepEqual(order, ['broken', 'large', 'small']);
  t.regex(text, /^broken .* NaN 0→7$/mu);
  t.regex(text, /\nfrom zero: 1 tensor\n {2}from\.zero {2}\[8×4\] {2}.*of its elements\n/u);
});

test('failed tensors are named with their reason', (t) => {
  const text = write(
    buildResult([
      { name: 'good', change: 0.1 },
      { name: 'bad', error: 'unknown dtype "f3\u001b"' },
    ]),
  );
  t.regex(text, /could not be compared: 1 tensor\n {2}x bad\n {6}unknown dtype "f3\\u\{1b\}"/);
  t.regex(text, /^failed 1 {3}changed 1 /mu);
});

for (const width of [40, 60, 80, 100, 140]) {
  test(`nothing is wider than a terminal of ${width} columns`, (t) => {
    const hostile = HOSTILE_NAMES.map((name) => ({ name, shape: [1, 2, 3] }));
    for (const built of [buildModel(80), buildResult([...hostile, { name: 'x'.repeat(300), type: 'added' as const }])]) {
      const text = write(built, { terminalWidth: width, rows: 100 }, [
        'a-rather-long-name-of-a-checkpoint-directory',
        'b'.repeat(200),
      ]);
      // The table has numbers of its own: they may ask for 90 columns.
      for (const line of text.split('\n')) t.true(measureCells(line) <= Math.max(width, 90), `${measureCells(line)}: ${line}`);
    }
  });
}

test('names are in full off a terminal, and shortened in the middle on one', (t) => {
  const name = `model.layers.31.${'block_sparse_moe.'.repeat(8)}down_proj.weight`;
  t.true(write(buildResult([{ name }])).includes(name));
  const text = write(buildResult([{ name }]), { terminalWidth: 100 });
  t.false(text.includes(name));
  t.regex(text, /^layers\.31\.block_spar.*…\S*down_proj /mu);
});

test('a name of blanks can be seen', (t) => {
  const text = write(buildResult([{ name: '' }, { name: '  ' }]));
  t.regex(text, /^"" /mu);
  t.regex(text, /^" {2}" /mu);
});

test('hostile names reach neither the terminal nor the layout', (t) => {
  for (const options of [{}, { terminalWidth: 100 }, { color: true }, { ascii: true }]) {
    const built = buildResult(HOSTILE_NAMES.map((name) => ({ name })));
    const { insights } = built.analysis;
    const evil = HOSTILE_NAMES.filter((name) => name.length < 1000);
    const result = alter(built, {
      summary: { configChanges: evil.map((name) => ({ key: name, old: name, new: undefined })) },
      analysis: {
        summary: { ...built.analysis.summary, verdict: `verdict ${evil.join(' ')}` },
        insights: evil.map((name) => ({ ...insights[0]!, title: name, description: name })),
      },
    });
    const text = write(result, { ...options, rows: 1000 }, ['\u001b[2Jold', '\u202enew']);
    // eslint-disable-next-line no-control-regex -- the report's own colours
    const own = text.replace(/\u001b\[\d{1,2}m/g, 'color' in options ? '' : '$&');
    t.notRegex(own, /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/);
    t.is(own.split('\n').filter((line) => / 1\.0%( █+|#+| )/.test(line)).length, HOSTILE_NAMES.length);
  }
});

test('ASCII means ASCII, whatever the names hold', (t) => {
  const text = write(
    buildResult([...HOSTILE_NAMES.map((name) => ({ name })), { name: 'a', type: 'shape_changed', newShape: [9] }]),
    { ascii: true },
  );
  t.notRegex(text, /[^\n\x20-\x7e]/);
});

test('colour is off by default and never the only sign', (t) => {
  const plain = write(buildModel());
  // eslint-disable-next-line no-control-regex -- the report's own colours
  t.is(write(buildModel(), { color: true }).replace(/\u001b\[\d+m/g, ''), plain);
  t.false(plain.includes('\u001b'));
  t.true(write(buildModel(), { color: true }).includes('\u001b['));
});

test('a megabyte of name does not make a report of gigabytes, nor take seconds', (t) => {
  const started = performance.now();
  t.true(write(buildResult([{ name: 'x.'.repeat(500_000) }]), { terminalWidth: 100 }).length < 10_000);
  t.true(performance.now() - started < 10_000);
});

test('100,000 tensors are ranked in seconds', (t) => {
  const one = buildResult(
    Array.from({ length: 100_000 }, (_, index) => ({
      name: `model.layers.${index % 100}.experts.${index}.weight`,
      change: ((index * 7919) % 100_003) / 1e6,
    })),
  );
  const started = performance.now();
  const text = write(one, { rows: 20 });
  t.true(performance.now() - started < 20_000);
  t.regex(text, /^99,980 more$/mu);
});

test('cells, truncation and wrapping', (t) => {
  t.is(measureCells('日本'), 4);
  t.is(measureCells('e\u0301'), 1);
  t.is(truncateMiddle('abcdefghij', 10), 'abcdefghij');
  t.is(truncateMiddle('abcdefghijk', 7), 'abc…ijk');
  t.is(measureCells(truncateMiddle('日本語日本語日本語', 9)) <= 9, true);
  t.deepEqual(wrapWords('aa bb cc', 5), ['aa bb', 'cc']);
  t.deepEqual(wrapWords('aaaaaaaa b', 5), ['aaaaaaaa', 'b']);
});

test('bars and profiles', (t) => {
  t.is(drawBar(0, 8, UNICODE_GLYPHS), '');
  t.is(drawBar(1e-9, 8, UNICODE_GLYPHS), '▏');
  t.is(drawBar(1, 3, UNICODE_GLYPHS), '███');
  t.is(drawBar(0.5, 8, ASCII_GLYPHS), '####');
  t.is(drawProfile([0, 1, 2, 4], 1, UNICODE_GLYPHS), '·▂▄█');
  t.is(drawProfile([0, 0], 1, ASCII_GLYPHS), '00');
  t.is(
    drawProfile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      10,
      ASCII_GLYPHS,
    ),
    '1234456788',
  );
});
