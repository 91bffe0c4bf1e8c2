/** The style and the scripts of the HTML pages, as a module of strings: what a page holds is fixed when the package is built. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'lightningcss';
import { rolldown } from 'rolldown';
import { root } from './host.mjs';

const FOLDER = join(root, 'src/report/html');
/** What each kind of page holds: its sheets, of which later ones win, and the entry of its script. */
const PAGES = {
  COMPARISON: { sheets: ['base', 'layout', 'table', 'map', 'ramp', 'print'], entry: 'comparison.ts' },
  SERIES: { sheets: ['base', 'layout', 'table', 'map', 'ramp', 'series', 'print'], entry: 'series.ts' },
};

/** Writes `src/report/html/assets.ts`. */
export async function writePageAssets() {
  const lines = [write('THEME', await bundleScript('theme.ts'))];
  for (const [name, { sheets, entry }] of Object.entries(PAGES))
    lines.push(write(`${name}_STYLE`, bundleStyle(sheets)), write(`${name}_SCRIPT`, await bundleScript(entry)));
  writeFileSync(join(FOLDER, 'assets.ts'), `// Made by scripts/lib/page-assets.mjs from style/ and app/.\n${lines.join('')}`);
}

/** A text with the hash that a policy allows it by. @param {string} name @param {string} text */
function write(name, text) {
  const hash = createHash('sha256').update(text).digest('base64');
  return `export const ${name}: { readonly text: string; readonly hash: string } = ${JSON.stringify({ text, hash: `sha256-${hash}` })};\n`;
}

/** @param {readonly string[]} sheets */
function bundleStyle(sheets) {
  const text = sheets.map((name) => readFileSync(join(FOLDER, 'style', `${name}.css`), 'utf8'));
  return transform({ filename: 'page.css', code: Buffer.from(text.join('\n')), minify: true }).code.toString();
}

/**
 * Fields that only the script itself knows, which get short names: none of them is in the data of a page, in the address, of the browser's,
 * or reached by a computed key. A test holds the map that the script draws against the one that was written.
 */
const OWN_FIELDS = [
  'identical',
  'modelledChanged',
  'modelled',
  'expected',
  'broken',
  'failed',
  'sized',
  'energy',
  'elements',
  'isRatio',
  'isNumber',
  'isShown',
  'isDown',
  'isLive',
  'isOpen',
  'hasTitles',
  'hasBlocks',
  'classOf',
  'neighbour',
  'profile',
  'outside',
  'experts',
  'opened',
  'measure',
  'onDrawn',
  'onSort',
  'drawRow',
  'problem',
  'conditions',
  'quantities',
  'listen',
  'change',
];

/** @param {string} entry */
async function bundleScript(entry) {
  const bundle = await rolldown({ input: join(FOLDER, 'app', entry), platform: 'browser', cwd: root, tsconfig: false });
  const mangleProps = { include: new RegExp(`^(?:${OWN_FIELDS.join('|')})$`) };
  const { output } = await bundle.generate({
    format: 'iife',
    minify: { compress: true, mangle: true, codegen: true, mangleProps },
    comments: false,
  });
  await bundle.close();
  // Neither can end the element that it stands in.
  return output[0].code.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}
