/** What is said of really trained checkpoints: each was trained as its name says (examples/tiny-gpt/README.md). */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { DiffAnalyzer, compareCheckpoints } from 'model-diff';
import type { Analysis, DiffSummary } from 'model-diff';
import { FIRST_LINES, TRUE_LINES } from './first-lines.ts';

const examples = fileURLToPath(new URL('../examples/tiny-gpt/', import.meta.url));

async function analyze(old: string, tuned: string): Promise<{ analysis: Analysis; summary: DiffSummary }> {
  const { diffs, summary } = await compareCheckpoints(examples + old, examples + tuned);
  return { analysis: new DiffAnalyzer().analyze(diffs, summary), summary };
}

const ALL = 'Every matrix changed by about the same share:';
const STILL = 'All else is bit-identical.';

/** Sentences in full: no number and no set of them may move unseen. */
const VERDICTS: readonly (readonly [checkpoint: string, pattern: string, band: string, verdict: string])[] = [
  ['sft', 'uniform', 'strong', `${ALL} 5.7%; norms by 0.61%.`],
  ['sft-sharded', 'uniform', 'strong', `${ALL} 5.7%; norms by 0.61%.`],
  ['lora-merged', 'attention_heavy', 'strong', `Only q_proj and v_proj changed, in all 6 blocks, by 28%. ${STILL}`],
  ['frozen-bottom', 'focused', 'strong', `Only blocks 3–5, norm and lm_head changed, by 6.9%. ${STILL}`],
  ['attention-only', 'attention_heavy', 'standard', `Only attention changed, in all 6 blocks, by 7.1%. ${STILL}`],
  ['mlp-only', 'mlp_heavy', 'strong', `Only the MLPs changed, in all 6 blocks, by 7.4%. ${STILL}`],
  ['embedding-only', 'embedding_heavy', 'standard', `Only embed_tokens changed, by 20%. ${STILL}`],
  ['last-layer', 'focused', 'standard', `Only block 5 changed, by 8.7%. ${STILL}`],
  [
    'layer-decay',
    'inverse_gradient',
    'strong',
    'The head changed by 12%, MLPs and attention by 6.2% and embeddings by 0.76%; the last blocks most: 1.4% to 10%.',
  ],
  ['cpt', 'uniform', 'heavy', `${ALL} 31%; norms by 3.6%.`],
  ['continue-0100', 'uniform', 'standard', `${ALL} 1.6%; norms by 0.2%. input_layernorm in block 3 is bit-identical.`],
  [
    'rl-steps',
    'uniform',
    'trace',
    'Every matrix changed, by 0.0013% in all (0.00039% to 0.0025%); 98% of the elements kept their value, as rounding to bf16 alone explains. All norms are bit-identical.',
  ],
  [
    'sft-resized',
    'uniform',
    'strong',
    `${ALL} 5.8%; norms by 0.61%. lm_head and embed_tokens gained 8 rows (68 to 76); the 68 common rows changed by 4.2% and 4.8%. The configuration differs (vocab_size).`,
  ],
];

for (const [checkpoint, pattern, band, verdict] of VERDICTS) {
  test(`base to ${checkpoint}: ${pattern}, ${band}`, async (t) => {
    const { analysis } = await analyze('base', checkpoint);
    t.is(analysis.changePattern, pattern as never);
    t.is(analysis.summary.band, band as never);
    t.is(analysis.summary.verdict, verdict);
    t.false(analysis.pattern?.ambiguous);
  });
}

for (const [old, tuned, line] of FIRST_LINES) {
  test(`first line: ${old} to ${tuned}`, async (t) => {
    const { analysis } = await analyze(old, tuned);
    t.is(analysis.summary.verdict, line);
  });
}

for (const [old, tuned, line] of TRUE_LINES) {
  test(`first line is true: ${old} to ${tuned}`, async (t) => {
    const { analysis } = await analyze(old, tuned);
    t.regex(analysis.summary.verdict, line);
  });
}

test('every example is told', (t) => {
  const told = new Set([
    ...VERDICTS.map(([name]) => name),
    ...[...FIRST_LINES, ...TRUE_LINES].flatMap(([old, tuned]) => [old, tuned]),
  ]);
  const checkpoints = readdirSync(examples)
    .filter((name) => existsSync(`${examples}${name}/config.json`))
    .sort();
  // Another layout, which has a test of its own.
  const elsewhere = ['base-pt'];
  t.deepEqual(
    checkpoints.filter((name) => !told.has(name)),
    elsewhere,
  );
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
  t.regex(analysis.summary.verdict, /^Broken: 5 of 57 tensors contain NaN/u);
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
