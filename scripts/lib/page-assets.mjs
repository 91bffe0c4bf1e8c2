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

/** @param {string} entry */
async function bundleScript(entry) {
  const bundle = await rolldown({ input: join(FOLDER, 'app', entry), platform: 'browser', cwd: root, tsconfig: false });
  const { output } = await bundle.generate({ format: 'iife', minify: true, comments: false });
  await bundle.close();
  // Neither can end the element that it stands in.
  return output[0].code.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}
