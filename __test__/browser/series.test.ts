import type { Page } from 'playwright-core';
import { writeSeriesHtml } from '../../src/report/html/series.ts';
import type { SeriesResult } from '../../src/series/types.ts';
import { listComplaints, type OpenOptions, type Visit } from './browser.ts';
import { findBarriers, inBrowser, open } from './in-browser.ts';
import { buildSeries, nameModel } from '../report/build-series.ts';
import { HOSTILE_NAMES } from '../report/hostile.ts';

const openSeries = (series: SeriesResult, options?: OpenOptions): Promise<Visit> =>
  open([...writeSeriesHtml(series)].join(''), options);

const NAMES = nameModel(4);
/** The query matrices jump in step 4, and the last block has NaN in the last two steps. */
const WILD = buildSeries({
  names: NAMES,
  steps: 7,
  size: (row, step) => ((NAMES[row] ?? '').includes('q_proj') && step === 4 ? 3 : 0.01) * (1 + row / 100),
  nan: (row, step) => (step > 5 && (NAMES[row] ?? '').includes('layers.3.mlp') ? 5 : 0),
});
const STEADY = buildSeries({ names: NAMES, steps: 3, size: (row, step) => (0.02 + row / 1e4) / step });
const HOSTILE = buildSeries({
  names: [...new Set(HOSTILE_NAMES)].sort(),
  steps: 4,
  size: (row, step) => (step === 3 && row % 2 === 0 ? 1 : 0.01),
  nan: (row, step) => (step === 4 && row % 3 === 0 ? 1 : 0),
  checkpoint: (index) => HOSTILE_NAMES[index] ?? '',
});

const names = (page: Page): Promise<string[]> => page.locator('#table tbody tr[data-tensor] .name').allTextContents();
const count = (page: Page): Promise<string | null> => page.locator('#count').textContent();
const search = (page: Page): Promise<string> => page.locator('#search').inputValue();

for (const [title, series] of [
  ['wild', WILD],
  ['steady', STEADY],
  ['hostile', HOSTILE],
  ['nothing', buildSeries({ names: [], steps: 1 })],
] as const) {
  inBrowser(`a page of a series asks for nothing, complains of nothing and keeps nobody out: ${title}`, async (t) => {
    for (const options of [
      {},
      { colorScheme: 'dark' },
      { viewport: { width: 390, height: 844 } },
      { javaScript: false, viewport: { width: 390, height: 844 } },
    ] satisfies OpenOptions[]) {
      const visit = await openSeries(series, options);
      const said = JSON.stringify(options);
      t.deepEqual(visit.requests, [visit.url], said);
      t.deepEqual(listComplaints(visit), [], said);
      const look = await visit.page.evaluate(() => ({
        foreign: document.querySelectorAll('img,iframe,object,embed,link,form').length,
        headings: [...document.querySelectorAll('h1,h2,h3')].map((heading) => Number(heading.tagName[1])),
        isWide: document.documentElement.scrollWidth > innerWidth,
      }));
      t.is(look.foreign, 0, said);
      t.false(look.isWide, `${said}: the page itself does not scroll to the side`);
      t.true(
        look.headings.every((level, at) => level <= (look.headings[at - 1] ?? 0) + 1),
        String(look.headings),
      );
      t.deepEqual(await findBarriers(visit.page), [], said);
      await visit.page.context().close();
    }
  });
}

inBrowser('without a script the page of a series has its numbers, and no control that does nothing', async (t) => {
  const { page } = await openSeries(WILD, { javaScript: false });
  t.is(await page.locator('#table tbody tr').count(), NAMES.length);
  for (const control of ['#search', '.tools', '.map-tools', '[data-query]', '.table-tools'])
    t.is(await page.locator(`${control}:visible`).count(), 0, control);
  t.is(await page.locator('#charts circle.first').count(), 7 + 6 + 2);
  await page.locator('a[href="#event-6"]').click();
  t.true(await page.locator('#event-6').isVisible());
  t.is(await page.locator('#steps tbody tr').count(), 7);
});

inBrowser('the tensors of a series are searched, and sorted by every column both ways', async (t) => {
  const { page } = await openSeries(WILD);
  t.is(await count(page), '31');
  await page.keyboard.press('/');
  await page.keyboard.type('q_proj block:1-2');
  t.is(await count(page), '2 of 31');
  await page.keyboard.press('Escape');
  t.is(await count(page), '31');
  await page.locator('#search').fill('nothing:1');
  t.regex((await page.locator('#problem').textContent()) ?? '', /there is no “nothing”/);
  await page.locator('#search').fill('');
  for (const key of ['name', 'max', 'peak', 'step', 'start', 'straight', 'norm', 'nan']) {
    const head = page.locator(`[data-sort="${key}"]`);
    await head.click();
    const order = await page.locator(`th[aria-sort]:has([data-sort="${key}"])`).getAttribute('aria-sort');
    const once = await names(page);
    await head.click();
    t.not(order, 'none', key);
    t.deepEqual([...(await names(page))].sort(), [...once].sort(), key);
  }
  await page.locator('[data-sort="max"]').click();
  t.true((await names(page)).slice(0, 4).every((name) => name.includes('q_proj')));
  await page.locator('[data-is="nan"]').click();
  t.is(await search(page), 'is:nan');
  t.is(await count(page), '2 of 31');
});

