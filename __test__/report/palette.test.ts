import { readFileSync } from 'node:fs';
import test from 'ava';

/** Relative luminance as WCAG defines it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS: readonly (readonly [string, string, number])[] = [
  ['ink', 'paper', 7],
  ['ink', 'raised', 7],
  ['soft', 'paper', 4.5],
  ['soft', 'raised', 4.5],
  ['accent', 'paper', 4.5],
  ['ink', 'card', 7],
  ['soft', 'card', 4.5],
  ['accent', 'card', 4.5],
  ['ink', 'bad-paper', 4.5],
  ['ink', 'good-paper', 4.5],
  ['ink', 'info-paper', 7],
  ['ink', 'warn-paper', 7],
  ['warn', 'paper', 4.5],
  ['warn', 'warn-paper', 4.5],
  ['bad', 'paper', 4.5],
  ['bad', 'raised', 4.5],
  ['bad', 'bad-paper', 4.5],
  ['bar', 'paper', 3],
];

const style = ['base', 'series']
  .map((name) => readFileSync(new URL(`../../src/report/html/style/${name}.css`, import.meta.url), 'utf8'))
  .join('\n');

for (const [side, scheme] of ['light', 'dark'].entries()) {
  test(`contrast of the ${scheme} colours`, (t) => {
    const colors = new Map(
      [...style.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
        ([, name = '', ...both]) => [name, both[side] ?? ''] as const,
      ),
    );
    for (const [front, back, least] of PAIRS) {
      const ratio = contrast(colors.get(front) ?? '#000000', colors.get(back) ?? '#000000');
      t.true(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}, at least ${least}`);
    }
  });
}
