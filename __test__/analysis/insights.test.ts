import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import type { AnalysisConfig, TrainingInsight } from '../../src/analysis/types.ts';
import type { DiffSummary } from '../../src/comparison/summary.ts';
import { buildComparison, llama, type Sketch } from './build.ts';

function explain(
  sketches: readonly Sketch[],
  extra: Partial<DiffSummary> = {},
  config: AnalysisConfig = {},
  withRounding = false,
): readonly TrainingInsight[] {
  return analyze(buildComparison(sketches, extra, withRounding), config).insights;
}

function find(insights: readonly TrainingInsight[], title: string): TrainingInsight | undefined {
  return insights.find((insight) => insight.title === title);
}

const plain = llama(6, () => 0.01);

test('an ordinary fine-tune says its size and nothing alarming', (t) => {
  const insights = explain(plain);
  t.deepEqual(
    insights.map(({ code, title, severity }) => [code, title, severity]),
    [['size', 'Light Change', 'info']],
  );
  t.like(insights[0]?.evidence, { band: 'light', tensors: 44 });
  t.regex(insights[0]?.description ?? '', /^The matrices changed by 1% as a whole .* Changes of 0\.2% to 1\.5% are seen in /);
});

test('size: of weights where no matrix changed, and only where they were trained', (t) => {
  const size = (sketches: readonly Sketch[]): TrainingInsight | undefined =>
    explain(sketches).find(({ code }) => code === 'size');
  t.regex(
    size(llama(4, (name) => (name.includes('norm') ? 0.01 : 0)))?.description ?? '',
    /^The weights changed by .* Changes below 0\.2%/,
  );
  t.regex(size(llama(4, () => 0.4))?.description ?? '', / Changes of 25% and more are seen in /);
  t.is(size(llama(4, () => 0.02, { growth: 0.98, oneMinusCos: 0 })), undefined, 'scaled');
  t.is(size(llama(4, () => 1.4, { oneMinusCos: 1 })), undefined, 'replaced');
  t.is(size(llama(4, () => 0)), undefined, 'identical');
});

test('NaN that appeared is critical and comes first; NaN on both sides is told apart', (t) => {
  const sketches = plain.map((sketch) => (sketch.name.includes('layers.3.mlp.up') ? { ...sketch, nanNew: 5 } : sketch));
  const [first] = explain(sketches);
  t.like(first, { title: 'NaN or Inf Appeared', severity: 'critical', category: 'stability' });
  t.like(first?.evidence, { tensors: 1, nan: 5, first: ['model.layers.3.mlp.up_proj.weight'] });
  const both = explain(plain.map((sketch, row) => (row === 3 ? { ...sketch, nanOld: 5, nanNew: 5 } : sketch)));
  t.is(find(both, 'NaN or Inf Appeared'), undefined);
  t.is(find(both, 'NaN or Inf Were There Before')?.severity, 'info');
});

test('Inf that a conversion to f16 made is told as its overflow, not as divergence', (t) => {
  const convert = (overflow: Partial<Sketch>): Sketch[] =>
    plain.map((sketch, row) => ({
      ...sketch,
      change: 2 ** -12.24,
      dtype: 'f32',
      newDtype: 'f16',
      ...(row === 3 ? overflow : {}),
    }));
  const name = plain[3]?.name ?? '';
  const insights = explain(convert({ infNew: 2, largest: 70_000 }));
  const [first] = insights;
  t.like(first, { title: 'Values Overflowed in the Conversion to f16', severity: 'critical', category: 'stability' });
  t.is(
    first?.description,
    `2 values in 1 of ${plain.length} tensors became Inf: f16 ends at 65,504, and the f32 weights reach 70,000 (${name}). Nothing else changed there beyond rounding, so the conversion did it and not the training; bf16 would hold these values.`,
  );
  t.like(first?.evidence, {
    from: 'f32',
    to: 'f16',
    became: 'Inf',
    elements: 2,
    largestOld: 70_000,
    limit: 65_504,
    first: [name],
  });
  t.is(find(insights, 'NaN or Inf Appeared'), undefined);
  const trained = {
    'no value was too large': convert({ infNew: 2, largest: 60_000 }),
    'NaN came too': convert({ infNew: 2, nanNew: 1, largest: 70_000 }),
    'more than rounding changed': convert({ infNew: 2, largest: 70_000, change: 0.01 }),
    'the dtype is the same': convert({ infNew: 2, largest: 70_000, newDtype: 'f32' }),
  };
  for (const [why, sketches] of Object.entries(trained)) {
    t.is(find(explain(sketches), 'Values Overflowed in the Conversion to f16'), undefined, why);
    t.like(find(explain(sketches), 'NaN or Inf Appeared')?.evidence, { tensors: 1, inf: 2 }, why);
  }
});

