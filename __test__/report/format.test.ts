import test from 'ava';
import {
  formatBytes,
  formatConfidence,
  formatCosine,
  formatCount,
  formatExponent,
  formatNoun,
  formatPercent,
  formatRest,
  formatShape,
} from '../../src/wording/numbers.ts';

test('counts and nouns', (t) => {
  t.deepEqual([0, 999, 1000, 1234567, null].map(formatCount), ['0', '999', '1,000', '1,234,567', '–']);
  t.is(formatNoun(1, 'tensor'), '1 tensor');
  t.is(formatNoun(2000, 'tensor'), '2,000 tensors');
});

test('bytes in decimal units, three digits', (t) => {
  t.deepEqual([0, 999, 1000, 999_499, 999_600, 16_060_000_000, 1_000_000_000, 141_000_000_000, 1e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1 kB',
    '999.5 kB',
    '1 MB',
    '16.1 GB',
    '1 GB',
    '141 GB',
    '1 PB',
  ]);
});

test('exponents, percent, confidence', (t) => {
  t.deepEqual([0, 0.0395, 1200, null, Number.NaN].map(formatExponent), ['0', '3.95e-2', '1.20e+3', '–', '–']);
  t.deepEqual([0, 1, 0.0395, 0.0000123, 8.8e-8, 1.39, 12, null].map(formatPercent), [
    '0%',
    '100%',
    '3.95%',
    '0.00123%',
    '8.8e-8',
    '139%',
    '1200%',
    '–',
  ]);
  t.is(formatPercent(0.999999), '99.99%', 'not everything is not 100%');
  t.deepEqual([0, 0.001, 0.914, 0.9999, 1].map(formatConfidence), ['0%', '<1%', '91%', '>99%', '100%']);
});

test('a cosine near 1 is told by its distance', (t) => {
  t.is(formatCosine(0.98712, 0.01288), '0.98712');
  t.is(formatCosine(1, 3.2e-8), '1-3.2e-8');
  t.is(formatCosine(1, 0), '1');
  t.is(formatCosine(-0.5, 1.5), '-0.50000');
  t.is(formatCosine(null, null), '–');
});

test('shapes and rests', (t) => {
  t.is(formatShape([32, 64]), '[32×64]');
  t.is(formatShape([]), '[]');
  t.is(formatRest(0, 'modified tensor'), '');
  t.is(formatRest(1, 'modified tensor'), '… and 1 more modified tensor');
  t.is(formatRest(241, 'modified tensor'), '… and 241 more modified tensors');
});
