import { createHash } from 'node:crypto';
import test from 'ava';
import { writeHtml } from '../../src/report/html/comparison.ts';
import { chooseTicks } from '../../src/report/html/ticks.ts';
import { parseReport } from '../../src/report/json/parse.ts';
import type { VisualizationConfig } from '../../src/report/options.ts';
import { alter, buildModel, buildResult, type BuiltResult, prepare } from './build.ts';
import { buildHostile } from './build-hostile.ts';

function write(
  result: BuiltResult,
  config: VisualizationConfig = {},
  names: readonly [string, string] = ['base', 'tuned'],
): string {
  return writeHtml(prepare(result, ...names), config);
}

const TAGS = new Set(
  'html head meta title style body header h1 h2 h3 p dl dt dd div main section ul li span details summary figure svg desc g line text rect table thead tbody tr th td code wbr footer script'.split(
    ' ',
  ),
);

test('every tag is one of the page’s own, and none has a handler or a link', (t) => {
  for (const result of [buildModel(), buildHostile()]) {
    for (const config of [{}, { includeRawData: true }]) {
      const page = write(result, config, ['<script>alert(1)</script>', '" onload="alert(1)'])
        .replace(/<style>[^<]*<\/style>/, '')
        .replace(/(<script type="application\/json" id="model-diff-data">)[^<]*(<\/script>)/, '$1$2');
      for (const [tag] of page.matchAll(/<[^>]*>/g)) {
        if (tag === '<!doctype html>') continue;
        const [, name = ''] = /^<\/?([a-z0-9]+)/.exec(tag) ?? [];
        t.true(TAGS.has(name), tag.slice(0, 100));
        t.notRegex(tag, /\son[a-z]+=|\s(?:href|src|style|srcdoc|action)=/, tag.slice(0, 100));
      }
      t.is(page.split('<script').length - 1, 'includeRawData' in config ? 1 : 0);
    }
  }
});

test('nothing that cannot be seen is in the page', (t) => {
  t.notRegex(
    write(buildHostile(), { includeRawData: true }),
    /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
  );
});

test('a tensor called like markup is shown as it is called', (t) => {
  const page = write(buildResult([{ name: '</script><img src=x onerror=alert(1)>' }]));
  t.regex(page.replaceAll('<wbr>', ''), /&lt;\/script&gt;&lt;img src=x onerror=alert\(1\)&gt;/);
});

test('the policy allows the page’s own style by its hash, and nothing else', (t) => {
  for (const colorScheme of ['default', 'dark', 'light'] as const) {
    const page = write(buildModel(), { colorScheme });
    const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    t.true(
      page.includes(
        `content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
      ),
    );
    t.notRegex(style, /url\(|@import|@font-face/);
    t.true(page.indexOf('Content-Security-Policy') < page.indexOf('<style>'));
  }
});

test('colorScheme forces a scheme, and by default follows the reader', (t) => {
  t.true(write(buildModel()).includes('<meta name="color-scheme" content="light dark">'));
  t.true(write(buildModel()).includes('prefers-color-scheme:dark'));
  for (const colorScheme of ['dark', 'light'] as const) {
    const page = write(buildModel(), { colorScheme });
    t.true(page.includes(`<meta name="color-scheme" content="${colorScheme}">`));
    t.false(page.includes('prefers-color-scheme'));
    t.true(page.includes(`:root{${colorScheme === 'dark' ? '--paper:#101317' : '--paper:#fdfdfc'}`));
  }
});

test('maxLayersDisplay bounds the table, and the rest is counted in words', (t) => {
  const rows = (page: string): number =>
    page.split('<h2>Most changed tensors</h2>')[1]?.split('</section>')[0]?.split('<tr><th scope="row">').length ?? 0;
  t.is(rows(write(buildModel(), { maxLayersDisplay: 7 })) - 1, 7);
  t.true(write(buildModel(), { maxLayersDisplay: 7 }).includes('… and 79 more modified tensors'));
  t.is(rows(write(buildModel(), { maxLayersDisplay: 500 })) - 1, 86);
  t.false(write(buildModel(), { maxLayersDisplay: 500 }).includes('more modified'));
  t.is(rows(write(buildModel())) - 1, 50);
});

test('chartWidth and chartHeight are the view box', (t) => {
  t.true(write(buildModel()).includes('viewBox="0 0 800 400"'));
  t.true(write(buildModel(), { chartWidth: 1000, chartHeight: 250 }).includes('viewBox="0 0 1000 250"'));
  t.true(write(buildModel(), { chartWidth: 100, chartHeight: 100 }).includes('viewBox="0 0 100 100"'));
});

test('one bar a block, with a title and a description', (t) => {
  const page = write(buildModel(12));
  t.is(page.split('<rect class="bar"').length - 1, 12);
  t.regex(page, /<title id="chart-title">Change by depth<\/title>/);
  t.regex(page, /<desc id="chart-description">12 bars\. Most: model\.layers\.11 with /);
});

test('where there are no blocks the bars are layer types, and where nothing changed there is no chart', (t) => {
  t.true(write(buildModel(1)).includes('Change by layer type'));
  const nothing = write(buildResult([{ name: 'a', type: 'unchanged' }], { depthProfile: [], insights: [] }));
  t.false(nothing.includes('<figure>'));
  t.false(nothing.includes('What the comparison found'));
});

test('very deep stacks and very many stacks still make a chart', (t) => {
  const depthProfile = Array.from({ length: 150_000 }, (_, depth) => ({ stack: 'blocks', depth, change: 0.1 }));
  const deep = write(alter(buildModel(1), { analysis: { depthProfile } }));
  t.is(deep.split('<rect class="bar"').length - 1, 400);
  t.true(deep.includes('blocks.0 to 374'));
  const stacks = depthProfile.map((point, index) => ({ ...point, stack: `s${index}` }));
  const many = write(alter(buildModel(1), { analysis: { depthProfile: stacks } }));
  t.true(many.includes('Change by layer type'));
});

test('includeRawData embeds every number in full', (t) => {
  const built = buildModel();
  t.false(write(built).includes('<script'));
  const data =
    /<script type="application\/json" id="model-diff-data">([^<]*)<\/script>/.exec(write(built, { includeRawData: true }))?.[1] ??
    '';
  const read = parseReport(data);
  t.deepEqual(read.columns, built.comparison.columns);
  t.deepEqual(read.diffs, built.comparison.diffs);
});

test('the verdict stands first, and every section has its heading', (t) => {
  const built = buildModel();
  const page = write(built);
  t.true(page.indexOf(built.analysis.summary.verdict.slice(0, 20)) < page.indexOf('<dl class="figures">'));
  for (const title of [
    'What the comparison found',
    'Change by depth',
    'By kind of layer',
    'Most changed tensors',
    'Structure',
    'Configuration',
    'Checkpoints',
    'How to read this report',
  ])
    t.true(page.includes(`<h2>${title}</h2>`), title);
  for (const formula of ['√Σd² / √Σold²', '√(Σd² / Σ max(old², new²))', 'Σ(old·new)', 'max |d|'])
    t.true(page.includes(formula), formula);
});

test('a megabyte of name does not fill the page', (t) => {
  t.true(write(buildResult([{ name: 'x.'.repeat(500_000) }])).length < 60_000);
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
