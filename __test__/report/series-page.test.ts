/** The page of a series as it is written: its numbers, what happened, and what hostile names make of it. */
import test from 'ava';
import type { SeriesResult } from '../../src/series/types.ts';
import { writeSeriesHtml } from '../../src/report/html/series.ts';
import { chooseSeriesDetail } from '../../src/report/html/data/series-detail.ts';
import { gatherSeries } from '../../src/report/html/data/gather-series.ts';
import { parseSeriesFilter } from '../../src/report/html/view/series-filter.ts';
import { selectRows } from '../../src/report/html/view/filter-terms.ts';
import { joinSteps, makeStepRows } from '../../src/report/html/view/step-rows.ts';
import { formatEvenPercent } from '../../src/wording/numbers.ts';
import { buildSeries, nameModel } from './build-series.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import { findForeign, readPageData, readStatic } from './page-data.ts';

const NAMES = nameModel(4);
/** The query matrices jump in step 4, the last block has NaN in the last two steps, and norms rest. */
const WILD = buildSeries({
  names: NAMES,
  steps: 7,
  size: (row, step) => {
    const name = NAMES[row] ?? '';
    if (name.includes('norm')) return 0;
    return (name.includes('q_proj') && step === 4 ? 3 : 0.01) * (1 + row / 100);
  },
  nan: (row, step) => (step > 5 && (NAMES[row] ?? '').includes('layers.3.mlp') ? 5 : 0),
});

function write(series: SeriesResult, rows?: number): string {
  return [...writeSeriesHtml(series, rows)].join('');
}

/** Rows of the static table of tensors. */
function listRows(page: string): string[] {
  const table = page.split('id="table"')[1]?.split('</table>')[0] ?? '';
  return table.split('<tr><th scope="row">').slice(1);
}

