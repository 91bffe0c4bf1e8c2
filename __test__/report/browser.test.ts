import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { writeHtml } from '../../src/report/html/comparison.ts';
import { Browser, findBrowser } from './browser.ts';
import { buildHostile } from './build-hostile.ts';
import { buildModel, prepare } from './build.ts';

const path = findBrowser();
// Where everything is checked a browser has to be there; elsewhere its absence is no failure.
const isSkipped = path === undefined && process.env['CI'] === undefined;
const inBrowser = isSkipped ? test.serial.skip : test.serial;
const folder = mkdtempSync(join(tmpdir(), 'model-diff-page-'));
let browser: Browser | undefined;

test.before(() => {
  if (isSkipped) return;
  if (path === undefined) throw new Error('no Chromium: install it (apt-get install chromium) or name it in CHROMIUM');
  browser = new Browser(path);
});

test.after.always(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Browser {
  if (browser === undefined) throw new Error('the browser did not start');
  return browser;
}

function save(name: string, page: string): string {
  const file = join(folder, name);
  writeFileSync(file, page);
  return pathToFileURL(file).href;
}

const LOOK = `({
  title: document.title,
  headings: [...document.querySelectorAll('h1,h2,h3')].map((heading) => Number(heading.tagName[1])),
  foreign: document.querySelectorAll('img,iframe,object,embed,link,script:not([type="application/json"]),form,a').length,
  styled: getComputedStyle(document.querySelector('.verdict')).fontWeight,
  bars: document.querySelectorAll('svg.chart rect.bar').length,
  named: document.querySelector('svg.chart').getAttribute('aria-labelledby').split(' ').every((id) => document.getElementById(id)?.textContent),
  wide: document.documentElement.scrollWidth > innerWidth,
  names: [...document.querySelectorAll('th[scope=row] .name')].map((name) => name.textContent),
  data: document.getElementById('model-diff-data') ? JSON.parse(document.getElementById('model-diff-data').textContent).parameters.length : 0,
  scope: [...document.querySelectorAll('thead th')].every((head) => head.scope === 'col' || head.getAttribute('aria-hidden') || head.querySelector('[aria-hidden]')),
})`;

interface Look {
  readonly title: string;
  readonly headings: readonly number[];
  readonly foreign: number;
  readonly styled: string;
  readonly bars: number;
  readonly named: boolean;
  readonly wide: boolean;
  readonly names: readonly string[];
  readonly data: number;
  readonly scope: boolean;
}

for (const [name, built] of [
  ['model', buildModel()],
  ['hostile', buildHostile()],
] as const) {
  inBrowser(`the page asks for nothing and complains of nothing: ${name}`, async (t) => {
    const page = writeHtml(prepare(built, 'base', '<img src=x onerror=alert(1)>'), {
      includeRawData: true,
    });
    const url = save(`${name}.html`, page);
    const { requests, complaints, value } = await open().visit(url, LOOK);
    const look = value as Look;
    t.deepEqual(requests, [url]);
    t.deepEqual(complaints, []);
    t.is(look.title, 'base → <img src=x onerror=alert(1)> · model-diff');
    t.is(look.foreign, 0);
    t.is(look.styled, '620', 'the policy lets the page’s own style through');
    t.true(look.bars > 10 && look.named && look.scope);
    t.false(look.wide, 'nothing makes the page scroll sideways');
    t.is(look.data, built.comparison.diffs.length);
    t.deepEqual(
      look.headings.filter((level) => level === 1),
      [1],
    );
    t.true(
      look.headings.every((level, index) => index === 0 || level <= (look.headings[index - 1] ?? 0) + 1),
      'no level of heading is left out',
    );
  });
}

inBrowser('a tensor called like markup reads as it is called', async (t) => {
  const built = buildHostile();
  const { value } = await open().visit(save('names.html', writeHtml(prepare(built), { maxLayersDisplay: 1000 })), LOOK);
  for (const name of [
    '</script><img src=x onerror=alert(1)>',
    '__proto__',
    '\\u{1b}[2J\\u{1b}[31mred\\u{1b}]0;title\\u{7}',
    '日本語.重み',
  ])
    t.true((value as Look).names.includes(name), name);
});

inBrowser('a page that did ask or complain would be noticed', async (t) => {
  const url = save(
    'bad.html',
    '<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'none\'"><p class="verdict" style="color:red">x<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script><svg class="chart" aria-labelledby="x"></svg>',
  );
  const { complaints } = await open().visit(url, LOOK);
  t.true(complaints.length > 0);
});
