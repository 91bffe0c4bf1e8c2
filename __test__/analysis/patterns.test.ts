import test from 'ava';
import { generateCase, LABELS } from '../../benches/analysis/generate.ts';
import { decide, rate } from '../../benches/analysis/measure.ts';
import { simulate } from '../../benches/analysis/simulate.ts';
import { DiffAnalyzer } from '../../src/original/diff-analyzer.ts';
import { detectPattern } from '../../src/analysis/patterns/detect.ts';
import { readRows } from '../../src/analysis/rows.ts';
import type { ChangePattern, PatternResult } from '../../src/analysis/types.ts';
import type { TensorRow } from '../../src/analysis/tensor-row.ts';
import { columnsFromRows, type PartialRow } from '../../src/comparison/from-rows.ts';
import type { ParameterDiff } from '../../src/comparison/rows.ts';
import { buildColumns, llama, type Sketch } from './build.ts';

/** Differences as the tests of the Python package make them: a name and a relative change. */
function diffs(changes: Readonly<Record<string, number>>): ParameterDiff[] {
  return Object.entries(changes).map(
    ([name, relativeChange]) =>
      ({ name, changeType: 'modified', relativeChange, totalElements: 100 }) as Partial<ParameterDiff> as ParameterDiff,
  );
}

function readList(list: readonly PartialRow[]): TensorRow[] {
  return readRows(columnsFromRows(list), null);
}

/** As {@link readList}, where rounding hides nothing. */
function readUnrounded(list: readonly PartialRow[]): TensorRow[] {
  const columns = columnsFromRows(list);
  const rounding = {
    expectedChanged: new Float64Array(columns.names.length).fill(1),
    updateSize: new Float64Array(columns.names.length).fill(Number.NaN),
    shape: new Uint8Array(columns.names.length),
  };
  return readRows({ ...columns, rounding }, null);
}

function layers(changes: readonly number[]): Readonly<Record<string, number>> {
  return Object.fromEntries(changes.map((change, index) => [`model.layer.${index}.weight`, change]));
}

function detect(sketches: readonly Sketch[]): PatternResult {
  return detectPattern(readRows(buildColumns(sketches), null));
}

function isAttention(name: string): boolean {
  return name.includes('self_attn');
}

test('the pattern tests of the Python package', (t) => {
  const analyzer = new DiffAnalyzer();
  const find = (changes: Readonly<Record<string, number>>): ChangePattern => {
    const list = diffs(changes);
    return analyzer.detectChangePattern(list, analyzer.analyzeLayerTypes(list));
  };
  t.is(
    find({ 'model.attention.q_proj.weight': 0.8, 'model.attention.k_proj.weight': 0.7, 'model.mlp.fc1.weight': 0.1 }),
    'attention_heavy',
  );
  t.is(find({ 'model.attention.q_proj.weight': 0.1, 'model.mlp.fc1.weight': 0.8, 'model.mlp.fc2.weight': 0.7 }), 'mlp_heavy');
  t.is(find(layers([0.9, 0.7, 0.5, 0.3, 0.1])), 'gradient');
  t.is(find(layers([0.1, 0.2, 0.4, 0.6, 0.9])), 'inverse_gradient');
  t.is(analyzer.detectChangePattern([], {}), 'sparse');
  const unchanged = {
    name: 'layer.weight',
    changeType: 'unchanged',
    relativeChange: 0,
    totalElements: 100,
  } as Partial<ParameterDiff> as ParameterDiff;
  t.is(analyzer.detectChangePattern([unchanged]), 'sparse');
  t.true(analyzer.explainChangePattern([unchanged]).identical);
});

test('what the Python package called sparse at every size', (t) => {
  for (const size of [0.03, 0.001]) t.is(detect(llama(8, () => size)).pattern, 'uniform');
  t.is(detect(llama(8, (name) => (isAttention(name) ? 0.03 : 0))).pattern, 'attention_heavy');
  t.is(detect(llama(12, (_, block) => (block !== null && block >= 8 ? 0.03 : 0))).pattern, 'focused');
});

test('LoRA on q and v is a matter of attention, one edited matrix is sparse, a frozen half is focused', (t) => {
  t.is(detect(llama(8, (name) => (/q_proj|v_proj/.test(name) ? 0.02 : 0))).pattern, 'attention_heavy');
  t.is(detect(llama(24, (name) => (name === 'model.layers.7.mlp.down_proj.weight' ? 0.05 : 0))).pattern, 'sparse');
  t.is(detect(llama(6, (_, block) => (block !== null && block >= 3 ? 0.05 : 0))).pattern, 'focused');
  t.is(detect(llama(8, (name) => (name === 'lm_head.weight' ? 0.05 : 0))).pattern, 'focused');
  t.is(detect(llama(8, (name) => (name.includes('embed') ? 0.05 : 0))).pattern, 'embedding_heavy');
});

test('a masked update is sparse, a rounded one is not', (t) => {
  const masked = llama(8, () => 0.01).map((sketch) => ({ ...sketch, changedShare: 0.1 }));
  t.is(detect(masked).pattern, 'sparse');
  const rounded = llama(8, () => 5e-4).map((sketch) => ({ ...sketch, changedShare: 0.16, dtype: 'bf16' }));
  t.is(detect(rounded).pattern, 'uniform');
});

