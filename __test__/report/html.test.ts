import { createHash } from 'node:crypto';
import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import { writeHtml } from '../../src/report/html/comparison.ts';
import { NUMBERS, type NumberColumn } from '../../src/report/html/data/page-tensors.ts';
import { chooseTicks } from '../../src/report/html/view/ticks.ts';
import type { VisualizationConfig } from '../../src/report/options.ts';
import { formatEvenPercent } from '../../src/wording/numbers.ts';
import { alter, buildModel, buildResult, type BuiltResult, prepare, type TensorSketch } from './build.ts';
import { buildHostile } from './build-hostile.ts';
import { findForeign, readPageData, readStatic } from './page-data.ts';

function write(
  result: BuiltResult,
  config: VisualizationConfig = {},
  names: readonly [string, string] = ['base', 'tuned'],
): string {
  return [...writeHtml(prepare(result, ...names), config)].join('');
}

test('every tag is one of the page’s own, and none has a handler, a style or a link to elsewhere', (t) => {
  for (const result of [buildModel(), buildHostile()]) {
    const page = write(result, {}, ['<script>alert(1)</script>', '" onload="alert(1)']);
    t.deepEqual(findForeign(page), []);
    const own = [...page.matchAll(/<script[^>]*>/g)].map(([tag]) => tag.replace(/id="data-\w+"/, 'id'));
    t.deepEqual([...new Set(own)], ['<script>', '<script type="application/gzip" id>']);
    t.is(own.filter((tag) => tag === '<script>').length, 2);
  }
});

test('nothing that cannot be seen is in the page', (t) => {
  const page = readStatic(write(buildHostile(), { includeRawData: true }));
  t.notRegex(page, /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/);
});

test('a tensor called like markup is shown as it is called', (t) => {
  const page = write(buildResult([{ name: '</script><img src=x onerror=alert(1)>' }]));
  t.regex(page.replaceAll('<wbr>', ''), /&lt;\/script&gt;&lt;img src=x onerror=alert\(1\)&gt;/);
});

