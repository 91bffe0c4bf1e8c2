import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import { DiffAnalyzer } from '../../src/original/diff-analyzer.ts';
import type { TensorColumns } from '../../src/comparison/columns.ts';
import type { ParameterDiff } from '../../src/comparison/rows.ts';
import { CHANGE_TYPES } from '../../src/comparison/columns.ts';
import { compareCodeUnits } from '../../src/names/order.ts';
import { buildComparison, llama, type Sketch } from './build.ts';

/** The same comparison as objects, as `diffs` lists it. */
function toDiffs(columns: TensorColumns, withUnchanged = true): ParameterDiff[] {
  const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
  const diffs = columns.names.map((name, row) => ({
    name,
    changeType: CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged',
    l2Diff: known(columns.l2Diff[row]),
    relativeChange: known(columns.relativeChange[row]),
    symmetricChange: known(columns.symmetricChange[row]),
    oneMinusCos: known(columns.oneMinusCos[row]),
    bitChanged: known(columns.bitChanged[row]),
    oldNorm: known(columns.old.norm[row]),
    newNorm: known(columns.new.norm[row]),
    totalElements: columns.totalElements[row] ?? 0,
    identical: columns.identical[row] === 1,
    oldInfo: {
      name,
      shape: columns.old.shape[row] ?? [],
      dtype: columns.old.dtype[row] ?? '',
      mean: known(columns.old.mean[row]),
      std: known(columns.old.std[row]),
      min: known(columns.old.min[row]),
      max: known(columns.old.max[row]),
    },
    newInfo: {
      name,
      shape: columns.new.shape[row] ?? [],
      dtype: columns.new.dtype[row] ?? '',
      mean: known(columns.new.mean[row]),
      std: known(columns.new.std[row]),
      min: known(columns.new.min[row]),
      max: known(columns.new.max[row]),
    },
  })) as Partial<ParameterDiff>[] as ParameterDiff[];
  return withUnchanged ? diffs : diffs.filter(({ changeType }) => changeType !== 'unchanged');
}

/** In the order of their names, as every comparison has its rows. */
function sort(sketches: readonly Sketch[]): Sketch[] {
  return [...sketches].sort((a, b) => compareCodeUnits(a.name, b.name));
}

const sketches = sort(llama(6, (name) => (name.includes('self_attn') ? 0.03 : name.includes('norm') ? 0 : 0.01)));

test('columns and objects give the same analysis', (t) => {
  const { columns, summary } = buildComparison(sketches);
  const { tensors: _, ...rest } = summary;
  const analyzer = new DiffAnalyzer();
  t.deepEqual(analyzer.analyze(toDiffs(columns), rest), analyzer.analyze([], summary));
});

test('with columns the analysis does not depend on what is listed', (t) => {
  const comparison = buildComparison(sketches);
  const { columns, summary } = comparison;
  const analyzer = new DiffAnalyzer();
  const all = analyzer.analyze(toDiffs(columns, true), summary);
  t.deepEqual(analyzer.analyze(toDiffs(columns, false), summary), all);
  t.deepEqual(analyze(comparison), all);
  t.is(all.summary.tensors.identical, 13);
});

test('the map by layer type: five types always, positions among the embeddings, others where they occur', (t) => {
  const { layerAnalysis } = analyze(
    buildComparison([
      ...sketches,
      { name: 'transformer.wpe.weight', change: 0.5 },
      { name: 'model.layers.0.mlp.router.weight', change: 0.2 },
    ]),
  );
  t.deepEqual(Object.keys(layerAnalysis).sort(), ['attention', 'embedding', 'mlp', 'norm', 'output', 'router']);
  t.is(layerAnalysis['attention']?.count, 24);
  t.true(Math.abs((layerAnalysis['attention']?.avgChange ?? 0) - 0.03) < 1e-12);
  t.true(Math.abs((layerAnalysis['attention']?.totalChange ?? 0) - 0.72) < 1e-9);
  t.is(layerAnalysis['norm']?.count, 0);
  t.true(layerAnalysis['embedding']?.layers.includes('transformer.wpe.weight'));
  t.is(layerAnalysis['embedding']?.maxChange, 0.5);
});

