import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Checkpoint, compare, renderReport } from 'model-diff';
import type { Locator, Page } from 'playwright-core';
import { analyze } from '../../src/analysis/analyze.ts';
import { writeHtml } from '../../src/report/html/comparison.ts';
import type { VisualizationConfig } from '../../src/report/options.ts';
import { formatEvenPercent } from '../../src/wording/numbers.ts';
import { FIRST_LINES, TRUE_LINES } from '../first-lines.ts';
import { listComplaints, type OpenOptions } from './browser.ts';
import { findBarriers, inBrowser, open } from './in-browser.ts';
import { buildHostile } from '../report/build-hostile.ts';
import { buildModel, buildResult, type BuiltResult, prepare, type TensorSketch } from '../report/build.ts';

function write(built: BuiltResult, config: VisualizationConfig = {}, newName = 'tuned'): string {
  return [...writeHtml(prepare(built, 'base', newName), config)].join('');
}

/** A model as it comes out of the analysis, with experts. */
function buildExperts(): BuiltResult {
  const sketches: TensorSketch[] = [{ name: 'model.embed_tokens.weight', layerType: 'embedding', change: 0.001 }];
  for (let depth = 0; depth < 4; depth += 1) {
    const block = `model.layers.${depth}`;
    sketches.push({ name: `${block}.self_attn.q_proj.weight`, change: 0.01 * (depth + 1), depth });
    sketches.push({ name: `${block}.mlp.gate.weight`, type: 'unchanged', depth });
    for (let expert = 0; expert < 8; expert += 1)
      sketches.push({ name: `${block}.mlp.experts.${expert}.up_proj.weight`, change: 0.02 + expert / 1000, depth });
  }
  const { comparison } = buildResult(sketches);
  return { comparison, analysis: analyze(comparison) };
}

const names = (page: Page): Promise<string[]> => page.locator('#table tbody tr[data-tensor] .name').allTextContents();
const count = (page: Page): Promise<string | null> => page.locator('#count').textContent();
const search = (page: Page): Promise<string> => page.locator('#search').inputValue();
const cell = (page: Page, row: number, column: number): Locator =>
  page.locator('.cells g[data-row]').nth(row).locator(`[data-col="${column}"]`);

for (const [name, built] of [
  ['model', buildModel()],
  ['hostile', buildHostile()],
  ['experts', buildExperts()],
] as const) {
  inBrowser(`a page asks for nothing, complains of nothing and keeps nobody out: ${name}`, async (t) => {
    const page = write(built, {}, '<img src=x onerror=alert(1)>');
    for (const options of [
      {},
      { colorScheme: 'dark' },
      { viewport: { width: 390, height: 844 } },
      { javaScript: false },
    ] satisfies OpenOptions[]) {
      const visit = await open(page, options);
      const said = JSON.stringify(options);
      t.deepEqual(visit.requests, [visit.url], said);
      t.deepEqual(listComplaints(visit), [], said);
      const look = await visit.page.evaluate(() => ({
        title: document.title,
        foreign: document.querySelectorAll('img,iframe,object,embed,link,form').length,
        headings: [...document.querySelectorAll('h1,h2,h3')].map((heading) => Number(heading.tagName[1])),
        isWide: document.documentElement.scrollWidth > innerWidth,
        weight: getComputedStyle(document.querySelector('.verdict') as Element).fontWeight,
      }));
      t.is(look.title, 'base → <img src=x onerror=alert(1)> · model-diff');
      t.is(look.foreign, 0);
      t.is(look.weight, name === 'hostile' ? '600' : '660', 'the policy lets the page’s own style through');
      t.false(look.isWide, `nothing makes the page scroll sideways: ${said}`);
      t.is(look.headings.filter((level) => level === 1).length, 1);
      t.true(
        look.headings.every((level, at) => at === 0 || level <= (look.headings[at - 1] ?? 0) + 1),
        'no level of heading is left out',
      );
      t.deepEqual(await findBarriers(visit.page), [], said);
      await visit.page.context().close();
    }
  });
}

