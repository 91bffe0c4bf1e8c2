import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { analyze, compareCheckpoints, loadCheckpoint } from 'model-diff';

const FIXTURES = fileURLToPath(new URL('fixtures/quantised/', import.meta.url));

/** A fixture without the file of its values, and those values as a model of their own. */
function place(name: string): { readonly quantised: string; readonly dense: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-'));
  const [quantised, dense] = [join(folder, 'quantised'), join(folder, 'dense')];
  for (const path of [quantised, dense]) mkdirSync(path);
  cpSync(join(FIXTURES, name, 'model.safetensors'), join(quantised, 'model.safetensors'));
  cpSync(join(FIXTURES, name, 'config.json'), join(quantised, 'config.json'));
  cpSync(join(FIXTURES, name, 'values.safetensors'), join(dense, 'model.safetensors'));
  return { quantised, dense, remove: () => rmSync(folder, { recursive: true }) };
}

test('a quantised checkpoint is the dense tensors that its codes stand for', async (t) => {
  const { quantised, dense, remove } = place('awq');
  const { diffs } = await compareCheckpoints(dense, quantised, { includeUnchanged: true });
  t.is(diffs.length, 1);
  t.is(diffs[0]?.name, 'model.layers.0.self_attn.q_proj.weight');
  t.is(diffs[0]?.newInfo?.dtype, 'awq int4 g32');
  t.deepEqual(diffs[0]?.newInfo?.shape, [32, 64]);
  t.is(diffs[0]?.l2Diff, 0);
  remove();
});

test('raw: what the file stores', async (t) => {
  const { quantised, remove } = place('gptq-int4');
  const names = async (raw: boolean): Promise<readonly string[]> => {
    await using checkpoint = await loadCheckpoint(quantised, { raw });
    return [...checkpoint.layerNames].sort();
  };
  const module = 'model.layers.0.mlp.down_proj';
  t.deepEqual(await names(false), [`${module}.weight`, 'model.norm.weight']);
  const stored = ['g_idx', 'qweight', 'qzeros', 'scales'].map((part) => `${module}.${part}`);
  t.deepEqual(await names(true), [...stored, 'model.norm.weight']);
  remove();
});

/** The dense side with each value off by up to this share of it. */
function spread(dense: string, share: number): void {
  const path = join(dense, 'model.safetensors');
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  for (let at = start; at < file.length; at += 4) file.writeFloatLE(file.readFloatLE(at) * (1 + share * Math.sin(at)), at);
  writeFileSync(path, file);
}

test('a model against its quantised form is the same weights, rounded', async (t) => {
  const { quantised, dense, remove } = place('bnb-nf4-nested');
  // Values between those of the grid: half a step of rounding away.
  spread(dense, 0.08);
  const { explanations } = analyze(await compareCheckpoints(dense, quantised));
  const [only, ...others] = explanations;
  t.is(others.length, 0);
  t.is(only?.code, 'quantised');
  t.regex(only?.sentence ?? '', /^same weights, rounded to bnb nf4 g64: error 5\.\d%$/);
  const { error, sqnr } = (only?.evidence ?? {}) as { error: number; sqnr: number };
  t.true(Math.abs(sqnr + 20 * Math.log10(error)) < 1e-9);
  remove();
});

test('a model that changed by no more than rounding is not called the same', async (t) => {
  const { quantised, dense, remove } = place('bnb-nf4-nested');
  // Some values are nearer to the next number of the grid now.
  spread(dense, 0.3);
  const [only] = analyze(await compareCheckpoints(dense, quantised)).explanations;
  t.regex(only?.sentence ?? '', /^equal within rounding to bnb nf4 g64: error 2\d%; but \d+% of the weights lie nearer/);
  const [back] = analyze(await compareCheckpoints(quantised, dense)).explanations;
  t.regex(
    back?.sentence ?? '',
    /^equal within rounding of the old weights to bnb nf4 g64: .*; but \d+% of the weights lie nearer/,
  );
  remove();
});
