import test from 'ava';
import { writeStyle } from '../../src/report/html/style.ts';

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
  ['accent', 'info-paper', 4.5],
  ['warn', 'warn-paper', 4.5],
  ['bad', 'paper', 4.5],
  ['bad', 'raised', 4.5],
  ['bad', 'bad-paper', 4.5],
  ['bar', 'paper', 3],
];

for (const scheme of ['light', 'dark'] as const) {
  test(`contrast of the ${scheme} colours`, (t) => {
    const colors = new Map(
      [
        ...writeStyle(scheme)
          .split('}')[0]!
          .matchAll(/--([a-z-]+):(#[0-9a-f]{6})/g),
      ].map(([, name = '', color = '']) => [name, color] as const),
    );
    for (const [front, back, least] of PAIRS) {
      const ratio = contrast(colors.get(front) ?? '#000000', colors.get(back) ?? '#000000');
      t.true(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}, at least ${least}`);
    }
  });
}