test('the verdict stands first, then the numbers: problems in red before all others, zeros in grey', (t) => {
  const page = write(WILD);
  t.regex(
    page,
    /<h1 class="verdict">Diverged at step 4 \(step-4\): step size [\d.]+% → \d+%; NaN from step 6 \(step-6\)\.<\/h1>/,
  );
  const figures = [...page.matchAll(/<div class="(alarm|plain|quiet)"><dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map((match) =>
    match.slice(1, 4),
  );
  t.deepEqual(figures.slice(0, 2), [
    ['alarm', 'NaN or Inf at the end', '10'],
    ['alarm', 'jump', '1'],
  ]);
  t.true(figures.slice(2).every(([kind, , value]) => kind === (value === '0' ? 'quiet' : 'plain')));
  t.deepEqual(figures.at(-1)?.slice(1), ['of 31 tensors never changed', '5']);
});

test('the static table has the numbers of the series, the furthest tensor first', (t) => {
  const rows = listRows(write(WILD, 100));
  t.is(rows.length, NAMES.length);
  t.is(listRows(write(WILD, 7)).length, 7);
  t.true(write(WILD, 7).includes('… and 24 more tensors'));
  const { tensors, steps } = WILD;
  for (const [row, name] of tensors.names.entries()) {
    const shown = rows.find((text) => text.replaceAll('<wbr>', '').includes(`>${name}<`)) ?? '';
    const own = [...tensors.relativeStep.subarray(row * steps.length, (row + 1) * steps.length)];
    const cells = [...shown.matchAll(/<td class="number[^"]*">([^<]*)<\/td>/g)].map(([, text]) => text);
    t.is(cells[0], formatEvenPercent(Math.max(...own), 3), name);
    t.is(cells[2], formatEvenPercent(own.at(-1) ?? 0, 3), name);
    t.is(cells[3], formatEvenPercent(tensors.relativeDistance[(row + 1) * steps.length - 1] ?? 0, 3), name);
  }
});

test('the timeline marks each step that something happened in, and leads to its event', (t) => {
  const page = readStatic(write(WILD));
  const steps = [...new Set(WILD.events.map(({ step }) => step))];
  t.deepEqual(
    [...page.matchAll(/<a href="#event-(\d+)"/g)].map(([, step]) => Number(step)),
    steps,
  );
  t.deepEqual(
    [...page.matchAll(/<li class="\w+" id="event-(\d+)"/g)].map(([, step]) => Number(step)),
    [6, 4],
    'the gravest first, then by step',
  );
  t.is(page.split('<svg class="chart"').length - 1, 2);
  t.regex(page, /<desc id="sizes-description">size of the step: from [\d.]+% to [\d.]+%\. distance from the start: /);
});

test('the map has a row for each module and a cell for each step', (t) => {
  const page = write(WILD);
  const map = page.split('<svg class="cells"')[1]?.split('</svg>')[0] ?? '';
  const rows = map
    .split('<g data-row=')
    .slice(1)
    .map((row) => [...row.matchAll(/<rect class="cell (\w+)"/g)].map(([, kind = '']) => kind));
  t.is(rows.length, 10, 'seven modules in blocks, three outside of them');
  for (const row of rows) t.is(row.length, 7);
  const labels = [...page.matchAll(/<div class="map-label[^"]*"><span title="([^"]*)"/g)].map(([, title]) => title);
  t.is(labels[0], 'model.embed_tokens');
  t.is(labels.at(-1), 'lm_head');
  const row = (name: string): string[] => rows[labels.indexOf(name)] ?? [];
  t.true(row('input_layernorm').every((kind) => kind === 'same'));
  t.deepEqual(row('mlp.up_proj').slice(4), [row('mlp.up_proj')[0] ?? '', 'nan', 'nan']);
  t.is(row('self_attn.q_proj')[3], 'c8');
  t.regex(map, /<title>self_attn\.q_proj, step 4 \(step-4\): at most 3\d\d%; 4 tensors<\/title>/);
});

test('rows may be modules, blocks or tensors, all in the network’s order', (t) => {
  const page = gatherSeries(WILD);
  const columns = joinSteps(page);
  t.deepEqual(
    makeStepRows(page, 'block', columns).map(({ path }) => path),
    ['model.embed_tokens', 'block 0', 'block 1', 'block 2', 'block 3', 'model.norm', 'lm_head'],
  );
  const tensors = makeStepRows(page, 'tensor', columns);
  t.is(tensors.length, NAMES.length);
  t.deepEqual(
    tensors.slice(0, 3).map(({ path, title }) => [path, title]),
    [
      ['model.embed_tokens', 'model.embed_tokens.weight'],
      ['0.input_layernorm', 'model.layers.0.input_layernorm.weight'],
      ['0.self_attn.q_proj', 'model.layers.0.self_attn.q_proj.weight'],
    ],
  );
  for (const by of ['module', 'block', 'tensor'] as const)
    for (const { terms, tensors } of makeStepRows(page, by, columns)) {
      const filter = parseSeriesFilter(terms.join(' '), page, 1);
      t.is(filter.problem, '');
      t.deepEqual(selectRows(filter, page), tensors, terms.join(' '));
    }
});

test('tensors are searched for by what happened to them, their numbers and their places', (t) => {
  const page = gatherSeries(WILD);
  const names = (query: string): string[] =>
    selectRows(parseSeriesFilter(query, page, 4), page).map((row) => page.names[row] ?? '');
  t.is(names('is:jumped').length, 4);
  t.is(names('jumped:4').length, 4);
  t.is(names('jumped:5-9').length, 0);
  t.is(names('is:nan').length, 2);
  t.deepEqual(names('event:6'), names('non_finite:6'));
  t.is(names('is:still').length, 5);
  t.is(names('max>100%').length, 4);
  t.is(names('step>100% block:2').length, 1);
  t.is(names('type:norm -model.norm').length, 4);
  t.regex(parseSeriesFilter('is:what', page, 1).problem, /^is: one of nan, failed, jumped, /);
  t.regex(parseSeriesFilter('what:1', page, 1).problem, /^there is no “what”: is, event, /);
});

test('the page holds every number that the script draws', (t) => {
  const { head, numbers } = readPageData(write(WILD));
  t.deepEqual(head.names, WILD.tensors.names);
  const packed = numbers('step') ?? new Float64Array();
  for (const [at, value] of WILD.tensors.relativeStep.entries())
    t.true(Math.abs((packed[at] ?? NaN) - value) <= 2 ** -16 * Math.abs(value));
  t.deepEqual(numbers('nonfinite'), WILD.tensors.nonfinite);
});

test('more than 64 steps share columns, and that is said', (t) => {
  const page = write(buildSeries({ names: NAMES, steps: 200, size: (_, step) => 0.01 / Math.sqrt(step) }));
  t.true(page.includes('200 steps in 50 columns: each shows the largest of its steps.'));
  t.is((/<g data-row="0"[^]*?<\/g>/.exec(page)?.[0].split('<rect class="cell').length ?? 0) - 1, 50);
});

test('tensors without a size in some step are counted', (t) => {
  const page = write(buildSeries({ names: NAMES, steps: 3, size: (row, step) => (row === 5 && step === 2 ? Number.NaN : 0.01) }));
  t.true(page.includes('1 tensor has no size in some steps'));
  t.true(page.includes('no size: not on both sides, or stored as codes'));
  t.false(write(WILD).includes('in some steps'));
});

test('a series of very many numbers holds a part of the tensors, those that something happened to first', (t) => {
  const detail = chooseSeriesDetail(WILD, 7 * 10);
  t.is(detail?.rows.length, 10);
  t.is(detail?.left, 21);
  const told = new Set(WILD.events.flatMap(({ tensor }) => tensor ?? []));
  const held = new Set(detail?.rows.map((row) => WILD.tensors.names[row]));
  t.true([...told].every((name) => held.has(name)));
  t.is(chooseSeriesDetail(WILD), null);
  const part = gatherSeries(WILD, detail?.rows ?? []);
  t.is(part.count, 10);
  for (const [at, row] of (detail?.rows ?? []).entries()) {
    t.is(part.names[at], WILD.tensors.names[row]);
    t.is(part.byStep.step[at * 7 + 3], WILD.tensors.relativeStep[row * 7 + 3]);
  }
  t.deepEqual(
    part.events.find(({ kind, step }) => kind === 'jumped' && step === 4)?.tensors.map((row) => part.names[row]),
    WILD.events.flatMap(({ kind, tensor }) => (kind === 'jumped' && tensor !== null ? [tensor] : [])),
  );
});

test('hostile names of tensors and checkpoints are shown as they are called', (t) => {
  const names = [...new Set(HOSTILE_NAMES)].sort();
  const series = buildSeries({
    names,
    steps: 3,
    size: (row, step) => (step === 3 && row % 2 === 0 ? 1 : 0.01),
    nan: (row, step) => (step === 3 && row % 3 === 0 ? 1 : 0),
    checkpoint: (index) => names[index] ?? '',
  });
  const page = write(series, 1000);
  t.deepEqual(findForeign(page), []);
  t.notRegex(readStatic(page), /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/);
});

test('a step, a tensor, or nothing to measure still makes a page', (t) => {
  for (const series of [
    buildSeries({ names: ['w'], steps: 1 }),
    buildSeries({ names: [], steps: 1 }),
    buildSeries({ names: ['w', 'v'], steps: 3, size: () => 0 }),
    buildSeries({ names: ['w', 'v'], steps: 2, size: () => Number.NaN }),
  ]) {
    const page = write(series);
    t.notRegex(readStatic(page), /NaN%|undefined|Infinity|"NaN"/);
    t.true(page.includes('<h1 class="verdict">'));
  }
});

test('style and script together are small', (t) => {
  const texts = [...write(WILD).matchAll(/<(style|script)>([^]*?)<\/\1>/g)].map(([, , text = '']) => Buffer.byteLength(text));
  t.is(texts.length, 3);
  const total = texts.reduce((sum, bytes) => sum + bytes, 0);
  t.true(total <= 55_000, `${total} bytes`);
});