inBrowser('a tensor called like markup reads as it is called, in the table and alone', async (t) => {
  const { page, ...visit } = await open(write(buildHostile()));
  const shown = await names(page);
  for (const name of [
    '</script><img src=x onerror=alert(1)>',
    '__proto__',
    '\\u{1b}[2J\\u{1b}[31mred\\u{1b}]0;title\\u{7}',
    '日本語.重み',
  ]) {
    t.true(shown.includes(name), name);
    await page.locator('#table tbody tr').nth(shown.indexOf(name)).click();
    t.is(await page.locator('#details-name').textContent(), name);
  }
  t.deepEqual(listComplaints({ page, ...visit }), []);
});

inBrowser('a page that did ask or complain would be noticed', async (t) => {
  const visit = await open(
    '<!doctype html><html data-ready><meta http-equiv="Content-Security-Policy" content="default-src \'none\'"><p style="color:red">x<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script>',
  );
  t.true(listComplaints(visit).length > 0);
  t.true((await findBarriers(visit.page)).length > 0);
});

inBrowser('without a script the page has its numbers, and no control that does nothing', async (t) => {
  const built = buildModel();
  const { page } = await open(write(built), { javaScript: false });
  const { columns, summary } = built.comparison;
  const text = (await page.locator('body').innerText()).replaceAll('\u200b', '');
  t.true(text.includes(String(summary.modifiedTensors)));
  const top = columns.relativeChange.reduce((most, change) => (change > most ? change : most), 0);
  t.true(text.includes(formatEvenPercent(top, 3)));
  t.is(await page.locator('#table tbody tr').count(), 50);
  t.is(await page.locator('button:visible, input:visible, select:visible').count(), 0);
  t.is(await page.locator('.cells rect.cell').count(), 96);
});

inBrowser('words are searched for as they are typed, and what makes no sense is said', async (t) => {
  const { page } = await open(write(buildModel()));
  await page.keyboard.press('/');
  await page.keyboard.type('q_proj block:3');
  t.deepEqual(await names(page), ['model.layers.3.self_attn.q_proj.weight']);
  t.is(await count(page), '1 of 101');
  t.true((await cell(page, 1, 3).getAttribute('class'))?.includes('off') === false);
  t.true((await cell(page, 1, 2).getAttribute('class'))?.includes('off'));
  await page.locator('#search').fill('rle>5%');
  t.regex((await page.locator('#problem').textContent()) ?? '', /there is no “rle”/);
  t.is(await page.locator('#search').getAttribute('aria-invalid'), 'true');
  await page.locator('#search').fill('nothing at all');
  t.is(await page.locator('#table .empty').textContent(), 'No tensor fits.');
  await page.locator('#search').press('Escape');
  t.is(await count(page), '101');
});

inBrowser('kinds are chosen by chips, which count them', async (t) => {
  const { page } = await open(write(buildModel()));
  t.deepEqual(await page.locator('#chips button').allTextContents(), [
    'all101',
    'identical12',
    'changed86',
    'added1',
    'removed1',
    'reshaped1',
  ]);
  await page.locator('#chips [data-is="identical"]').click();
  t.is(await search(page), 'is:identical');
  t.is(await page.locator('#chips [data-is="identical"]').getAttribute('aria-pressed'), 'true');
  await page.locator('#chips [data-is=""]').click();
  t.is(await count(page), '101');
});

inBrowser('every column sorts, both ways; what has no number comes last', async (t) => {
  const { page } = await open(write(buildModel()));
  t.is((await names(page))[0], 'model.layers.11.self_attn.o_proj.weight');
  t.is(await page.locator('#table th[aria-sort="descending"]').innerText(), 'relative change ▾');
  await page.locator('[data-sort="rel"]').click();
  t.is((await names(page))[0], 'model.layers.0.input_layernorm.weight');
  t.is((await names(page)).at(-1), 'model.rotary.inv_freq');
  await page.locator('[data-sort="name"]').click();
  t.is((await names(page))[0], 'lm_head.weight');
  const columns = await page.locator('#table [data-sort]').count();
  for (let at = 0; at < columns; at += 1) await page.locator('#table [data-sort]').nth(at).click();
  await page.locator('#columns summary').click();
  await page.locator('#columns input[value="ratio"]').check();
  t.true((await page.locator('#table thead').innerText()).includes('norm ratio'));
});

