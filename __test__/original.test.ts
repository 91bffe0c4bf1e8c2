/**
 * The README of the Python package that this one succeeds, translated line by line, on the example checkpoints; and the
 * names of its API.
 */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import * as api from 'model-diff';
import {
  CheckpointLoader,
  DiffAnalyzer,
  DiffVisualizer,
  ModelDiff,
  compareCheckpoints,
  createDiffReport,
  loadCheckpoint,
} from 'model-diff';
import type { ParameterDiff } from 'model-diff';

const examples = fileURLToPath(new URL('../examples/tiny-gpt/', import.meta.url));

test('load a checkpoint and look at its tensors', async (t) => {
  const checkpoint = await loadCheckpoint(`${examples}base`);
  t.is(checkpoint.format, 'huggingface');
  t.true(checkpoint.numParameters > 100_000);
  t.is(checkpoint.sizeBytes, checkpoint.numParameters * 2);
  t.is((checkpoint.config as { model_type: string }).model_type, 'llama');
  t.is(checkpoint.metadata['format'], 'pt');
  const lines: string[] = [];
  for (const [name, info] of checkpoint.tensorInfo) {
    lines.push(`${name}: ${info.shape.join('x')} mean ${info.mean.toFixed(4)} std ${info.std.toFixed(4)}`);
  }
  t.is(lines.length, checkpoint.layerNames.length);
  t.regex(lines.join('\n'), /model\.norm\.weight: \d+ mean \d\.\d{4} std \d\.\d{4}/u);
  t.is(checkpoint.getLayersByPattern('q_proj').length, 6);
  t.is(checkpoint.getLayersByPattern(/layers\.0\..*proj/u).length, 7);
  t.deepEqual(checkpoint.getInfo('model.norm.weight')?.dtype, 'bf16');
  const json = checkpoint.toJSON();
  t.deepEqual(Object.keys(json), [
    'path',
    'format',
    'num_parameters',
    'size_bytes',
    'num_layers',
    'metadata',
    'config',
    'layers',
  ]);
});

test('the loader with its options, and detection', async (t) => {
  const loader = new CheckpointLoader({ computeStats: true });
  t.is(await loader.detectFormat(`${examples}base`), 'huggingface');
  t.is(await loader.detectFormat(`${examples}base/model.safetensors`), 'safetensors');
  t.is(await loader.detectFormat(`${examples}README.md`), 'unknown');
  const checkpoint = await loader.load(`${examples}base`);
  t.is(typeof (checkpoint.toJSON().layers['model.norm.weight'] as { mean: unknown }).mean, 'number');
});

test('compare, analyse, report', async (t) => {
  const old = await loadCheckpoint(`${examples}base`);
  const tuned = await loadCheckpoint(`${examples}sft`);
  const differ = new ModelDiff({
    computeElementWise: true,
    changeThreshold: 1e-6,
    includeUnchanged: false,
    normalizeBySize: true,
    topKLayers: 10,
  });
  const { diffs, summary } = await differ.diff(old, tuned);
  t.is(summary.totalParametersOld, old.numParameters);
  t.true(summary.modifiedParameters > 0);
  t.is(summary.mostChangedLayers.length, 10);
  t.true(differ.getLayerDiffs(diffs).size > 10);

  const analyzer = new DiffAnalyzer({ significantChangeThreshold: 0.1, analyzeTrainingDynamics: true });
  const analysis = analyzer.analyze(diffs, summary);
  t.is(typeof analysis.changePattern, 'string');
  t.true(analysis.insights.length > 0);
  t.true((analysis.layerAnalysis['attention']?.count ?? 0) > 0);
  t.is(analyzer.getMostChangedParameters(diffs, 5).length, 5);
  t.true(analyzer.getLayerChangeRanking(diffs).length > 10);

  const visualizer = new DiffVisualizer({
    maxLayersDisplay: 20,
    colorScheme: 'dark',
    includeRawData: false,
    chartWidth: 600,
    chartHeight: 300,
  });
  t.true(visualizer.createHtmlReport(diffs, summary, analysis, 'base', 'sft').includes('<svg'));
  t.true(visualizer.createTextReport(diffs, summary, analysis, 'base', 'sft').includes(analysis.summary.verdict));
  const json = JSON.parse(visualizer.createJsonReport(diffs, summary, analysis, 'base', 'sft')) as Record<string, unknown>;
  t.true(['summary', 'analysis', 'parameters'].every((key) => key in json));
  for (const format of ['html', 'json', 'text', 'markdown', 'csv'] as const) {
    t.true(createDiffReport(diffs, summary, analysis, { format, oldName: 'base', newName: 'sft' }).length > 500, format);
  }
});

test('in one call, and how it went from stage to stage', async (t) => {
  const first = await compareCheckpoints(`${examples}base`, `${examples}continue-0100`);
  const second = await compareCheckpoints(`${examples}continue-0100`, `${examples}continue-0200`);
  const stages = new DiffAnalyzer().compareTrainingStages(first.diffs, second.diffs);
  t.true(stages.totalStage1Change > 0);
  t.true(Array.isArray(stages.accelerating) && Array.isArray(stages.decelerating));
  t.is(typeof stages.stableCount, 'number');
});

test('the public names', (t) => {
  t.deepEqual(Object.keys(api).sort(), [
    'CHANGE_TYPES',
    'Checkpoint',
    'CheckpointLoader',
    'Comparison',
    'DiffAnalyzer',
    'DiffVisualizer',
    'ModelDiff',
    'ModelDiffError',
    'ROUNDING_SHAPES',
    'analyze',
    'checkRules',
    'combineParts',
    'compare',
    'compareCheckpoints',
    'comparePart',
    'compareSeries',
    'compareStructure',
    'createDiffReport',
    'createSeries',
    'createSeriesReport',
    'detectFormat',
    'hashCheckpoint',
    'loadCheckpoint',
    'parseReport',
    'partsStatus',
    'planParts',
    'readManifest',
    'renderReport',
    'writeManifest',
  ]);
});

test('require works as import does', async (t) => {
  const { createRequire } = await import('node:module');
  const required = createRequire(import.meta.url)('model-diff') as typeof api;
  t.is(typeof required.loadCheckpoint, 'function');
});

test('the insight tests of the Python package', (t) => {
  const analyzer = new DiffAnalyzer();
  const architecture = analyzer
    .generateInsights([], { addedParameters: 5 }, {}, 'uniform')
    .filter(({ category }) => category === 'architecture');
  t.is(architecture.length, 1);
  t.true(architecture[0]?.description.includes('Added'));
  const stability = analyzer
    .generateInsights([], { avgCosineSimilarity: 0.7 }, {}, 'uniform')
    .filter(({ category }) => category === 'stability');
  t.is(stability.length, 1);
  t.is(stability[0]?.severity, 'warning');
  const diffs = Array.from(
    { length: 10 },
    (_, index) =>
      ({
        name: `layer.${index}.weight`,
        changeType: index < 8 ? 'unchanged' : 'modified',
        relativeChange: index < 8 ? 0 : 0.1,
        totalElements: 100,
      }) as Partial<ParameterDiff> as ParameterDiff,
  );
  const config = analyzer
    .generateInsights(diffs, { unchangedParameters: 8, modifiedParameters: 2 }, {}, 'sparse')
    .filter(({ category }) => category === 'training_config');
  t.is(config.length, 1);
  t.like(config[0]?.evidence, { unchanged: 8, total: 10, ratio: 0.8 });
  t.is(analyzer.analyze([], {}).summary.verdict, 'Nothing to compare: neither checkpoint holds a tensor.');
});
