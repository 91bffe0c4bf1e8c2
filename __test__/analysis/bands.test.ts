import { readFileSync } from 'node:fs';
import test from 'ava';
import { findBand } from '../../src/analysis/bands.ts';
import type { MagnitudeBand } from '../../src/analysis/types.ts';

const pairs = readFileSync(new URL('../fixtures/analysis/measured_pairs.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [id = '', kind = '', , , change = '', cosine = ''] = line.split(',');
    return { id, kind, change: Number(change), cosine: Number(cosine) };
  });

/** Bands that the sizes of each kind span: from the smallest to the largest pair. */
const KINDS: readonly (readonly [kind: RegExp, bands: readonly MagnitudeBand[]])[] = [
  [/^(rlvr|dpo)$/, ['trace']],
  [/^small SFT$/, ['light']],
  [/^community SFT/, ['light', 'standard']],
  [/^vendor instruct/, ['light', 'standard', 'strong']],
  [/^reason SFT/, ['standard', 'strong']],
  [/^reason-distill/, ['strong']],
  [/^version$/, ['strong', 'heavy']],
  [/^(cpt|unrelated\/retrained)$/, ['heavy']],
];

test('the 45 public pairs fall into the bands of their kind', (t) => {
  t.is(pairs.length, 45);
  for (const { id, kind, change, cosine } of pairs) {
    const allowed = KINDS.find(([pattern]) => pattern.test(kind))?.[1] ?? [];
    const band = findBand(change, cosine, 1e9);
    t.true(allowed.includes(band), `${id} (${kind}, ${change}): ${band}`);
  }
});

test('every band that a kind may have is used by a pair of it', (t) => {
  for (const [pattern, bands] of KINDS) {
    const found = new Set(
      pairs.filter(({ kind }) => pattern.test(kind)).map(({ change, cosine }) => findBand(change, cosine, 1e9)),
    );
    t.deepEqual([...found].sort(), [...bands].sort(), pattern.source);
  }
});

test('limits', (t) => {
  t.is(findBand(0, 1, 1e6), 'identical');
  t.is(findBand(1.99e-3, 1, 1e6), 'trace');
  t.is(findBand(2e-3, 1, 1e6), 'light');
  t.is(findBand(1.5e-2, 1, 1e6), 'standard');
  t.is(findBand(5e-2, 1, 1e6), 'strong');
  t.is(findBand(0.25, 0.9, 1e6), 'heavy');
  t.is(findBand(1.4, 0.04, 1e6), 'replaced');
  t.is(findBand(1.4, 0.06, 1e6), 'heavy', 'a cosine of 0.06 over a million elements is kinship');
  t.is(findBand(1.4, 0.06, 400), 'replaced', 'over 400 it is chance');
  t.is(findBand(1.4, null, 1e6), 'heavy');
});
