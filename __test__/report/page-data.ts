import { gunzipSync } from 'node:zlib';
import { joinPlanes, type PageHead } from '../../src/report/html/data/blocks.ts';

/** What a page holds for its script. */
export interface PageData {
  readonly head: PageHead;
  /** A column of numbers; undefined where the page has none of this name. */
  readonly numbers: (column: string) => Float64Array | undefined;
  readonly places: (column: string) => Int32Array | undefined;
}

/** Reads it as the script does. */
export function readPageData(page: string): PageData {
  const blocks = new Map(
    [...page.matchAll(/<script type="application\/gzip" id="data-(\w+)">([^<]*)<\/script>/g)].map(([, name = '', text = '']) => [
      name,
      gunzipSync(Buffer.from(text, 'base64')),
    ]),
  );
  const head = blocks.get('head');
  if (head === undefined) throw new Error('the page has no data');
  return {
    head: JSON.parse(head.toString()) as PageHead,
    numbers: (column) => {
      const bytes = blocks.get(column);
      return bytes === undefined ? undefined : new Float64Array(joinPlanes(bytes, 8).buffer);
    },
    places: (column) => {
      const bytes = blocks.get(column);
      return bytes === undefined ? undefined : new Int32Array(joinPlanes(bytes, 4).buffer);
    },
  };
}

/** The page without its style, scripts and data: what is read where no script runs. */
export function readStatic(page: string): string {
  return page.replace(/<(style|script)[^>]*>[^<]*(?:<(?!\/\1)[^<]*)*<\/\1>/g, '');
}

/** Elements that a page is made of. */
export const PAGE_TAGS: ReadonlySet<string> = new Set(
  (
    'html head meta title style body nav b a button kbd header h1 h2 h3 p dl dt dd div main section aside ul li span details summary small label select option input ' +
    'figure figcaption svg defs pattern g line text title rect path circle polyline desc table thead tbody tr th td code wbr footer script'
  ).split(' '),
);

/** What of a page's static part is not of its own making: elements, handlers, styles and links to elsewhere. */
export function findForeign(page: string): string[] {
  return [...readStatic(page).matchAll(/<[^>]*>/g)].flatMap(([tag]) => {
    const [, name = ''] = /^<\/?([a-z0-9]+)/i.exec(tag) ?? [];
    const attributes = tag.replace(/="[^"#][^"]*"/g, '=""').replace(/(href="#)[^"]*/, '$1');
    const isOwn = tag === '<!doctype html>' || PAGE_TAGS.has(name);
    const isHarmless = !/\son[a-z]+=|\s(?:src|style|srcdoc|action)=|\shref="(?!#)/.test(attributes);
    return isOwn && isHarmless ? [] : [tag.slice(0, 200)];
  });
}
