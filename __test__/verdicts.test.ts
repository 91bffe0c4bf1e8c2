/** What is said of really trained checkpoints: each was trained as its name says (examples/tiny-gpt/README.md). */
import test from 'ava';
import { DiffAnalyzer, compareCheckpoints } from 'model-diff';
import type { Analysis, DiffSummary } from 'model-diff';

const examples = new URL('../examples/tiny-gpt/', import.meta.url).pathname;

async function analyze(old: string, tuned: string): Promise<{ analysis: Analysis; summary: DiffSummary }> {
  const { diffs, summary } = await compareCheckpoints(examples + old, examples + tuned);
  return { analysis: new DiffAnalyzer().analyze(diffs, summary), summary };
}

const VERDICTS: readonly (readonly [checkpoint: string, pattern: string, band: string, verdict: RegExp])[] = [
  ['sft', 'uniform', 'strong', /^Strong dense fine-tune \(R = 5\.7%\), uniform/u],
  ['sft-sharded', 'uniform', 'strong', /^Strong dense fine-tune \(R = 5\.7%\), uniform/u],
  [
    'lora-merged',
    'attention_heavy',
    'strong',
    /partial fine-tune .*attention_heavy .*84% of the elements are in 45 tensors that did not change/u,
  ],
  ['frozen-bottom', 'focused', 'strong', /partial fine-tune .*50% of the elements are in 28 tensors that did not change/u],
  ['attention-only', 'attention_heavy', 'standard', /partial fine-tune/u],
  ['mlp-only', 'mlp_heavy', 'strong', /partial fine-tune/u],
  ['embedding-only', 'embedding_heavy', 'standard', /partial fine-tune/u],
  ['last-layer', 'focused', 'standard', /partial fine-tune/u],
  ['layer-decay', 'inverse_gradient', 'strong', /^Strong dense fine-tune/u],
  ['cpt', 'uniform', 'heavy', /the size of continued pre-training/u],
  ['continue-0100', 'uniform', 'standard', /^Standard dense fine-tune/u],
  ['rl-steps', 'uniform', 'trace', /^Trace-sized precision-limited update .*rounding to bf16 explains 98%/u],
  ['sft-resized', 'uniform', 'strong', /2 reshaped/u],
];

for (const [checkpoint, pattern, band, verdict] of VERDICTS) {
  test(`base to ${checkpoint}: ${pattern}, ${band}`, async (t) => {
    const { analysis } = await analyze('base', checkpoint);
    t.is(analysis.changePattern, pattern as never);
    t.is(analysis.summary.band, band as never);
    t.regex(analysis.summary.verdict, verdict);
    t.false(analysis.pattern?.ambiguous);
  });
}

test('a change of the dtype is told as rounding', async (t) => {
  const { analysis } = await analyze('base-f32', 'base');
  t.regex(analysis.summary.verdict, /^Conversion from f32 to bf16: R = 0\.17% is what rounding alone makes/u);
});

test('the same weights in another layout, format or shard are identical', async (t) => {
  for (const [one, other] of [
    ['sft', 'sft-sharded'],
    ['base', 'base-pt'],
    ['sft-pt', 'sft'],
  ] as const) {
    const { analysis, summary } = await analyze(one, other);
    t.is(summary.identicalParameters, 57);
    t.is(analysis.summary.band, 'identical');
    t.regex(analysis.summary.verdict, /identical/iu);
  }
});

test('a run that diverged is told first of all', async (t) => {
  const { analysis } = await analyze('base', 'diverge-5');
  t.regex(analysis.summary.verdict, /^NaN or Inf appeared in 5 of 57 tensors/u);
  t.true(analysis.insights.some((insight) => insight.category === 'stability' && insight.severity === 'critical'));
});

test('the expected changed fraction is that of the stored weights, within .01', async (t) => {
  // In a full fine-tune every weight was updated, so that what did not change is rounding: measured and expected agree.
  for (const checkpoint of ['sft', 'cpt', 'continue-0300']) {
    const { summary } = await analyze('base', checkpoint);
    const { tensors } = summary;
    const expected = tensors?.rounding?.expectedChanged ?? new Float64Array();
    let [seen, hoped, elements] = [0, 0, 0];
    for (const [row, name] of (tensors?.names ?? []).entries()) {
      if (!name.includes('.layers.') || name.includes('norm')) continue;
      const size = tensors?.totalElements[row] ?? 0;
      seen += tensors?.bitChanged[row] ?? Number.NaN;
      hoped += (expected[row] ?? Number.NaN) * size;
      elements += size;
    }
    t.true(Math.abs(seen - hoped) / elements < 0.01, `${checkpoint}: ${seen / elements} of ${hoped / elements}`);
  }
});

test('fast sums of trained weights are those of double to 1e-7', async (t) => {
  for (const [old, tuned] of [
    ['base', 'sft'],
    ['base-f32', 'sft-f32'],
    ['base', 'cpt'],
  ] as const) {
    const [fast, double] = await Promise.all(
      (['fast', 'double'] as const).map((precision) => compareCheckpoints(examples + old, examples + tuned, { precision })),
    );
    for (const key of ['l2Diff', 'l1Diff', 'relativeChange', 'symmetricChange', 'oldNorm', 'newNorm'] as const) {
      for (const [row, diff] of (fast?.diffs ?? []).entries()) {
        const exact = double?.diffs[row]?.[key] ?? Number.NaN;
        t.true(
          Math.abs((diff[key] ?? Number.NaN) - exact) <= 1e-7 * exact,
          `${tuned} ${diff.name}: ${key} ${diff[key]} of ${exact}`,
        );
      }
    }
  }
});

test('an embedding with new rows: the common rows are compared, the new ones described', async (t) => {
  const { summary, analysis } = await analyze('base', 'sft-resized');
  const diff = summary.resized?.find(({ name }) => name === 'model.embed_tokens.weight');
  t.like(diff, { oldRows: 68, newRows: 76, commonRows: 68, identical: false });
  t.true((diff?.relativeChange ?? 0) > 0.01 && (diff?.relativeChange ?? 1) < 0.1);
  t.true((diff?.restRms ?? 0) > 0 && (diff?.restRms ?? 1) < (diff?.commonRms ?? 0));
  t.true(analysis.insights.some(({ description }) => /68 common rows changed by/u.test(description)));
  const back = (await analyze('sft-resized', 'base')).summary.resized?.find(({ name }) => name === 'lm_head.weight');
  t.like(back, { oldRows: 76, newRows: 68, commonRows: 68 });
});