inBrowser('a cell, a row, a column or a range of the map becomes a search', async (t) => {
  const { page } = await open(write(buildModel()));
  await cell(page, 1, 3).click();
  t.is(await search(page), 'module=self_attn.q_proj block:3');
  t.is(await count(page), '1 of 101');
  await cell(page, 1, 3).click();
  t.is(await search(page), '', 'once more: everything');
  await cell(page, 1, 3).click();
  await cell(page, 2, 5).click({ modifiers: ['Shift'] });
  t.is(await search(page), 'module=self_attn.q_proj,self_attn.k_proj block:3-5');
  t.is(await count(page), '6 of 101');
  await page.locator('.map-label button').first().click();
  t.is(await search(page), 'module=input_layernorm');
  await page.locator('.profile rect').nth(11).click();
  t.is(await search(page), 'block:11');
  await page.locator('.outside button').first().click();
  t.is(await search(page), 'module=model.embed_tokens block:none');
});

inBrowser('the pointer is told what is under it, and the map shows other numbers', async (t) => {
  const { page } = await open(write(buildModel()));
  await cell(page, 1, 11).hover();
  t.regex((await page.locator('#tip').textContent()) ?? '', /^self_attn\.q_proj, block 11: relative change 3\.\d+%$/);
  for (const measure of ['cos', 'changed', 'ratio']) {
    await page.locator('#measure').selectOption(measure);
    t.true(page.url().includes(`show=${measure}`));
    t.is(await page.locator('.cells g[data-row]').count(), 8);
  }
  await cell(page, 1, 11).hover();
  t.regex((await page.locator('#tip').textContent()) ?? '', /norm ratio 1\.030×/);
});

inBrowser('a broken cell can be pressed as any other, and what is chosen is said beside the map', async (t) => {
  const sketches = [0, 1].flatMap((depth) =>
    ['q_proj', 'o_proj'].map((role) => ({ name: `model.layers.${depth}.self_attn.${role}.weight`, depth, nanNew: depth })),
  );
  const { page } = await open(write(buildResult(sketches)));
  await cell(page, 0, 1).hover();
  t.regex((await page.locator('#tip').textContent()) ?? '', /NaN or Inf in 1 tensor/);
  await cell(page, 0, 1).click();
  t.is(await search(page), 'module=self_attn.q_proj block:1');
  t.is(await page.locator('#chosen').innerText(), '1 tensor of 4 · show · all');
  await page.locator('[data-clear]').click();
  t.is(await search(page), '');
  t.regex(await page.locator('#chosen').innerText(), /^Press a cell/);
});

inBrowser('a link to a section keeps what is chosen, and the menu of columns closes by itself', async (t) => {
  const { page } = await open(write(buildModel()));
  await page.locator('#search').fill('q_proj');
  await page.locator('nav a[href="#about"]').click();
  t.true(page.url().endsWith('#q=q_proj'));
  await page.locator('#columns summary').click();
  t.true(await page.locator('#columns .menu').isVisible());
  await page.locator('#map h2').click();
  t.false(await page.locator('#columns .menu').isVisible());
});

inBrowser('experts are one row that opens', async (t) => {
  const { page } = await open(write(buildExperts()));
  const rows = (): Promise<number> => page.locator('.cells g[data-row]').count();
  t.is(await rows(), 3);
  await page.locator('.opener').click();
  t.is(await rows(), 11);
  t.is(await page.locator('.opener').getAttribute('aria-expanded'), 'true');
  await page.locator('.cells g[data-expert="7"] [data-col="2"]').click();
  t.is(await search(page), 'module=mlp.experts.*.up_proj expert:7 block:2');
  t.deepEqual(await names(page), ['model.layers.2.mlp.experts.7.up_proj.weight']);
  await page.locator('.opener').click();
  t.is(await rows(), 3);
});

