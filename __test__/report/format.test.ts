import test from 'ava';
import {
  formatBytes,
  formatCompact,
  formatConfidence,
  formatCosine,
  formatCount,
  formatEvenPercent,
  formatExponent,
  formatFold,
  formatMagnitude,
  formatNoun,
  formatOneMinusCos,
  formatPercent,
  formatPercentRange,
  formatRest,
  formatShape,
  formatShare,
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
  const shares = [0, 1, 0.0395, 0.0000123, 8.8e-8, 1.39, 9.99, 12, 12_345.6, 3e7, null];
  t.deepEqual(
    shares.map((share) => formatPercent(share, 3)),
    ['0%', '100%', '3.95%', '0.00123%', '0.0000088%', '139%', '999%', '12×', '12,346×', '3.0e+7×', '–'],
    'in tables',
  );
  t.deepEqual(
    shares.map((share) => formatPercent(share)),
    ['0%', '100%', '4%', '0.0012%', '0.0000088%', '139%', '999%', '12×', '12,346×', '3.0e+7×', '–'],
    'in sentences',
  );
  t.is(formatPercent(0.999999), '99.99%', 'not everything is not 100%');
  t.is(formatPercent(-0.25), '-25%');
  t.is(formatPercent(1e-12), '<0.000001%', 'no exponents, however small');
  t.deepEqual(
    [...shares, 0.0598, 0.999, 7e-6].map((share) => formatEvenPercent(share)),
    ['0%', '100%', '4.0%', '0.0012%', '0.0000088%', '139%', '999%', '12×', '12,346×', '3.0e+7×', '–', '6.0%', '>99%', '0.00070%'],
    'in columns',
  );
  t.deepEqual(
    [
      formatPercentRange(0.05, 0.25),
      formatPercentRange(0.0561, 0.0598, formatEvenPercent),
      formatPercentRange(0.05, 12),
      formatPercentRange(0.1, 0.1),
    ],
    ['5–25%', '5.6–6.0%', '5%–12×', '10%'],
  );
  t.deepEqual([0, 57, 999, 1000, 119_240, 999_999, 7_615_616_512, 1e12, null].map(formatCompact), [
    '0',
    '57',
    '999',
    '1k',
    '119k',
    '1M',
    '7.62B',
    '1T',
    '–',
  ]);
  t.deepEqual([0, 2.54e-3, 1, null].map(formatOneMinusCos), ['0', '2.5e-3', '1.0e+0', '–']);
  t.deepEqual([0, 0.001, 0.914, 0.9999, 1].map(formatConfidence), ['0%', '<1%', '91%', '>99%', '100%']);
  t.deepEqual([0, 0.914, 0.9949, 0.995, 0.9999, 1, null].map(formatShare), ['0%', '91%', '99%', '>99%', '>99%', '100%', '–']);
  t.deepEqual(
    [1.234, 999, 12_345.6, 3e9, null].map((fold) => formatFold(fold)),
    ['1.2×', '1000×', '12,346×', '3.0e+9×', '–'],
  );
});

test('magnitudes keep their whole part', (t) => {
  t.deepEqual([0.125, 3, 65_504, 1e20].map(formatMagnitude), ['0.13', '3', '65,504', '1.00e+20']);
});

test('a cosine near 1 is told by its distance', (t) => {
  t.is(formatCosine(0.01288, 5), '0.98712');
  t.is(formatCosine(0.01288), '0.987');
  t.is(formatCosine(0.002), '0.998');
  t.is(formatCosine(0.0002), '1-2.0e-4');
  t.is(formatCosine(3.2e-8, 5), '1-3.2e-8');
  t.is(formatCosine(0, 5), '1');
  t.is(formatCosine(1.5, 5), '-0.50000');
  t.is(formatCosine(null), '–');
});

test('shapes and rests', (t) => {
  t.is(formatShape([32, 64]), '[32×64]');
  t.is(formatShape([]), '[]');
  t.is(formatRest(0, 'modified tensor'), '');
  t.is(formatRest(1, 'modified tensor'), '… and 1 more modified tensor');
  t.is(formatRest(241, 'modified tensor'), '… and 241 more modified tensors');
});
