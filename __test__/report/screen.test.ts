/** How a text report is cut to the lines of a terminal, and the parts that only a made-up model shows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { listModules } from '../../src/report/modules.ts';
import { spellAscii } from '../../src/report/text/ascii.ts';
import { writeText } from '../../src/report/text/comparison.ts';
import { chooseLayout } from '../../src/report/text/layout.ts';
import { arrange, counted, type Section } from '../../src/report/text/sections.ts';
import { shortenNames } from '../../src/report/text/short-names.ts';
import { measureCells } from '../../src/wording/width.ts';
import { alter, buildModel, buildResult, prepare, type TensorSketch } from './build.ts';

const more = (rows: number): string => `--top ${rows}`;
const list = (id: string, length: number, others: Partial<Section> = {}): Section => ({
  id,
  items: Array.from({ length }, (_, at) => [`${id} ${at}`]),
  name: counted(id),
  ...others,
});

test('sections grow in the order of the table, and the last line tells the rest', (t) => {
  const sections = [list('a', 5, { head: ['A'], isApart: true }), list('b', 5, { isMain: true })];
  const write = (height: number): string[] =>
    arrange(
      ['top'],
      sections,
      [
        ['b', 2],
        ['a', 1],
        ['b', 'all'],
        ['a', 'all'],
      ],
      chooseLayout({ terminalWidth: 80, terminalHeight: height, more }),
    );
  t.deepEqual(write(1), ['top', 'not shown: 5 bs, 5 as; --top 5'], 'what stands on top and the last line are always there');
  t.deepEqual(write(4), ['top', 'b 0', 'b 1', 'not shown: 3 bs, 5 as; --top 5']);
  t.deepEqual(write(7), ['top', '', 'A', 'a 0', 'b 0', 'b 1', 'not shown: 3 bs, 4 as; --top 5']);
  t.deepEqual(write(13), ['top', '', 'A', ...[0, 1, 2, 3, 4].map((at) => `a ${at}`), ...[0, 1, 2, 3, 4].map((at) => `b ${at}`)]);
  t.deepEqual(write(12).slice(-2), ['b 4', 'not shown: 2 as; --top 5'], 'the line of the rest takes room itself');
  for (let height = 2; height < 20; height += 1) t.true(write(height).length <= height, String(height));
});

test('details come after all items, both ends of a list are kept, and long lines count as what they take', (t) => {
  const layout = (terminalHeight: number): ReturnType<typeof chooseLayout> =>
    chooseLayout({ terminalWidth: 40, terminalHeight, more });
  const detailed = list('a', 2, { details: [['why 0'], ['why 1']] });
  t.deepEqual(arrange([], [detailed], [['a', 'all']], layout(4)), ['a 0', 'why 0', 'a 1', 'why 1']);
  t.deepEqual(arrange([], [list('a', 3, { details: [['0'], ['1'], []] })], [['a', 'all']], layout(5)).at(-1), 'a 2');
  t.deepEqual(arrange([], [detailed], [['a', 'items']], layout(4)), ['a 0', 'a 1', 'not shown: details of 2 as; --top 2']);
  const ends = list('a', 9, { keepsEnds: true });
  t.deepEqual(arrange([], [ends], [['a', 'all']], layout(6)), ['a 0', 'a 1', '…', 'a 7', 'a 8', 'not shown: 5 as; --top 9']);
  const long = list('a', 3, { items: [['x'.repeat(100)], ['y'], ['z']] });
  t.is(arrange([], [long], [['a', 'all']], layout(4)).length, 2, 'three lines and the rest');
});

test('every height and width: never more than asked for, and what is left out is said', (t) => {
  const many: TensorSketch[] = [
    ...Array.from({ length: 40 }, (_, at): TensorSketch => ({
      name: `model.layers.${at}.mlp.up_proj.weight`,
      depth: at,
      layerType: 'mlp',
    })),
    ...Array.from({ length: 9 }, (_, at): TensorSketch => ({ name: `new.${at}`, type: 'added' })),
    ...Array.from({ length: 9 }, (_, at): TensorSketch => ({ name: `zero.${at}`, change: null })),
    { name: 'bad', error: 'it is broken '.repeat(20) },
    { name: 'model.norm.weight', nanNew: 3 },
  ];
  for (const built of [buildResult(many), buildModel()]) {
    for (const terminalWidth of [40, 80, 120, 200]) {
      for (let terminalHeight = 12; terminalHeight < 120; terminalHeight += 1) {
        const text = writeText(prepare(built), { terminalWidth, terminalHeight, rows: terminalHeight, more });
        const lines = text
          .trimEnd()
          .split('\n')
          .reduce((sum, line) => sum + Math.max(1, Math.ceil(measureCells(line) / terminalWidth)), 0);
        t.true(lines <= terminalHeight, `${terminalWidth} × ${terminalHeight}: ${lines}\n${text}`);
      }
    }
  }
  const tall = writeText(prepare(buildResult(many)), { terminalWidth: 80, terminalHeight: 1000, rows: 1000, more });
  t.notRegex(tall, /not shown|more:/u);
});

test('names lose what they share, on a terminal only and only where they stay apart', (t) => {
  const names = [
    'model.layers.0.q.weight',
    'model.layers.0.q.bias',
    'model.layers.1.q.weight',
    'model.norm.weight',
    'lm_head.weight',
  ];
  t.deepEqual(names.map(shortenNames(names, { onTerminal: true })), [
    'layers.0.q',
    'layers.0.q.bias',
    'layers.1.q',
    'norm',
    'lm_head',
  ]);
  t.deepEqual(names.map(shortenNames(names, { onTerminal: false })), names);
  const alike = ['model.a.weight', 'model.b.weight', 'model.c.weight', 'model.d.weight', 'a.weight'];
  t.deepEqual(alike.map(shortenNames(alike, { onTerminal: true })), alike);
  t.deepEqual(['w'].map(shortenNames(['w'], { onTerminal: true })), ['w']);
  t.deepEqual(['a.weight', '.weight'].map(shortenNames(['a.weight', '.weight'], { onTerminal: true })), ['a', '.weight']);
});

test('modules of one name are told apart by what stands before it, and norms are one', (t) => {
  const path = (block: number, module: string): string => `encoder.layer.${block}.${module}.weight`;
  const modules = ['attention.output.dense', 'output.dense', 'intermediate.dense', 'attention.LayerNorm', 'output.LayerNorm'];
  const { comparison } = buildResult(
    [0, 1].flatMap((block) => modules.map((module): TensorSketch => ({ name: path(block, module) }))),
  );
  t.deepEqual(
    listModules(comparison.columns)
      .map(({ name, tensors }) => [name, tensors])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    [
      ['attention.output.dense', 2],
      ['intermediate.dense', 2],
      ['norm', 4],
      ['output.dense', 2],
    ],
  );
});

test('frozen blocks and NaN can be seen by depth, and how many blocks share a mark', (t) => {
  const blocks = (count: number, of: (block: number) => Partial<TensorSketch>): TensorSketch[] =>
    Array.from({ length: count }, (_, block) => ({
      name: `model.layers.${block}.mlp.up_proj.weight`,
      depth: block,
      layerType: 'mlp',
      ...of(block),
    }));
  const depthOf = (sketches: readonly TensorSketch[], terminalWidth = 80): string => {
    const built = buildResult(sketches);
    const depthProfile = sketches.map(({ change, type, nanNew }, depth) => ({
      stack: 'model.layers',
      depth,
      change: type === 'unchanged' || nanNew !== undefined ? 0 : (change ?? 0.01),
    }));
    const text = writeText(prepare(alter(built, { analysis: { depthProfile }, listsUnchanged: true })), { terminalWidth });
    return text.split('\n').find((line) => line.startsWith('depth')) ?? '';
  };
  t.is(
    depthOf(blocks(6, (block) => (block < 2 ? { type: 'unchanged' } : block === 3 ? { nanNew: 32 } : { change: block / 100 }))),
    'depth     0 ··▄∅▇█ 5   2.0–5.0% per block, 2 frozen (·), 1 with NaN or Inf (∅)',
  );
  t.is(
    depthOf(blocks(4, (block) => (block < 3 ? { type: 'unchanged' } : {}))),
    'depth     0 ···█ 3   1% in block 3, 3 frozen (·)',
  );
  const wide = depthOf(blocks(126, (block) => (block === 7 ? { type: 'unchanged' } : {})));
  t.regex(wide, /^depth {5}0 █+ 125 {3}1\.0% per block, 1 frozen \(·\), 9 blocks a mark$/u);
  t.true(measureCells(wide) <= 80, wide);
});

test('every sign of ours has a spelling in ASCII', (t) => {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  // The page has no ASCII form; signs of the text report and of the progress line have a second set.
  const exempt = /^(report\/html\/|comparison\/metrics\.ts|report\/text\/glyphs\.ts|cli\/progress\.ts)/u;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !exempt.test(file),
  );
  t.true(files.length > 100);
  for (const file of files) {
    const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/ .*$/gmu, '');
    // eslint-disable-next-line no-control-regex -- everything beyond ASCII
    for (const sign of new Set(code.match(/[^\x00-\x7f]/gu))) t.false(spellAscii(sign).startsWith('\\u{'), `${sign} in ${file}`);
  }
});