inBrowser('a row of the map becomes a search, a cell or a column the step that the table is sorted by', async (t) => {
  const { page } = await openSeries(WILD);
  await page.locator('[data-row-label]', { hasText: 'q_proj' }).click();
  t.is(await search(page), 'module=self_attn.q_proj');
  t.is(await count(page), '4 of 31');
  t.is(await page.locator('#chosen').textContent(), '4 tensors of 31 · show · all');
  t.is(await page.locator('g[data-row]').nth(3).locator('.cell.off').count(), 7, 'other rows step back');
  await page.locator('[data-row-label]', { hasText: 'q_proj' }).click();
  t.is(await search(page), '');
  t.regex((await page.locator('#chosen').textContent()) ?? '', /^Press a row /);
  await page.locator('#by').selectOption('block');
  await page.locator('[data-row-label]', { hasText: 'block 3' }).click();
  t.is(await count(page), '7 of 31');
  await page.locator('[data-row-label]', { hasText: 'block 3' }).click();
  await page.locator('#by').selectOption('tensor');
  t.is(await page.locator('g[data-row]').count(), 31);
  await page.locator('g[data-row]').nth(1).locator('[data-col="3"]').click();
  t.is(await page.locator('[data-sort="step"]').textContent(), 'step 4 ▾');
  t.true((await names(page)).slice(0, 4).every((name) => name.includes('q_proj')));
  t.regex(await page.evaluate(() => location.hash), /step=4/);
  await page.locator('[data-head="3"]').click();
  t.is(await page.locator('[data-sort="step"]').textContent(), 'step 7');
});

inBrowser('the pointer is told the numbers of a cell, of a column and of a point in the timeline', async (t) => {
  const { page } = await openSeries(WILD);
  const tip = page.locator('#tip');
  await page.locator('[data-row-label]', { hasText: 'q_proj' }).hover();
  t.true(await tip.isHidden());
  const row = await page.locator('[data-row-label]', { hasText: 'q_proj' }).getAttribute('data-row-label');
  await page.locator(`g[data-row="${row}"] [data-col="3"]`).hover();
  t.regex((await tip.textContent()) ?? '', /^self_attn\.q_proj, step 4 \(step-4\): at most 3\d\d%; 4 tensors$/);
  await page.locator('[data-head="5"]').hover();
  t.regex((await tip.textContent()) ?? '', /^6: step-6 – step [\d.]+%, [\d.]+% from the start, cosine 0\.20, 10 NaN or Inf$/);
  await page.locator('#charts .hit[data-step="2"]').first().hover();
  t.regex((await tip.textContent()) ?? '', /^2: step-2 – step 1\./);
});

inBrowser('keys move over the map, which says where they are', async (t) => {
  const { page } = await openSeries(WILD);
  await page.locator('#live-map').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  t.regex((await page.locator('#spoken').textContent()) ?? '', /^self_attn\.q_proj, step 4 /);
  t.is(await page.locator('.cell.on').count(), 1);
  await page.keyboard.press('Enter');
  t.is(await page.locator('#spoken').textContent(), 'Sorted by step 4.');
  await page.locator('#table [data-sort="name"]').focus();
  await page.keyboard.press('ArrowDown');
  t.is(await page.evaluate(() => document.activeElement?.className), 'open');
});

inBrowser('an event leads to its tensors, and a marker of the timeline to its event', async (t) => {
  const { page } = await openSeries(WILD);
  await page.locator('#event-4 [data-query]').click();
  t.is(await search(page), 'jumped:4');
  t.is(await count(page), '4 of 31');
  await page.locator('#charts a[href="#event-6"]').click();
  t.is(await page.evaluate(() => location.hash), '#q=jumped%3A4', 'what was asked for stays in the address');
  t.deepEqual(await page.locator('.findings li.on').evaluateAll((items) => items.map(({ id }) => id)), ['event-6']);
});

inBrowser('an address brings back the search, the order, the step and the rows', async (t) => {
  const { page, url } = await openSeries(WILD);
  await page.goto('about:blank');
  await page.goto(`${url}#q=block%3A2&sort=step%3Aasc&step=2&by=block`);
  await page.waitForSelector('html[data-ready]');
  t.is(await count(page), '7 of 31');
  t.is(await page.locator('[data-sort="step"]').textContent(), 'step 2 ▴');
  t.is(await page.locator('#by').inputValue(), 'block');
  t.is(await page.locator('[data-head].here').textContent(), 'step-2');
});

inBrowser('of many tensors only the rows in sight are in the page', async (t) => {
  const many = Array.from(
    { length: 3000 },
    (_, at) => `model.layers.${at % 30}.mlp.experts.${Math.floor(at / 30)}.up_proj.weight`,
  );
  const { page } = await openSeries(buildSeries({ names: many.sort(), steps: 5, size: (row, step) => (row + 1) / 1e6 / step }));
  t.true((await page.locator('#table tbody tr[data-tensor]').count()) < 100);
  t.is(await page.locator('#table table').getAttribute('aria-rowcount'), '3001');
  await page.locator('#table').evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await page.waitForSelector('tr[aria-rowindex="3001"]');
  t.pass();
});

inBrowser('on paper a series has its headline, charts, map and events, and no control', async (t) => {
  const { page } = await openSeries(WILD);
  await page.emulateMedia({ media: 'print' });
  for (const id of ['nav', '#search', '.map-tools', '.table-tools', '#about']) t.true(await page.locator(id).isHidden(), id);
  for (const id of ['.verdict', '.chart', '.cells', '.findings', '#table tbody tr'])
    t.true(await page.locator(id).first().isVisible(), id);
  t.is(await page.locator('#table tbody tr:visible').count(), 30);
});
