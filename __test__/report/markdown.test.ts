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
    /^(?:|## `.*|### (?:[\d,]+ of [\d,]+ rules broken|Most changed tensors|Modules(?:: [\d,]+ changed, [\d,]+ identical)?|Could not be compared: [\d,]+ tensors?|Findings: \d+|Insights: \d+|Not compared: [\w ,]+)|\*\*.*\*\*|Depth(?: of .*)?: `[▁▂▃▄▅▆▇█·∅]+` \([^`]*\)|\|.*\||- .*|… and .*|<details><summary>[\w ,:]+<\/summary>|<\/details>)$/;
  for (const line of write(buildHostile(), { rows: 1000, maxCharacters: 1e9 }).split('\n')) t.regex(line, allowed);
  t.notRegex(
    write(buildHostile(), { maxCharacters: 1e9 }).replace(/(`+)[^\n]*?[^`]\1(?!`)/g, ''),
    /<(?:script|img|svg|!--|(?!\/?(?:details|summary|br)>)\w)|\]\(http|@someone/,
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

test('ten rows are seen, others open with a click, and what is left out is counted', (t) => {
  const sketches = Array.from({ length: 30 }, (_, index) => ({
    name: `layers.${index}.proj.weight`,
    change: 0.01 + index / 100,
  }));
  const text = write(buildResult(sketches), { rows: 20 });
  const [seen = '', folded = ''] = text.slice(text.indexOf('### Most changed tensors')).split('<details><summary>');
  const countRows = (part: string): number => part.match(/^\| `layers\./gm)?.length ?? 0;
  t.deepEqual([countRows(seen), countRows(folded)], [10, 10]);
  t.true(folded.startsWith('20 more modified tensors</summary>\n\n| tensor |'));
  t.regex(folded, /\n\n… and 10 more modified tensors\n\n<\/details>/);
  t.is(text.match(/<details>/g)?.length, text.match(/<\/details>/g)?.length);
});

test('a list of eleven is whole', (t) => {
  const sketches = Array.from({ length: 11 }, (_, index) => ({
    name: `layers.${index}.proj.weight`,
    change: 0.01 + index / 100,
  }));
  t.notRegex(write(buildResult(sketches)), /more modified/);
});

test('what is wrong is seen, and stands before what changed', (t) => {
  const text = write(buildResult([{ name: 'broken.weight', error: 'cannot be read' }, { name: 'a.weight' }]));
  const failed = text.indexOf('### Could not be compared: 1 tensor\n\n- `broken.weight`: cannot be read');
  t.true(failed > 0 && failed < text.indexOf('### M'), text);
  t.regex(text, /\| \*\*failed\*\* \|\n.*\n.*\| \*\*1\*\* \|/);
});

test('frozen blocks and NaN are seen in the line of depths', (t) => {
  const blocks = [0, 0.02, 0.04, 0.04].map((change, depth) => ({
    name: `model.layers.${depth}.mlp.up_proj.weight`,
    type: change === 0 ? ('unchanged' as const) : ('modified' as const),
    change,
    depth,
    layerType: 'mlp' as const,
    nanNew: depth === 3 ? 5 : 0,
  }));
  const built = buildResult(blocks);
  const depthProfile = [0, 0.02, 0.04, 0].map((change, depth) => ({ stack: 'model.layers', depth, change }));
  const text = write({ ...built, analysis: { ...built.analysis, depthProfile } });
  t.true(text.includes('Depth: `·▄█∅` (4 blocks, 2% to 4%, 1 frozen (·), 1 with NaN or Inf (∅))'), text);
  t.true(text.includes('| **0 → 5** |'), text);
});