test('the policy allows the page’s own style and scripts by their hashes, and nothing else', (t) => {
  const page = write(buildModel());
  const hash = (text: string): string => `&#39;sha256-${createHash('sha256').update(text).digest('base64')}&#39;`;
  const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
  const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text = '']) => hash(text));
  t.true(
    page.includes(
      `content="default-src &#39;none&#39;; style-src ${hash(style)}; script-src ${scripts.join(' ')}; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    ),
  );
  t.notRegex(style, /url\(|@import|@font-face/);
  t.true(page.indexOf('Content-Security-Policy') < page.indexOf('<style>'));
});

test('style and script together take at most 60 kB', (t) => {
  const page = write(buildModel());
  const texts = [...page.matchAll(/<(style|script)>([^]*?)<\/\1>/g)].map(([, , text = '']) => Buffer.byteLength(text));
  t.is(texts.length, 3);
  const total = texts.reduce((sum, bytes) => sum + bytes, 0);
  t.true(total <= 60_000, `${total} bytes`);
});

test('colorScheme forces a scheme, and by default follows the reader', (t) => {
  t.true(write(buildModel()).includes('<meta name="color-scheme" content="light dark">'));
  t.true(write(buildModel()).includes('<html lang="en">'));
  for (const colorScheme of ['dark', 'light'] as const) {
    const page = write(buildModel(), { colorScheme });
    t.true(page.includes(`<meta name="color-scheme" content="${colorScheme}">`));
    t.true(page.includes(`<html lang="en" data-theme="${colorScheme}">`));
  }
});

/** Rows of the static table of tensors. */
function listRows(page: string): string[] {
  const table = page.split('id="table"')[1]?.split('</table>')[0] ?? '';
  return table.split('<tr><th scope="row">').slice(1);
}

test('maxLayersDisplay bounds the static table, and the rest is counted in words', (t) => {
  t.is(listRows(write(buildModel(), { maxLayersDisplay: 7 })).length, 7);
  t.true(write(buildModel(), { maxLayersDisplay: 7 }).includes('… and 79 more modified tensors'));
  t.is(listRows(write(buildModel(), { maxLayersDisplay: 500 })).length, 86);
  t.false(write(buildModel(), { maxLayersDisplay: 500 }).includes('more modified'));
  t.is(listRows(write(buildModel())).length, 50);
});

test('the static rows have the numbers of the comparison', (t) => {
  const { comparison, analysis } = buildModel();
  const rows = listRows(write({ comparison, analysis }, { maxLayersDisplay: 500 }));
  const { columns } = comparison;
  for (const [row, name] of columns.names.entries()) {
    if (columns.changeType[row] !== 1) continue;
    const shown = rows.find((text) => text.replaceAll('<wbr>', '').includes(`>${name}<`));
    t.true(shown?.includes(formatEvenPercent(columns.relativeChange[row] ?? null, 3)), name);
  }
});

/** Classes of the cells of the first map, row after row. */
function listCells(page: string): string[][] {
  const map = page.split('<svg class="cells"')[1]?.split('</svg>')[0] ?? '';
  return map
    .split('<g data-row=')
    .slice(1)
    .map((row) => [...row.matchAll(/<rect class="cell (\w+)"/g)].map(([, kind = '']) => kind));
}

test('the map has a row for each module and a cell for each block', (t) => {
  const page = write(buildModel(12));
  const cells = listCells(page);
  t.is(cells.length, 8);
  for (const row of cells) t.is(row.length, 12);
  t.true(
    cells[0]?.every((kind) => kind === 'same'),
    'input_layernorm did not change',
  );
  t.true(cells.slice(1).every((row) => row.every((kind) => /^c\d$/.test(kind))));
  t.true(page.includes('self_attn.</span>q_proj'));
  t.regex(page, /<title>self_attn\.q_proj, block 11: relative change 3\.\d+%<\/title>/);
});

test('what is broken, one-sided, unreadable or identical is told apart by more than a colour', (t) => {
  const block = (depth: number, sketch: Partial<TensorSketch>): TensorSketch[] =>
    ['q_proj', 'k_proj', 'o_proj'].map((role) => ({ name: `model.layers.${depth}.self_attn.${role}.weight`, depth, ...sketch }));
  const built = buildResult([
    ...block(0, { change: 0.01 }),
    ...block(1, { nanNew: 3 }),
    ...block(2, { type: 'added' }),
    ...block(3, { error: 'cannot be read' }),
    ...block(4, { type: 'unchanged' }),
  ]);
  for (const row of listCells(write(built))) t.deepEqual([...row.slice(1)], ['nan', 'dots', 'failed', 'same']);
});

test('chartWidth and chartHeight are the room of the static map', (t) => {
  const width = (config: VisualizationConfig): number =>
    Number(/class="cells"[^>]* width="([\d.]+)"/.exec(write(buildModel(), config))?.[1]);
  t.true(width({ chartWidth: 1200 }) > width({}));
  t.is(listCells(write(buildModel(), { chartHeight: 110 })).length, 5);
  t.true(write(buildModel(), { chartHeight: 110 }).includes('… and 3 more modules'));
});

test('where there are no blocks the map has a row for each module, and where nothing is there none', (t) => {
  t.deepEqual(
    listCells(write(buildResult([{ name: 'fc1.weight' }, { name: 'fc2.weight' }]))).map((row) => row.length),
    [1, 1],
  );
  t.false(readStatic(write(buildResult([]))).includes('class="cells"'));
});

test('very deep stacks and very many stacks still make a map', (t) => {
  const deep = Array.from({ length: 1000 }, (_, depth) => ({ name: `blocks.${depth}.fc.weight`, depth }));
  const page = write(buildResult(deep));
  t.is(listCells(page)[0]?.length, 63);
  t.true(page.includes('1000 blocks in 63 columns'));
  const stacks = Array.from({ length: 4000 }, (_, at) => ({ name: `s${at >> 1}.blocks.${at & 1}.fc.weight`, depth: at & 1 }));
  t.true((listCells(write(buildResult(stacks)))[0]?.length ?? 0) <= 64);
});

test('the page holds every number: six digits of what is sorted by, three of the rest, and all of them on request', (t) => {
  const built = buildModel();
  const { columns } = built.comparison;
  const wanted: Partial<Record<NumberColumn, Float64Array>> = {
    l2: columns.l2Diff,
    changed: columns.changedElements,
    oldNorm: columns.old.norm,
    newMean: columns.new.mean,
    meanDiff: columns.meanDiff,
    newBytes: columns.new.sizeBytes,
  };
  for (const includeRawData of [false, true]) {
    const data = readPageData(write(built, { includeRawData }));
    t.deepEqual(data.head.names, columns.names);
    for (const [column, values] of Object.entries(wanted)) {
      const packed = data.numbers(column) ?? new Float64Array();
      const close = column === 'meanDiff' || column === 'newMean' ? 2 ** -13 : 2 ** -21;
      for (const [row, value] of values.entries())
        t.true(
          Number.isNaN(value)
            ? Number.isNaN(packed[row])
            : Math.abs((packed[row] ?? NaN) - value) <= (includeRawData ? 0 : close * Math.abs(value)),
          column,
        );
    }
  }
  t.true(NUMBERS.length > 25);
});

test('a page of very many tensors holds a part of them, and says so', (t) => {
  const built = buildModel();
  const page = write(built, { htmlDetail: 10 });
  const { head } = readPageData(page);
  t.is(head.count, 10);
  t.true(page.includes('The list below holds 10 of 101 tensors'));
  t.true(
    ['lm_head.weight', 'model.extra.weight', 'model.rotary.inv_freq', 'model.layers.11.self_attn.o_proj.weight'].every((name) =>
      head.names.includes(name),
    ),
  );
  t.is(listCells(page).length, 8, 'the map is of all');
  t.false(write(built).includes('The list below holds'));
});

test('the verdict stands first, and every section has its heading', (t) => {
  const built = buildModel();
  const page = write(built);
  t.regex(page, /<h1 class="verdict">Every matrix changed, the last ones most \(0\.6% to 3\.1%\)\.<\/h1>/);
  t.true(page.indexOf('<h1') < page.indexOf('<dl class="figures">'));
  for (const title of [
    'Where it changed',
    'Findings',
    'How much',
    'Structure',
    'Configuration',
    'Checkpoints',
    'How to read this report',
  ])
    t.true(page.includes(`<h2>${title}</h2>`), title);
  for (const formula of ['√Σd² / √Σold²', '√(Σd² / Σ max(old², new²))', 'Σ(old·new)', 'max |d|'])
    t.true(page.includes(formula), formula);
});

test('problems stand first among the numbers, and zeros are quiet', (t) => {
  const built = buildResult([{ name: 'a.weight', nanNew: 4 }, { name: 'b.weight' }, { name: 'c.weight', error: 'gone' }]);
  const figures = [...write(built).matchAll(/<div class="(alarm|plain|quiet)"><dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(
    (match) => match.slice(1, 4),
  );
  t.deepEqual(figures[0], ['alarm', 'NaN or Inf', '4']);
  t.deepEqual(figures[1], ['alarm', 'could not be compared', '1']);
  t.true(figures.slice(2).every(([kind, , value]) => kind === (value === '0' ? 'quiet' : 'plain')));
});

test('a finding leads to the tensors that it is about, counted', (t) => {
  const { comparison } = buildModel();
  const page = write({ comparison, analysis: analyze(comparison) });
  const links = [...page.matchAll(/data-query="([^"]*)">show ([\d,]+) tensors?/g)].map(([, query, count]) => [query, count]);
  const said = analyze(comparison).insights.find(({ code }) => code === 'size')?.evidence['tensors'];
  t.deepEqual(
    links.find(([query]) => query === 'is:matrix is:changed,unchanged,identical -type:buffer'),
    ['is:matrix is:changed,unchanged,identical -type:buffer', String(said)],
  );
});

test('a megabyte of name does not fill the page', (t) => {
  t.true(write(buildResult([{ name: 'x.'.repeat(500_000) }])).length < 200_000);
});

test('an analysis that says nothing leaves no gap', (t) => {
  const nothing = write(alter(buildResult([{ name: 'a', type: 'unchanged' }]), { analysis: { insights: [], explanations: [] } }));
  t.true(nothing.includes('Nothing beyond the first line.'));
  t.false(nothing.includes('id="spread"'));
});

test('ticks are round and reach the top', (t) => {
  t.deepEqual(
    chooseTicks(0.044, 5).map((tick) => Number(tick.toPrecision(3))),
    [0, 0.01, 0.02, 0.03, 0.04, 0.05],
  );
  t.deepEqual(chooseTicks(0, 5), [0, 1]);
  t.deepEqual(chooseTicks(Number.NaN, 5), [0, 1]);
  for (const top of [1e-9, 0.3, 1, 7, 1234]) t.true((chooseTicks(top, 4).at(-1) ?? 0) >= top * (1 - 1e-9));
});
