/** Folders of distributed training, read in place, against what the libraries that wrote them read back (fixtures/distributed/make.py). */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';

import { refusal } from './helpers/refusal.ts';
import { makeFolder } from './helpers/safetensors.ts';

const fixtures = join(import.meta.dirname, 'fixtures/distributed/');

for (const name of ['dcp', 'dcp-bare', 'dcp-hf', 'zero-1', 'zero-2', 'zero-3', 'llama-2', 'llama-3']) {
  test(`${name}: identical to its tensors in one file`, async (t) => {
    await using joined = await loadCheckpoint(join(fixtures, name));
    await using whole = await loadCheckpoint(join(fixtures, `${name}.safetensors`));
    t.deepEqual(joined.layerNames.toSorted(), whole.layerNames.toSorted());
    const { diffs, summary } = await new ModelDiff({ includeUnchanged: true }).diff(joined, whole);
    t.is(diffs.length, whole.layerNames.length);
    t.deepEqual(
      diffs.filter(({ changeType, identical }) => changeType !== 'unchanged' || identical !== true).map((diff) => diff.name),
      [],
    );
    t.is(summary.modifiedTensors, 0);
    t.true(joined.findings.some(({ code }) => code === 'DistributedJoined'));
  });
}

test('one model that was cut in two ways is the same model', async (t) => {
  await using old = await loadCheckpoint(join(fixtures, 'llama-2'));
  await using newer = await loadCheckpoint(join(fixtures, 'llama-3'));
  const { diffs } = await new ModelDiff().diff(old, newer);
  // Only the embedding is cut along another axis.
  t.deepEqual(diffs, []);
});

test('the file of a rank that is missing is named', async (t) => {
  const folder = makeFolder();
  cpSync(join(fixtures, 'dcp'), folder, { recursive: true });
  rmSync(join(folder, '__3_0.distcp'));
  const error = await refusal(folder);
  t.is(error.code, 'E_MISSING_SHARD');
  t.regex(error.message, /__3_0\.distcp/u);
});
