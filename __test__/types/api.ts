/** What the declarations of the package promise. Never run: tsc reads it, with two ways to resolve modules. */
import {
  checkRules,
  Checkpoint,
  Comparison,
  DiffAnalyzer,
  ModelDiff,
  analyze,
  compare,
  compareCheckpoints,
  compareSeries,
  createDiffReport,
  loadCheckpoint,
  parseReport,
  renderReport,
} from 'model-diff';
import type {
  Analysis,
  CompareOptions,
  DiffResult,
  Dtype,
  ErrorCode,
  KnownDtype,
  LayerType,
  LimitName,
  ModelDiffError,
  PairMetrics,
  ParameterDiff,
  ReportFormat,
  TensorColumns,
  TensorData,
  TensorInfo,
} from 'model-diff';

/** `true` where both types are one, and not `any`. */
type Same<A, B> = 0 extends 1 & A ? false : [A] extends [B] ? ([B] extends [A] ? true : false) : false;

export async function checkpoints(): Promise<void> {
  await using checkpoint = await loadCheckpoint('model.safetensors', { limits: { tensors: 5 }, includeOptimizer: true });
  using snapshot = Checkpoint.fromTensors({ w: { data: new Float32Array(2), shape: [2] } });
  Checkpoint.fromTensors(new Map([['w', { data: new Uint16Array(2), shape: [2], dtype: 'bf16' }]]));
  for (const [name, info] of checkpoint.tensorInfo) console.log(name.length, info.mean.toFixed(4));
  snapshot.tensorInfo satisfies ReadonlyMap<string, TensorInfo>;

  const narrow = (await checkpoint.getTensor('w', { as: 'f32' })).data;
  void (true satisfies Same<typeof narrow, Float32Array>);
  const wide = (await checkpoint.getTensor('w', { as: 'f64', start: 1, length: 2 })).data;
  void (true satisfies Same<typeof wide, Float64Array>);
  // What was read can be given back.
  const raw: TensorData = await checkpoint.getTensor('w', { as: 'raw' });
  Checkpoint.fromTensors({ raw });

  // @ts-expect-error -- misspelt
  await loadCheckpoint('model.safetensors', { limits: { tensor: 5 } });
  // @ts-expect-error -- misspelt
  await loadCheckpoint('model.safetensors', { signl: new AbortController().signal });
  // @ts-expect-error -- no such elements
  await checkpoint.getTensor('w', { as: 'i8' });
  // @ts-expect-error -- a list of names
  await checkpoint.computeStats('w');
  // @ts-expect-error -- a plain array has no type
  Checkpoint.fromTensors({ w: { data: [1, 2], shape: [2] } });
  // @ts-expect-error -- checkpoints are opened
  void new Checkpoint();
  // @ts-expect-error -- the binding is not public
  void checkpoint.native;
  // @ts-expect-error -- read-only
  checkpoint.path = 'elsewhere';
}

export async function comparisons(options: CompareOptions): Promise<void> {
  const comparison = await compare('base/', { w: { data: new Float32Array(2), shape: [2] } }, options);
  void (true satisfies Same<typeof comparison, Comparison>);
  comparison satisfies DiffResult;
  comparison.summary.comparedTensors satisfies number;
  comparison.columns.l2Diff[0]?.toFixed(3) satisfies string | undefined;
  // Of a comparison of its own the columns are always there.
  comparison.rows({ unchanged: true }).map(({ l2Diff, layerType }) => [l2Diff?.toFixed(3), layerType]);
  void (true satisfies Same<ParameterDiff['l2Diff'], number | null>);
  void (true satisfies Same<TensorColumns['l2Diff'], Float64Array>);
  const metrics: PairMetrics<number | null> | undefined = comparison.row('w');
  void metrics;
  comparison.filter(['*.weight', 'lm_head']).filter('*') satisfies Comparison;
  Comparison.from(structuredClone(comparison)) satisfies Comparison;
  Comparison.fromRows([{ name: 'w', changeType: 'modified', relativeChange: 0.5 }]) satisfies Comparison;
  await compare('model.pt', 'model.pt', { old: { key: 'ema' }, new: { key: 'model' } });

  // @ts-expect-error -- misspelt
  await compare('a', 'b', { changeTreshold: 1 });
  // @ts-expect-error -- a list of patterns
  await compare('a', 'b', { include: '*.weight' });
  // @ts-expect-error -- misspelt
  await compare('a', 'b', { old: { keys: 'ema' } });
  // @ts-expect-error -- two sides
  await compare('a');
  // @ts-expect-error -- `compare` makes them
  void new Comparison(comparison);
  // @ts-expect-error -- no such type of change
  Comparison.fromRows([{ name: 'w', changeType: 'changed' }]);
  // @ts-expect-error -- a metric may be missing
  comparison.row('w')?.l2Diff.toFixed(3);
  // @ts-expect-error -- not public
  void Comparison.fromColumns;
}

export function results(comparison: Comparison): void {
  const analysis: Analysis = analyze(comparison, { layerPatterns: { adapter: [/lora/u, 'dora'] } });
  analysis.layerAnalysis['mlp']?.avgChange satisfies number | undefined;
  renderReport(structuredClone(comparison), { format: 'markdown', analysis, maxLayersDisplay: 5 }) satisfies string;
  parseReport('{}') satisfies Comparison;
  const rules = checkRules(comparison, { failOn: ['nan', 'change>5%'], expect: { may: { change: ['*.q_proj.*'] } } });
  renderReport(comparison, { rules }) satisfies string;
  rules[0]?.worst[0]?.value satisfies number | null | undefined;
  // @ts-expect-error -- a list
  checkRules(comparison, { failOn: 'nan' });
  // @ts-expect-error -- no such format
  renderReport(comparison, { format: 'pdf' });
  // @ts-expect-error -- misspelt
  analyze(comparison, { layerPattern: {} });
}

export async function original(): Promise<void> {
  const { diffs, summary } = await compareCheckpoints(
    'a',
    'b',
    { topKLayers: 5 },
    { onProgress: ({ bytesDone }) => void bytesDone },
  );
  await new ModelDiff().diff(await loadCheckpoint('a'), await loadCheckpoint('b'));
  const analyzer = new DiffAnalyzer();
  analyzer.detectChangePattern(diffs, analyzer.analyzeLayerTypes(diffs));
  createDiffReport(diffs, summary, analyzer.analyze(diffs, summary), { format: 'html', oldName: 'a' }) satisfies string;
  await compareSeries(['a', 'b']);
  // @ts-expect-error -- paths are opened first
  await new ModelDiff().diff('a', 'b');
}

export function unions(error: ModelDiffError, info: TensorInfo): void {
  if (error.code === 'E_FILE_CHANGED') void error.path?.length;
  // @ts-expect-error -- no such code
  if (error.code === 'E_FILE_CHANGD') void error;
  // @ts-expect-error -- no such kind
  if (error.kind === 'Network') void error;
  // Files may have words of their own for what they store.
  if (info.dtype === 'bf16' || info.dtype === 'qint8') void info;
  void (true satisfies Same<KnownDtype extends Dtype ? true : false, true>);
  const names: readonly (LimitName | ErrorCode | KnownDtype | LayerType | ReportFormat)[] = [
    'memory',
    'E_ARGUMENT',
    'f8_e4m3fn',
    'attention',
    'csv',
  ];
  void names;
}