inBrowser('keys reach everything: map, table, drawer', async (t) => {
  const { page } = await open(write(buildModel()));
  await page.locator('.cells').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  t.regex((await page.locator('#spoken').textContent()) ?? '', /^self_attn\.q_proj, block 1: relative change/);
  await page.keyboard.press('Enter');
  t.is(await search(page), 'module=self_attn.q_proj block:1');
  await page.locator('#search').fill('');
  await page.locator('#table').focus();
  await page.keyboard.press('ArrowDown');
  const second = (await names(page))[1];
  await page.keyboard.press('Enter');
  t.is(await page.locator('#details-name').textContent(), second ?? null);
  t.is(await page.evaluate(() => document.activeElement?.id), 'close');
  await page.keyboard.press('ArrowDown');
  t.is(await page.locator('#details-name').textContent(), (await names(page))[2] ?? null);
  await page.keyboard.press('Escape');
  t.true(await page.locator('#drawer').isHidden());
  t.is(await page.evaluate(() => document.activeElement?.textContent), second);
});

inBrowser('the drawer has both sides of a tensor, its place, and the option that compares it alone', async (t) => {
  const { page } = await open(write(buildModel()));
  await page.locator('#search').fill('is:converted');
  await page.locator('#table tbody tr').click();
  const text = (await page.locator('#drawer').innerText()).replaceAll('\t', ' ');
  for (const part of [
    /dtype bf16 f32/,
    /place by relative change\s+86 of 86/,
    /--include model\.norm\.weight/,
    /norm 3\.30 3\.40/,
  ])
    t.regex(text, part);
  t.true(page.url().endsWith('t=model.norm.weight'));
  await page.locator('#search').fill('q_proj');
  await page.locator('#table tbody tr').first().click();
  await page.locator('.across rect').first().click();
  t.is(await page.locator('#details-name').textContent(), 'model.layers.0.self_attn.q_proj.weight');
});

inBrowser('an address brings back what it was copied from', async (t) => {
  const { page, url } = await open(write(buildExperts()));
  await page.locator('#search').fill('is:changed block:1');
  await page.locator('[data-sort="cos"]').click();
  await page.locator('.opener').click();
  await page.locator('#table tbody tr').first().click();
  const address = page.url();
  t.true(address.startsWith(`${url}#`));
  const before = [
    await names(page),
    await page.locator('#details').innerText(),
    await page.locator('.cells g[data-row]').count(),
  ];
  await page.goto('about:blank');
  await page.goto(address);
  await page.waitForSelector('html[data-ready]');
  t.deepEqual(
    [await names(page), await page.locator('#details').innerText(), await page.locator('.cells g[data-row]').count()],
    before,
  );
  await page.evaluate(() => (location.hash = '#q=is%3Aidentical'));
  await page.waitForFunction(() => document.getElementById('count')?.textContent === '4 of 41');
  await page.goto(`${url}#show=nonsense&sort=nothing&tower=9&open=x&t=y&columns=&rows=?`);
  t.is((await page.locator('.cells g[data-row]').count()) >= 0, true);
});