test('averages are weighted by size unless asked otherwise', (t) => {
  const uneven: Sketch[] = [
    { name: 'a.mlp.fc1.weight', shape: [1000, 1000], change: 0.01 },
    { name: 'a.mlp.fc2.weight', shape: [10, 10], change: 0.5 },
  ];
  const weighted = analyze(buildComparison(uneven)).layerAnalysis['mlp'];
  const plain = analyze(buildComparison(uneven), { normalizeBySize: false }).layerAnalysis['mlp'];
  t.true((weighted?.avgChange ?? 1) < 0.02);
  t.is(plain?.avgChange, 0.255);
});

test('user patterns decide the types; names from files and from users are never read as prototypes', (t) => {
  const { layerAnalysis } = analyze(
    buildComparison([...sketches, { name: '__proto__', change: 0.1 }, { name: 'constructor.weight', change: 0.1 }]),
    { layerPatterns: { ['__proto__']: 'q_proj', special: /k_proj/ } },
  );
  t.is(layerAnalysis['special']?.count, 6);
  t.is(Object.getPrototypeOf(layerAnalysis), null);
  t.is(Object.entries(layerAnalysis).length >= 6, true);
  t.is(({} as Record<string, unknown>)['count'], undefined);
});

test('totals: R over matrices, cosine, what kept its value', (t) => {
  const { summary } = analyze(
    buildComparison(
      llama(4, (name) => (name.includes('norm') ? 0.9 : 0.02)).map((sketch) => ({ ...sketch, changedShare: 0.75 })),
    ),
  );
  t.true(Math.abs((summary.change ?? 0) - 0.02) < 1e-12, 'norms do not count');
  t.true(Math.abs((summary.cosine ?? 0) - (1 - 0.02 ** 2 / 2)) < 1e-9);
  t.true(Math.abs((summary.unchangedShare ?? 0) - 0.25) < 1e-9);
  t.is(summary.band, 'standard');
});

test('the cosine of nearly parallel weights is not lost to cancellation', (t) => {
  const { summary, insights } = analyze(buildComparison(llama(4, () => 1e-7)));
  const oneMinusCos = insights.find(({ category }) => category === 'magnitude')?.evidence['oneMinusCos'] as number;
  t.true(Math.abs(oneMinusCos / 5e-15 - 1) < 1e-3, `${oneMinusCos}`);
  t.true((summary.cosine ?? 0) > 0.999999);
});

test('unclassified tensors are named', (t) => {
  const { summary } = analyze(buildComparison([...sketches, { name: 'mystery.weight', change: 0.01 }]));
  t.deepEqual(summary.unclassified, ['mystery.weight']);
});

test('depth profile: one point a block, stacks by name', (t) => {
  const { depthProfile } = analyze(buildComparison(llama(4, (_, block) => 0.01 * ((block ?? 0) + 1))));
  t.deepEqual(
    depthProfile.map(({ stack, depth, change }) => [stack, depth, Number(change.toFixed(6))]),
    [0, 1, 2, 3].map((depth) => ['model.layers', depth, 0.01 * (depth + 1)]),
  );
});

test('rankings', (t) => {
  const diffs = toDiffs(
    buildComparison([
      { name: 'b.x.weight', change: 0.2 },
      { name: 'b.x.bias', change: 0.1 },
      { name: 'a.y.weight', change: 0.4 },
      { name: 'c.z.weight', change: 0 },
      { name: 'd', change: 0.2 },
    ]).columns,
  );
  const analyzer = new DiffAnalyzer();
  t.deepEqual(
    analyzer.getMostChangedParameters(diffs, 3).map(({ name }) => name),
    ['a.y.weight', 'b.x.weight', 'd'],
  );
  t.is(analyzer.getMostChangedParameters(diffs).length, 4);
  t.deepEqual(
    analyzer.getLayerChangeRanking(diffs).map(([name, change]) => [name, Number(change.toFixed(9))]),
    [
      ['a.y', 0.4],
      ['b.x', 0.3],
      ['d', 0.2],
    ],
  );
});

