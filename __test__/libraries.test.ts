/** Directories that transformers, diffusers, peft and huggingface_hub wrote, against what the libraries read back from them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { DiffAnalyzer, ModelDiff, createDiffReport, loadCheckpoint } from 'model-diff';
import type { Analysis, DiffResult } from 'model-diff';

/** What `make.py` read back of one pair. */
interface Expected {
  readonly about: string;
  readonly model_parameters: number;
  readonly tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[], sum: number]>>;
  readonly changed: Readonly<Record<string, number>>;
}

/** Elements of a head that is the embedding and was saved beside it. */
const TIED: Readonly<Record<string, number>> = { 'gpt2-bin': 32 * 8 };

/** The factors of adapters, not what they change. */
const STORED = { raw: true };

const folder = fileURLToPath(new URL('fixtures/huggingface/', import.meta.url));
const pairs = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Readonly<Record<string, Expected>>;

async function compare(name: string): Promise<DiffResult & { readonly analysis: Analysis }> {
  await using old = await loadCheckpoint(join(folder, name, 'old'), STORED);
  await using newer = await loadCheckpoint(join(folder, name, 'new'), STORED);
  const { diffs, summary } = await new ModelDiff({ includeUnchanged: true, precision: 'double' }).diff(old, newer);
  return { diffs, summary, analysis: new DiffAnalyzer().analyze(diffs, summary) };
}

for (const [name, { about, model_parameters: parameters, tensors, changed }] of Object.entries(pairs)) {
  test(`${name} (${about}): every tensor as the library reads it`, async (t) => {
    await using checkpoint = await loadCheckpoint(join(folder, name, 'old'), STORED);
    t.is(checkpoint.format, 'huggingface');
    t.is(checkpoint.numParameters - (TIED[name] ?? 0), parameters);
    t.deepEqual(
      checkpoint.findings.map(({ code }) => code),
      name in TIED ? ['SharedStorage'] : [],
    );
    t.deepEqual(checkpoint.layerNames.toSorted(), Object.keys(tensors).toSorted());
    await checkpoint.computeStats();
    for (const info of checkpoint.tensorInfo.values()) {
      const [dtype, shape, sum] = tensors[info.name] ?? ['', [], Number.NaN];
      t.is(info.dtype, dtype, info.name);
      t.deepEqual(info.shape, shape, info.name);
      t.true(
        Math.abs(info.mean * info.numElements - sum) <= 1e-6 * info.numElements * (Math.abs(info.mean) + info.std),
        info.name,
      );
    }
  });

  test(`${name}: the change of every tensor, and a report of each format`, async (t) => {
    const { diffs, summary, analysis } = await compare(name);
    t.is(diffs.length, Object.keys(tensors).length);
    for (const diff of diffs) {
      const distance = changed[diff.name] ?? 0;
      t.is(diff.identical, distance === 0, diff.name);
      t.true(Math.abs((diff.l2Diff ?? Number.NaN) - distance) <= 1e-10 * distance, diff.name);
    }
    for (const format of ['html', 'json', 'text', 'markdown', 'csv'] as const) {
      const report = createDiffReport(diffs, summary, analysis, { format, oldName: 'old', newName: 'new' }).replaceAll(
        '<wbr>',
        '',
      );
      t.true(
        Object.keys(changed)
          .slice(0, 3)
          .every((tensor) => report.includes(tensor)),
        format,
      );
    }
  });
}

test('matrices that changed alike are uniform, whatever the norms of a small model weigh', async (t) => {
  const { analysis } = await compare('llama-sharded');
  t.is(analysis.summary.verdict, 'Every matrix changed by about the same share: 1%. All norms are bit-identical.');
  t.deepEqual(
    analysis.insights.filter(({ category }) => category === 'layer_changes'),
    [],
  );
  for (const { change } of analysis.depthProfile) t.true(Math.abs(change - 0.01) < 1e-3, String(change));
});

test('experts are told as what changed', async (t) => {
  const { analysis } = await compare('mixtral');
  t.is(analysis.changePattern, 'mlp_heavy');
  t.is(analysis.summary.verdict, 'Only the experts changed, in both blocks, by 1%. All else is bit-identical.');
  // The first line says it already.
  t.is(
    analysis.insights.find(({ category }) => category === 'layer_changes'),
    undefined,
  );
});

test('a pipeline: the component that changed, and the configuration of its scheduler', async (t) => {
  const { summary, analysis } = await compare('pipeline');
  t.deepEqual(summary.configChanges, [
    { key: 'scheduler/scheduler_config.json: prediction_type', old: 'epsilon', new: 'v_prediction' },
  ]);
  t.like(
    analysis.insights.find(({ title }) => title === 'Configuration Changed'),
    {
      severity: 'warning',
      description:
        '1 key of the configuration differs. scheduler/scheduler_config.json: prediction_type "epsilon" to "v_prediction": noise is scheduled differently.',
    },
  );
  const { description } = analysis.insights.find(({ title }) => /Frozen|Parts/u.test(title)) ?? {};
  t.regex(description ?? '', /text_encoder|text/u);
});

test('one shard beside the whole model: neither every key of a configuration nor a tie is read out of it', async (t) => {
  const whole = join(folder, 'llama-sharded', 'old');
  await using shard = await loadCheckpoint(join(whole, 'model-00001-of-00002.safetensors'));
  await using model = await loadCheckpoint(whole);
  const { diffs, summary } = await new ModelDiff().diff(shard, model);
  // A single file has no configuration: there is nothing to compare.
  t.deepEqual(summary.configChanges, []);
  t.deepEqual(summary.unconfigured, ['old']);
  const { insights } = new DiffAnalyzer().analyze(diffs, summary);
  t.is(
    insights.find(({ title }) => title === 'Tied Weights Came Apart'),
    undefined,
  );
});