test('tensors that could not be compared', (t) => {
  const insights = explain([...plain, { name: 'model.extra.weight', error: 'unsupported dtype' }]);
  t.deepEqual(find(insights, 'Tensors Could Not Be Compared')?.evidence['examples'], [
    ['model.extra.weight', 'unsupported dtype'],
  ]);
});

test('what could be weights and was not compared', (t) => {
  const left = { name: 'adapter.bin', kind: 'file', role: 'weights', oldBytes: 3, newBytes: null, same: null } as const;
  const insight = explain(plain, { leftOut: [left, { ...left, name: 'state.bin', role: 'state' }] }).find(
    ({ code }) => code === 'left_out',
  );
  t.like(insight, { severity: 'warning', evidence: { count: 1, oneSided: 1, names: ['adapter.bin'] } });
  t.is(
    explain(plain, { leftOut: [{ ...left, newBytes: 3, same: true }] }).find(({ code }) => code === 'left_out'),
    undefined,
  );
});

test('growth and turns that have another explanation are not alarming', (t) => {
  const alarming = (sketches: readonly Sketch[]): string[] =>
    explain(sketches)
      .filter(({ severity }) => severity !== 'info')
      .map(({ code }) => code);
  t.deepEqual(alarming(llama(6, () => 2 / 3, { growth: 3, oneMinusCos: 0 })), [], 'scaled');
  t.deepEqual(alarming(llama(6, () => 2, { oneMinusCos: 2 })), [], 'signs changed');
});

test('at most six are told beside what is wrong', (t) => {
  const many = explain(
    llama(12, (name, block) =>
      name.includes('embed')
        ? 0.5
        : name.includes('norm')
          ? 0
          : name.includes('4.mlp.up')
            ? 0.2
            : (block ?? 0) % 3 === 0
              ? 0
              : 0.02,
    ).map((sketch, row) => (row === 9 ? { ...sketch, nanNew: 1 } : sketch)),
    { configChanges: [{ key: 'x', old: 1, new: 2 }] },
  );
  t.true(many.length <= 6 + many.filter(({ severity }) => severity !== 'info').length);
  t.is(many[0]?.code, 'non_finite_appeared');
});

test('growth of many norms, not of one', (t) => {
  t.is(find(explain(plain.map((sketch) => ({ ...sketch, growth: 1.6, change: 0.4 }))), 'Weights Grew')?.severity, 'warning');
  t.is(find(explain(llama(6, () => 1, { growth: 20, oneMinusCos: 1 })), 'Weights Exploded')?.severity, 'critical');
  t.is(
    find(explain(llama(6, () => 1.6, { growth: 1.6, oneMinusCos: 1 })), 'Weights Grew'),
    undefined,
    'unrelated weights need not be of one size',
  );
  t.is(
    find(explain(plain.map((sketch, row) => (row === 4 ? { ...sketch, growth: 3, change: 0.7 } : sketch))), 'Weights Grew'),
    undefined,
  );
});

