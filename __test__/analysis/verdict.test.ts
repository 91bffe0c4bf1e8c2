import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import { DiffAnalyzer } from '../../src/original/diff-analyzer.ts';
import type { DiffSummary } from '../../src/comparison/summary.ts';
import { buildComparison, llama, type Sketch } from './build.ts';

function verdict(sketches: readonly Sketch[], extra: Partial<DiffSummary> = {}, withRounding = false): string {
  return analyze(buildComparison(sketches, extra, withRounding)).summary.verdict;
}

test('a light fine-tune, with the runner-up', (t) => {
  t.is(verdict(llama(6, () => 0.012)), 'Light dense fine-tune (R = 1.2%), uniform (>99%).');
  t.regex(
    verdict(llama(6, (name) => (name.includes('mlp') ? 0.014 : 0.011))),
    /^Light dense fine-tune \(R = 1\.2%\), uniform \(9\d%\); next: mlp_heavy \d(\.\d)?%\.$/,
  );
});

test('nothing changed', (t) => {
  t.is(verdict(llama(2, () => 0)), 'Identical: all 21 common tensors are equal in every value.');
  t.is(
    verdict(llama(2, () => 0, { dtype: 'bf16', newDtype: 'f32' })),
    'Identical values in another dtype (bf16 to f32 in 21 of 21 tensors).',
  );
  t.is(
    verdict([...llama(2, () => 0), { name: 'extra.weight', type: 'added' }]),
    'Identical: all 21 common tensors are equal in every value; 1 tensor added.',
  );
});

test('nothing in common, nothing that can be compared, nothing at all', (t) => {
  t.is(
    verdict([
      { name: 'a.weight', type: 'removed' },
      { name: 'b.weight', type: 'added' },
      { name: 'c.weight', type: 'added' },
    ]),
    'Nothing in common: no name of 1 old tensor is one of 2 new tensors.',
  );
  t.is(
    verdict([{ name: 'a.weight', newShape: [3, 3] }]),
    'Nothing could be compared: of 1 common tensor, 1 with another shape and 0 that failed.',
  );
  t.is(verdict([]), 'Nothing to compare: no tensor on either side.');
  const { summary, pattern } = analyze(buildComparison([{ name: 'a.weight', type: 'removed' }]));
  t.is(summary.band, 'replaced');
  t.is(pattern, null);
});

test('NaN comes first, whatever else there is to say', (t) => {
  const sketches = llama(4, () => 0.02).map((sketch) =>
    /layers\.[23]\.mlp\.down/.test(sketch.name) ? { ...sketch, nanNew: 7 } : sketch,
  );
  t.regex(
    verdict(sketches),
    /^NaN or Inf appeared in 2 of 39 tensors \(0\.0044% of the elements\), first in model\.layers\.2\.mlp\.down_proj\.weight; standard dense fine-tune/,
  );
});

test('where nothing finite is left no change is claimed or denied', (t) => {
  const lost = llama(2, () => 0).map((sketch) => ({
    ...sketch,
    type: 'modified' as const,
    change: 0,
    nanNew: (sketch.shape ?? []).reduce((product, size) => product * size, 1),
  }));
  const analysis = analyze(buildComparison(lost));
  t.is(
    analysis.summary.verdict,
    'NaN or Inf appeared in 21 of 21 tensors (100% of the elements), first in model.layers.0.self_attn.q_proj.weight; no finite value changed.',
  );
  t.is(analysis.pattern, null);
});

test('failures and another architecture come last', (t) => {
  const sketches: Sketch[] = [
    ...llama(4, () => 0.02),
    { name: 'x.weight', error: 'bad' },
    { name: 'y.weight', type: 'removed' },
    { name: 'z.weight', newShape: [2, 2] },
  ];
  t.regex(verdict(sketches), /; 1 removed and 1 reshaped; 1 tensor could not be compared\.$/);
});

test('a conversion, a rescaling, replaced weights', (t) => {
  t.is(
    verdict(llama(4, () => 1.66e-3, { dtype: 'f32', newDtype: 'bf16' })),
    'Conversion from f32 to bf16: R = 0.17% is what rounding alone makes (0.17% expected, 99% sure).',
  );
  t.regex(
    verdict(llama(4, () => 0.02, { growth: 0.98, oneMinusCos: 0 })),
    /^Rescaled weights \(R = 2%\): 3\d changed tensors of those measured are the old ones times 0\.980\.$/,
  );
  t.regex(verdict(llama(4, () => Math.SQRT2, { oneMinusCos: 1 })), /^Replaced weights \(R = 141%, cosine /);
});

test('rounding and sparsity are told apart, frozen parts are named', (t) => {
  const bf16 = (changedShare: number): string =>
    verdict(
      llama(4, () => 7e-4, { dtype: 'bf16', changedShare, expectedChanged: 0.21, updateSize: 7e-4 }),
      {},
      true,
    );
  t.regex(
    bf16(0.2),
    /^Trace-sized precision-limited update \(R = 0\.07%\), uniform .*; 80% of the changed tensors' elements kept their value, and rounding to bf16 explains 79%\.$/,
  );
  t.regex(
    bf16(0.02),
    /^Trace-sized element-sparse update \(R = 0\.07%\), sparse .*; 98% of the changed tensors' elements kept their value, where rounding to bf16 explains 79%\.$/,
  );
  t.regex(
    verdict(llama(8, (name) => (name.includes('self_attn') ? 0.05 : 0))),
    /^\w+ partial fine-tune .*, attention_heavy \(>99%\); \d\d% of the elements are in 43 tensors that did not change at all\.$/,
  );
});

test('only norms changed', (t) => {
  t.regex(verdict(llama(4, (name) => (name.includes('norm') ? 0.01 : 0))), / over norms and biases alone /);
});

test('a summary made by hand gets a verdict too', (t) => {
  t.is(new DiffAnalyzer().analyze([], {}).summary.verdict, 'Nothing to compare: no tensor on either side.');
});

test('weights that exploded, turned, or were lost for the greatest part', (t) => {
  t.regex(
    verdict(llama(4, () => 1, { growth: 50, oneMinusCos: 1 })),
    /^Replaced weights \(R = 100%, cosine .*\): no resemblance in 39 common tensors; the weights are 50× as large as before\.$/,
  );
  t.regex(
    verdict(llama(4, () => 1.96, { oneMinusCos: 1.93 })),
    /^Reversed weights \(R = 196%, cosine -0\.9\d+\): they point the other way/,
  );
  const lost = llama(4, () => 0.5).map((sketch) => ({
    ...sketch,
    nanNew: 0.9 * (sketch.shape ?? []).reduce((product, size) => product * size, 1),
  }));
  t.regex(
    verdict(lost),
    /^NaN or Inf appeared in 39 of 39 tensors \(90% of the elements\), .*; in the few values that are finite R = 50%\.$/,
  );
});