test('probabilities sum to one, are sorted, and the first is the confidence', (t) => {
  const result = detect(llama(8, (name) => (isAttention(name) ? 0.016 : 0.01)));
  t.is(result.probabilities.length, 8);
  t.true(Math.abs(result.probabilities.reduce((sum, [, share]) => sum + share, 0) - 1) < 1e-12);
  t.deepEqual(
    result.probabilities.map(([, share]) => share),
    result.probabilities.map(([, share]) => share).sort((a, b) => b - a),
  );
  t.deepEqual(result.probabilities[0], [result.pattern, result.confidence]);
  t.true(result.ambiguous, 'a factor of 1.6 is where attention and uniform are equally likely');
  t.false(detect(llama(8, (name) => (isAttention(name) ? 0.05 : 0.01))).ambiguous);
});

test('norms and biases do not vote, unless nothing else changed', (t) => {
  t.is(detect(llama(8, (name) => (name.includes('norm') ? 1.5 : 0.01))).pattern, 'uniform');
  const fallback = detect(llama(8, (name) => (name.includes('norm') ? 0.01 : 0)));
  t.true(fallback.evidence['onlySmallParameters']);
});

test('a trend is stated from three blocks on', (t) => {
  const trend = (_: string, block: number | null): number => 0.01 * 4 ** (block ?? 0);
  t.is(detect(llama(2, trend)).evidence['slope'], null);
  t.is(detect(llama(4, trend)).pattern, 'inverse_gradient');
});

const cases = LABELS.flatMap((label, kind) =>
  Array.from({ length: 6 }, (_, at) => generateCase(label, 900_000 + 1000 * kind + at)),
);

test('invariance: scale', (t) => {
  for (const { diffs: list } of cases) {
    const plain = detectPattern(readList(list));
    for (const factor of [2 ** -20, 1e-3, 1.7]) {
      const scaled = list.map((diff) => ({
        ...diff,
        symmetricChange: (diff.symmetricChange ?? 0) * factor,
        relativeChange: (diff.relativeChange ?? 0) * factor,
        l2Diff: (diff.l2Diff ?? 0) * factor,
      }));
      const result = detectPattern(readUnrounded(scaled));
      const same = detectPattern(readUnrounded(list));
      t.is(result.pattern, plain.pattern);
      if (factor === 2 ** -20) t.deepEqual(result.probabilities, same.probabilities);
      else t.true(Math.abs(result.confidence - same.confidence) < 1e-7);
    }
  }
});

test('invariance: order of tensors, to the last bit', (t) => {
  for (const { diffs: list } of cases) t.deepEqual(detectPattern(readList([...list].reverse())), detectPattern(readList(list)));
});

test('invariance: names of stacks, to the last bit', (t) => {
  for (const { diffs: list } of cases) {
    const renamed = list.map((diff) => ({
      ...diff,
      name: `zoo.${(diff.name ?? '').replace(/^(model|transformer)\.(layers|h)\./, 'other.units.')}`,
    }));
    t.deepEqual(detectPattern(readList(renamed)), detectPattern(readList(list)));
  }
});

test('invariance: unchanged buffers, to the last bit', (t) => {
  for (const { diffs: list } of cases) {
    const buffers = [0, 1, 2].map((index) => ({
      name: `model.layers.${index}.self_attn.rotary_emb.inv_freq`,
      changeType: 'unchanged' as const,
      identical: true,
      totalElements: 64,
      l2Diff: 0,
      oldNorm: 3,
      newNorm: 3,
      symmetricChange: 0,
    }));
    t.deepEqual(detectPattern(readList([...buffers, ...list])), detectPattern(readList(list)));
  }
});

test('the labelled benchmark, a small run of it', (t) => {
  const outcomes = LABELS.flatMap((label, kind) =>
    Array.from({ length: 40 }, (_, at) => decide(generateCase(label, 77_000 + 1000 * kind + at))),
  );
  const quality = rate(outcomes);
  t.true(quality.accuracy >= 0.97, `${quality.accuracy}`);
  for (const [label, accuracy] of quality.byClass) t.true(accuracy >= 0.9, `${label}: ${accuracy}`);
  t.true(quality.calibrationError <= 0.05, `${quality.calibrationError}`);
});

test('the second source of labelled comparisons, a small run of it', (t) => {
  const outcomes = LABELS.flatMap((label, kind) =>
    Array.from({ length: 4 }, (_, at) => {
      const { columns } = simulate(label, 5_000 + 100 * kind + at);
      return { label, found: detectPattern(readRows(columns, null)).pattern };
    }),
  );
  const right = outcomes.filter(({ label, found }) => label === found).length;
  t.true(right >= 0.92 * outcomes.length, `${right} of ${outcomes.length}`);
});

test('thousands of blocks, stacks and tensors stay cheap', (t) => {
  const start = process.cpuUsage();
  const deep = Array.from({ length: 20_000 }, (_, index) => ({
    name: `model.layers.${index}.mlp.up_proj.weight`,
    change: 0.01 + index * 1e-6,
  }));
  t.is(detect(deep).pattern, 'inverse_gradient');
  const wide = Array.from({ length: 20_000 }, (_, index) => ({
    name: `model.tower${Math.floor(index / 4)}.layers.${index % 4}.mlp.up_proj.weight`,
    change: 0.01,
  }));
  t.is(detect(wide).pattern, 'uniform');
  const { user, system } = process.cpuUsage(start);
  t.true((user + system) / 1e6 < 6, `${(user + system) / 1e6} s of processor time`);
});