test('directions: a tenth of the matrices below 0.9 warns, below 0.5 is critical unless the whole change is heavy', (t) => {
  const turn = (share: number, oneMinusCos: number, change: number): Sketch[] =>
    llama(10, () => 0.01).map((sketch, row) => (row % Math.round(1 / share) === 0 ? { ...sketch, oneMinusCos, change } : sketch));
  t.is(find(explain(turn(0.2, 0.2, 0.05)), 'Significant Weight Direction Changes')?.severity, 'warning');
  t.is(find(explain(turn(0.02, 0.2, 0.05)), 'Significant Weight Direction Changes'), undefined);
  t.is(find(explain(turn(0.2, 0.6, 0.15)), 'Weight Directions Lost')?.severity, 'critical');
  t.is(find(explain(llama(6, () => 0.9, { oneMinusCos: 0.6 })), 'Significant Weight Direction Changes')?.severity, 'warning');
});

test('architecture, resized embeddings, and ties that came apart', (t) => {
  const resized = explain(plain.map((sketch) => (sketch.name.includes('embed') ? { ...sketch, newShape: [1008, 64] } : sketch)));
  t.deepEqual(find(resized, 'Embedding Resized')?.evidence, {
    tensor: 'model.embed_tokens.weight',
    oldRows: 1000,
    newRows: 1008,
  });
  t.is(find(resized, 'Model Architecture Changed')?.severity, 'warning');
  const reshaped = explain(plain.map((sketch) => (sketch.name.includes('embed') ? { ...sketch, newShape: [1000, 32] } : sketch)));
  t.is(find(reshaped, 'Embedding Resized'), undefined);
  const untied = explain(
    plain.map((sketch) => (sketch.name === 'lm_head.weight' ? { ...sketch, type: 'added' as const, rms: 0.03 } : sketch)),
  );
  t.like(find(untied, 'Tied Weights Came Apart'), { severity: 'warning', category: 'architecture' });
  const spelledOut = explain(
    plain.map((sketch) => (sketch.name === 'lm_head.weight' ? { ...sketch, type: 'added' as const } : sketch)),
  );
  t.is(find(spelledOut, 'Tied Weights Came Apart'), undefined, 'a head that equals the embedding is still tied');
  const apart = explain(plain.map((sketch) => (sketch.name === 'lm_head.weight' ? { ...sketch, growth: 1.01 } : sketch)));
  t.is(find(apart, 'Tied Weights Came Apart')?.confidence, 0.99);
});

test('elements kept: where fewer changed than rounding lets change, and no explanation has said why', (t) => {
  const update = (changedShare: number, expectedChanged: number, rest: Partial<Sketch> = {}): TrainingInsight | undefined =>
    explain(
      llama(6, () => 7e-4, { dtype: 'bf16', changedShare, expectedChanged, updateSize: 7e-4, ...rest }),
      {},
      {},
      true,
    ).find(({ code }) => code === 'elements_kept');
  const sparse = update(0.1, 0.21);
  t.is(sparse?.title, 'Only Some Elements Were Updated');
  t.true(sparse?.description.includes('90%'));
  t.like(sparse?.evidence, { isApproximate: false, dtypes: ['bf16'] });
  t.true(Math.abs((sparse?.evidence['ratio'] as number) - 0.1 / 0.21) < 1e-3);
  t.is(update(0.2, 0.21), undefined, 'rounding, which the first line says');
  t.is(update(0.9, 0.95), undefined, 'dense');
  t.is(update(0.1, 0.21, { roundingShape: 'flat' }), undefined, 'a mask, which the first line says');
});

test('frozen parts as a set, with their share of the elements', (t) => {
  const frozen = explain(llama(8, (name, block) => (name.includes('embed') || (block !== null && block < 5) ? 0 : 0.01)));
  const parts = frozen.find(({ category }) => category === 'training_config');
  t.is(parts?.evidence['where'], 'blocks 0–4 and embed_tokens');
  t.is(explain(plain).filter(({ category }) => category === 'training_config').length, 0);
  t.is(
    explain(llama(4, () => 0)).filter(({ category }) => category === 'training_config').length,
    0,
    'nothing changed is not freezing',
  );
});