inBrowser('what is filtered can be taken along', async (t) => {
  const { page } = await open(write(buildModel()));
  await page.locator('#search').fill('q_proj block:0-1');
  const [csv] = await Promise.all([page.waitForEvent('download'), page.locator('.table-tools [data-take="csv"]').click()]);
  const lines = readFileSync(await csv.path(), 'utf8')
    .trim()
    .split('\n');
  t.is(lines.length, 3);
  t.regex(lines[0] ?? '', /^name,rel,cos,changed,/);
  t.regex(lines[1] ?? '', /^model\.layers\.1\.self_attn\.q_proj\.weight,0\.0062/);
  t.notRegex(lines.join('\n'), /'/, 'numbers are numbers');
  const [json] = await Promise.all([page.waitForEvent('download'), page.locator('[data-take="json"]').click()]);
  const rows = JSON.parse(readFileSync(await json.path(), 'utf8')) as { name: string; rel: number; block: number }[];
  t.deepEqual(
    rows.map(({ name, block }) => [name, block]),
    [
      ['model.layers.1.self_attn.q_proj.weight', 1],
      ['model.layers.0.self_attn.q_proj.weight', 0],
    ],
  );
});

inBrowser('a range of the histogram becomes a search, and a finding leads to its tensors', async (t) => {
  const { comparison } = buildModel();
  const { page } = await open(write({ comparison, analysis: analyze(comparison) }));
  await page.locator('svg.changes').scrollIntoViewIfNeeded();
  const box = await page.locator('svg.changes').boundingBox();
  if (box === null) throw new Error('there is no histogram');
  await page.mouse.move(box.x + 10, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.up();
  t.regex(await search(page), /^rel:0\.001\d*%-0\.0\d+%$/);
  t.deepEqual(await names(page), ['model.norm.weight']);
  await page.locator('[data-query^="is:matrix"]').click();
  t.is(await search(page), 'is:matrix is:changed,unchanged,identical -type:buffer');
  t.is(await count(page), '85 of 101');
});

inBrowser('light and dark: as the system, as the reader chose, as the report was made', async (t) => {
  const paper = (page: Page): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, dark] = ['rgb(252, 252, 251)', 'rgb(15, 18, 22)'];
  const page = write(buildModel(2));
  t.is(await paper((await open(page, { colorScheme: 'dark', javaScript: false })).page), dark);
  const visit = await open(page);
  t.is(await paper(visit.page), light);
  await visit.page.locator('#theme').click();
  t.is(await paper(visit.page), dark);
  await visit.page.reload();
  t.is(await paper(visit.page), dark, 'before anything is painted');
  t.is(await paper((await open(write(buildModel(2), { colorScheme: 'dark' }))).page), dark);
});

inBrowser('of many tensors only the rows in sight are in the page, with their places among all', async (t) => {
  const many = Array.from({ length: 5000 }, (_, at) => ({
    name: `layers.${Math.floor(at / 10)}.w${at % 10}`,
    change: 0.001 + at / 1e6,
  }));
  const { page } = await open(write(buildResult(many)));
  const rows = page.locator('#table tbody tr[data-tensor]');
  t.true((await rows.count()) < 60);
  t.is(await page.locator('#table table').getAttribute('aria-rowcount'), '5001');
  t.is(await rows.first().getAttribute('aria-rowindex'), '2');
  t.is((await names(page))[0], 'layers.499.w9');
  await page.locator('#table').evaluate((box) => (box.scrollTop = box.scrollHeight));
  await page.waitForFunction(() => document.querySelector('#table tbody tr[aria-rowindex="5001"]') !== null);
  t.is((await names(page)).at(-1), 'layers.0.w0');
  t.true((await rows.count()) < 60);
});

inBrowser('a page that holds a part of the tensors keeps the map of all', async (t) => {
  const { page } = await open(write(buildModel(), { htmlDetail: 20 }));
  t.is(await count(page), '20');
  t.is(await page.locator('.cells rect.cell').count(), 96);
  await page.locator('.map-label button').nth(4).click();
  t.is(await search(page), 'module=self_attn.o_proj');
});

inBrowser('on paper there are the headline, the map and the table, and no control', async (t) => {
  const { page } = await open(write(buildModel()), { colorScheme: 'dark' });
  await page.locator('#table tbody tr').first().click();
  await page.emulateMedia({ media: 'print' });
  t.is(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(252, 252, 251)');
  for (const id of ['#drawer', 'nav', '#search', '#about']) t.true(await page.locator(id).isHidden(), id);
  for (const id of ['.verdict', '.cells', '.findings', '#table tbody tr']) t.true(await page.locator(id).first().isVisible(), id);
});

const example = (name: string): string => fileURLToPath(new URL(`../../examples/tiny-gpt/${name}`, import.meta.url));

inBrowser('the first screen says what was done, where and how much', async (t) => {
  for (const [old, tuned, line] of [...FIRST_LINES, ...TRUE_LINES]) {
    const comparison = await compare(example(old), example(tuned));
    const visit = await open(renderReport(comparison), { javaScript: false, viewport: { width: 1280, height: 800 } });
    const said = `${old} → ${tuned}`;
    const shown = await visit.page.locator('h1').innerText();
    t.true(typeof line === 'string' ? shown === line : line.test(shown), `${said}: ${shown}`);
    for (const part of ['h1', '.figures', '#map h2', '#findings h2']) {
      const box = await visit.page.locator(part).boundingBox();
      t.true(
        box !== null && box.y + box.height <= 800,
        `${said}: ${part} ends at ${box === null ? 'nothing' : box.y + box.height}`,
      );
    }
    const cells = await visit.page.locator('.cells').first().boundingBox();
    t.true(cells !== null && cells.y + 100 <= 800, `${said}: the map begins at ${cells?.y}`);
    // A size is shown where the first line has one of the whole, and nowhere else.
    const isWhole = !/^(Broken|Quantised|No resemblance|Identical|Nothing)/.test(shown);
    if (!isWhole) t.is(await visit.page.locator('.size').count(), 0, said);
    await visit.page.context().close();
  }
});

inBrowser('the page of every example is quiet, and its script draws the map as it was written', async (t) => {
  const look = (page: Page): Promise<string[]> =>
    page.evaluate(() =>
      [...document.querySelectorAll('.tower:first-child .cells .cell, #maps > .map .cells .cell')].map(
        (cell) =>
          `${cell.getAttribute('class')} ${cell.nextElementSibling?.matches('.value') === true ? cell.nextElementSibling.textContent : ''}`,
      ),
    );
  const pairs = new Map([...FIRST_LINES.map(([old, name]) => [name, old] as const), ['moe-base', 'base']]);
  for (const [tuned, old] of pairs) {
    const page = renderReport(await compare(example(old), example(tuned), { histogram: true }), { chartWidth: 1500 });
    const visit = await open(page, { viewport: { width: 1600, height: 900 } });
    const written = await open(page, { javaScript: false, viewport: { width: 1600, height: 900 } });
    t.deepEqual(await look(visit.page), await look(written.page), tuned);
    await written.page.context().close();
    await visit.page.locator('#table tbody tr').first().click();
    t.deepEqual([visit.requests, listComplaints(visit)], [[visit.url], []], tuned);
    await visit.page.context().close();
  }
});

/** Tensors, and the megabytes that their page may have. */
const SIZES = [
  [30, 0.15],
  [100, 0.15],
  [1000, 0.4],
  [10_000, 1.5],
  [100_000, 10],
] as const;

for (const [count, megabytes] of SIZES) {
  inBrowser(`a page of ${count} tensors is small, quiet, and holds every one`, async (t) => {
    const parts = ['input_layernorm', 'self_attn.q_proj', 'self_attn.o_proj', 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'];
    const name = (at: number): string => `model.layers.${Math.floor(at / parts.length)}.${parts[at % parts.length]}.weight`;
    let state = 1;
    const draw = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 31 - 1;
    const make = (change: number): Checkpoint =>
      Checkpoint.fromTensors(
        new Map(
          Array.from({ length: count }, (_, at) => {
            state = at * 7 + 1;
            return [name(at), { data: Float32Array.from({ length: 16 }, () => draw() + change * draw()), shape: [4, 4] }];
          }),
        ),
      );
    const page = renderReport(await compare(make(0), make(0.02), { histogram: true }));
    t.true(page.length <= megabytes * 1e6, `${page.length} bytes`);
    const visit = await open(page);
    t.is(await visit.page.locator('#table table').getAttribute('aria-rowcount'), String(count + 1));
    t.deepEqual([visit.requests, listComplaints(visit)], [[visit.url], []]);
  });
}