test('no NaN and no Infinity leaves the analysis', (t) => {
  const hostile: Sketch[] = [
    { name: 'zero.weight', rms: 0, change: 0 },
    { name: 'empty.weight', shape: [0, 4], change: 0 },
    { name: 'scalar', shape: [], change: 0.1 },
    { name: 'huge.weight', rms: 1e200, change: 0.1 },
    { name: 'nan.weight', nanNew: 4096, type: 'modified' },
    { name: 'failed.weight', error: 'no' },
    { name: 'gone.weight', type: 'removed' },
    ...sketches,
  ];
  for (const list of [hostile, hostile.slice(0, 3), hostile.slice(4, 5), hostile.slice(0, 1), []]) {
    const analysis = analyze(buildComparison(list));
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'number') t.true(Number.isFinite(value), `${path} is ${value}`);
      else if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
    };
    walk(analysis, 'analysis');
  }
});

test('hand-made objects with next to nothing in them', (t) => {
  const analyzer = new DiffAnalyzer();
  const bare = [
    { name: 'a.weight', changeType: 'modified', relativeChange: 0.1 },
    { name: 'b.weight', changeType: 'added' },
    { name: 'c.weight' },
  ] as Partial<ParameterDiff>[] as ParameterDiff[];
  t.notThrows(() => analyzer.analyze(bare, {}));
  t.is(analyzer.analyzeLayerTypes(bare)['other']?.count, 1);
  t.notThrows(() => analyzer.analyze([{}], {}));
});

test('100,000 tensors in a moment', (t) => {
  const names: Sketch[] = [];
  for (let layer = 0; layer < 60; layer += 1) {
    for (const role of ['q', 'k', 'v', 'o'])
      names.push({ name: `model.layers.${layer}.self_attn.${role}_proj.weight`, change: 0.01, dtype: 'bf16' });
    for (let expert = 0; expert < 550; expert += 1)
      for (const role of ['gate', 'up', 'down'])
        names.push({
          name: `model.layers.${layer}.mlp.experts.${expert}.${role}_proj.weight`,
          change: 0.01 * (1 + (expert % 7) / 20),
          dtype: 'bf16',
        });
  }
  const comparison = buildComparison(names);
  const start = process.cpuUsage();
  const analysis = analyze(comparison);
  const { user, system } = process.cpuUsage(start);
  t.true(names.length > 99_000);
  t.is(analysis.changePattern, 'uniform');
  // 1.5 s on an idle core; ten times that were seen on a crowded machine. How it grows is a test of its own (scale.test.ts).
  t.true((user + system) / 1e6 < 45, `${(user + system) / 1e6} s of processor time`);
});

test('what is asked of a list is answered from that list alone', (t) => {
  const comparison = buildComparison(sort(llama(6, (name) => (name.includes('self_attn') ? 0.03 : 0))));
  const analyzer = new DiffAnalyzer();
  const [listed, all] = [comparison.diffs, comparison.rows({ unchanged: true })];
  t.is(listed.length, 24);
  t.is(analyzer.detectChangePattern(listed), 'uniform', 'it does not know of tensors that are not listed');
  t.is(analyzer.detectChangePattern(all), 'attention_heavy');
  t.is(analyzer.detectChangePattern([...listed]), 'uniform');
  t.is(analyzer.detectChangePattern(structuredClone(all)), 'attention_heavy');
  t.deepEqual(analyzer.analyzeLayerTypes(all), analyze(comparison).layerAnalysis);
});

test('the overall cosine of weights that grew', (t) => {
  const [growth, cosine] = [1.2, 0.9];
  const change = Math.sqrt(1 + growth ** 2 - 2 * growth * cosine) / growth;
  const { summary } = analyze(buildComparison(llama(4, () => change, { growth, oneMinusCos: 1 - cosine })));
  t.true(Math.abs((summary.cosine ?? 0) - cosine) < 1e-12, `${summary.cosine}`);
});
