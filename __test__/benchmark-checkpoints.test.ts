/** The checkpoints that the benchmarks make are real ones: every family, type and format opens, and changed as a fine-tune changes. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compare, loadCheckpoint } from 'model-diff';
import type { ParameterDiff } from 'model-diff';

import { generatePair } from '../benches/generate/index.mjs';
import { makeFolder } from './helpers/safetensors.ts';

const folder = makeFolder();
test.after.always(() => rmSync(folder, { recursive: true }));

const BYTES = 1_500_000;
const FAMILIES = {
  llama: 'model.layers.1.mlp.up_proj.weight',
  moe: 'model.layers.1.block_sparse_moe.experts.7.w3.weight',
  gpt2: 'h.1.mlp.c_fc.weight',
};
/** The share of a matrix's elements that rounding lets change, at least and at most. */
const CHANGED = { f32: [0.99, 1], f16: [0.5, 0.95], bf16: [0.15, 0.6], f8: [0.005, 0.1] } as const;
const LAYOUTS = [
  ['safetensors', 1],
  ['safetensors', 3],
  ['pt', 1],
  ['pt', 3],
] as const;

function shareChanged(diffs: readonly ParameterDiff[], name: RegExp): number {
  const chosen = diffs.filter((diff) => name.test(diff.name));
  const sum = (of: (diff: ParameterDiff) => number): number => chosen.reduce((total, diff) => total + of(diff), 0);
  return sum((diff) => diff.bitChanged ?? NaN) / sum((diff) => diff.totalElements);
}

for (const family of Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]) {
  for (const dtype of Object.keys(CHANGED) as (keyof typeof CHANGED)[]) {
    for (const [format, shards] of LAYOUTS) {
      test(`${family} ${dtype} as ${format} in ${shards}`, async (t) => {
        const own = join(folder, `${family}-${dtype}-${format}-${shards}`);
        mkdirSync(own);
        const pair = await generatePair({ folder: own, bytes: BYTES, family, dtype, format, shards });
        const files = readdirSync(join(own, 'old')).filter((name) => /\.(?:safetensors|pt|bin)$/u.test(name)).length;
        // A tensor is not split, so that a large one may leave less for the files after it.
        t.true(files >= Math.min(2, shards) && files <= shards, `${files} files`);
        // Small eight-bit models are larger: their embeddings keep sixteen bits.
        if (dtype !== 'f8') t.true(Math.abs(pair.bytes / BYTES - 1) < 0.02, String(pair.bytes));

        const { diffs, summary } = await compare(pair.old, pair.new, { includeUnchanged: true, raw: true });
        t.is(diffs.length, pair.tensors);
        t.deepEqual(
          diffs.filter((diff) => diff.error !== null),
          [],
        );
        t.deepEqual([summary.addedParameters, summary.removedParameters], [0, 0]);
        const [least, most] = CHANGED[dtype];
        const matrices = shareChanged(diffs, /(?:proj|w[123]|c_\w+)\.weight$/u);
        t.true(matrices >= least && matrices <= most, `matrices ${matrices}`);
        const embeddings = shareChanged(diffs, /embed_tokens|wte|lm_head/u);
        t.true(embeddings > 0.01 && embeddings < 0.1, `embeddings ${embeddings}`);
        const change = diffs.find(({ name }) => name === FAMILIES[family])?.relativeChange ?? NaN;
        t.true(change > 5e-4 && change < 2e-2, `relative change ${change}`);
        const norm = diffs.find(({ name }) => /norm\.weight|ln_1\.weight/u.test(name))?.relativeChange ?? NaN;
        t.true(norm < 1e-3, `norm ${norm}`);
      });
    }
  }
}

test('a copy has the bytes of old, and a checkpoint of holes its names', async (t) => {
  const copied = await generatePair({ folder: join(folder, 'copied'), bytes: BYTES, copy: true });
  t.deepEqual(readFileSync(copied.copy), readFileSync(copied.old));
  const hollow = await generatePair({ folder: join(folder, 'hollow'), bytes: 1e12, shards: 50, holes: true });
  const checkpoint = await loadCheckpoint(hollow.old);
  t.is(checkpoint.layerNames.length, hollow.tensors);
  t.is(checkpoint.sizeBytes, hollow.bytes);
  t.true(Math.abs(hollow.bytes / 1e12 - 1) < 0.02);
  checkpoint.close();
});