test('norms whose change rounding would hide are not called frozen', (t) => {
  const rows = (update: number): Sketch[] =>
    llama(6, (name) => (name.includes('norm') ? 0 : 0.001)).map((sketch) =>
      sketch.name.includes('norm')
        ? { ...sketch, dtype: 'bf16', rms: 1.001, mean: 1 }
        : { ...sketch, dtype: 'bf16', changedShare: 0.3, expectedChanged: 0.3, updateSize: update },
    );
  const hidden = explain(rows(1e-3), {}, {}, true).find(({ category }) => category === 'training_config');
  t.is(hidden?.evidence['where'] ?? null, null);
  const visible = explain(rows(0.5), {}, {}, true).find(({ category }) => category === 'training_config');
  t.is(visible?.evidence['where'], 'all norms');
});

test('a layer type stands out from 0.1, or from three times all others', (t) => {
  const attention = (inside: number, outside: number): TrainingInsight | undefined =>
    find(explain(llama(6, (name) => (name.includes('self_attn') ? inside : outside))), 'Attention Layers Changed Significantly');
  t.truthy(attention(0.12, 0.09));
  t.is(attention(0.02, 0.01), undefined);
  t.truthy(attention(0.05, 0.01));
  t.truthy(find(explain(plain, {}, { significantChangeThreshold: 0.005 }), 'All Layer Types Changed Significantly'));
});

test('tensors out of line with the same tensor of other blocks', (t) => {
  const one = explain(llama(12, (name) => (name === 'model.layers.4.mlp.up_proj.weight' ? 0.08 : 0.01)));
  t.deepEqual(
    ((find(one, 'Tensors Out of Line')?.evidence['tensors'] ?? []) as unknown[][]).map(([name]) => name),
    ['model.layers.4.mlp.up_proj.weight'],
  );
  t.is(
    find(explain(llama(12, (_, block) => 0.01 * 1.5 ** (block ?? 0))), 'Tensors Out of Line'),
    undefined,
    'a trend over depth is no outlier',
  );
});

test('experts that learned unequally', (t) => {
  const model = (size: (expert: number) => number): Sketch[] =>
    Array.from({ length: 4 }, (_, block) =>
      Array.from({ length: 8 }, (__, expert) => ({
        name: `model.layers.${block}.mlp.experts.${expert}.up_proj.weight`,
        change: size(expert),
      })),
    ).flat();
  t.truthy(find(explain(model((expert) => (expert < 2 ? 0.05 : 0.004))), 'Experts Changed Unequally'));
  t.is(find(explain(model(() => 0.01)), 'Experts Changed Unequally'), undefined);
});

test('configuration keys that alter the computation warn, others are counted', (t) => {
  const insight = find(
    explain(plain, {
      configChanges: [
        { key: 'rope_theta', old: 10_000, new: 500_000 },
        { key: 'transformers_version', old: '4.1', new: '4.2' },
      ],
    }),
    'Configuration Changed',
  );
  t.is(insight?.severity, 'warning');
  t.true(insight?.description.includes('rope_theta 10000 to 500000'));
  t.is(insight?.evidence['other'], 1);
  t.is(
    find(explain(plain, { configChanges: [{ key: 'transformers_version', old: '4.1', new: '4.2' }] }), 'Configuration Changed')
      ?.severity,
    'info',
  );
});

test('without dynamics neither pattern nor insights on it', (t) => {
  const analysis = analyze(buildComparison(plain), { analyzeTrainingDynamics: false });
  t.is(analysis.changePattern, null);
  t.is(analysis.pattern, null);
  t.deepEqual(
    analysis.insights.filter(({ category }) => category === 'training_dynamics'),
    [],
  );
  t.true(analysis.summary.verdict.length > 0);
});

test('evidence is plain data, and every insight has a title, words and a known severity', (t) => {
  for (const insight of [
    ...explain(plain.map((sketch, row) => (row === 2 ? { ...sketch, nanNew: 1 } : sketch))),
    ...explain(llama(4, () => 0.9)),
  ]) {
    t.deepEqual(JSON.parse(JSON.stringify(insight.evidence)), insight.evidence);
    t.true(insight.title.length > 3 && insight.description.endsWith('.'));
    t.true(['info', 'warning', 'critical'].includes(insight.severity));
    t.true(insight.confidence === undefined || (insight.confidence > 0 && insight.confidence <= 1));
  }
});
