/**
 * Every metric of every tensor against exact values (fractions, 60-digit square roots) of what the safetensors library
 * read back: `fixtures/metrics/make.py`. Sums may be off by 1e-12 of the sum of the absolute values of their terms.
 */
import { readFileSync } from 'node:fs';

import test from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';
import type { ParameterDiff, TensorInfo } from 'model-diff';

const folder = new URL('fixtures/metrics/', import.meta.url).pathname;
/** The accuracy contract of `double` sums, relative to the terms' absolute values. */
const ACCURACY = 1e-12;

type Side = { mean: number | null; std: number | null; min: number | null; max: number | null; sparsity: number | null; nan: number; inf: number };
type Expected = Record<string, unknown> & { change_type: string; old: Side | null; new: Side | null; terms: Record<string, number>; beyond_f64?: boolean };

const { tensors } = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as { tensors: (Expected & { name: string })[] };
const expected = new Map(tensors.map((tensor) => [tensor.name, tensor]));
const checkpoints = Promise.all([loadCheckpoint(`${folder}old.safetensors`), loadCheckpoint(`${folder}new.safetensors`)]);
const result = checkpoints.then(([old, newer]) => new ModelDiff({ includeUnchanged: true }).diff(old, newer));

const EXACT = {
  changeType: 'change_type',
  maxDiff: 'max_diff',
  changedElements: 'changed_elements',
  totalElements: 'total_elements',
  changeRatio: 'change_ratio',
  identical: 'identical',
  bitChanged: 'bit_changed',
  nanOld: 'nan_old',
  nanNew: 'nan_new',
  infOld: 'inf_old',
  infNew: 'inf_new',
  zerosOld: 'zeros_old',
  zerosNew: 'zeros_new',
  dtypeChanged: 'dtype_changed',
} as const;

/** Metrics that are sums of terms of one sign, so that their own value is the measure of their error. */
const ONE_SIGN = {
  l2Diff: 'l2_diff',
  l1Diff: 'l1_diff',
  relativeChange: 'relative_change',
  symmetricChange: 'symmetric_change',
  oldNorm: 'old_norm',
  newNorm: 'new_norm',
} as const;

function isClose(actual: number | null, wanted: unknown, scale: number): boolean {
  if (Number.isNaN(actual)) return wanted === null;
  if (actual === null || wanted === null || wanted === undefined) return actual === (wanted ?? null);
  return Math.abs(actual - (wanted as number)) <= ACCURACY * scale;
}

test('every tensor of both files is there', async (t) => {
  const { diffs, summary } = await result;
  t.deepEqual(diffs.map((diff) => diff.name).sort(), [...expected.keys()].sort());
  t.is(summary.failedParameters, 0);
});

test('counts, types and the largest difference are exact', async (t) => {
  for (const diff of (await result).diffs) {
    const wanted = expected.get(diff.name);
    for (const [key, name] of Object.entries(EXACT)) {
      // What a shape change has no exact value for: the old tensor's elements are told.
      if (wanted?.[name] === undefined) continue;
      t.is(diff[key as keyof ParameterDiff], wanted?.[name] as never, `${diff.name}: ${key}`);
    }
  }
});

test('sums keep the accuracy contract', async (t) => {
  for (const diff of (await result).diffs) {
    const wanted = expected.get(diff.name);
    if (wanted === undefined) continue;
    for (const [key, name] of Object.entries(ONE_SIGN)) {
      if (wanted[name] === undefined) continue;
      const actual = diff[key as keyof typeof ONE_SIGN];
      // Squares that leave the range of f64 give no number, never a wrong one.
      if (wanted.beyond_f64 === true && actual === null) continue;
      t.true(isClose(actual, wanted[name], Math.abs((wanted[name] as number | null) ?? 0)), `${diff.name}: ${key} ${actual} instead of ${JSON.stringify(wanted[name])}`);
    }
    t.true(isClose(diff.meanDiff, wanted['mean_diff'], wanted.terms['mean_diff'] ?? 0), `${diff.name}: meanDiff ${diff.meanDiff} instead of ${JSON.stringify(wanted['mean_diff'])}`);
  }
});

test('1 - cos keeps its digits however small the angle', async (t) => {
  for (const diff of (await result).diffs) {
    const wanted = expected.get(diff.name);
    if (wanted === undefined) continue;
    const exact = wanted['one_minus_cos'] as number | null;
    if (wanted.beyond_f64 === true && diff.oneMinusCos === null) continue;
    if (exact === null || diff.oneMinusCos === null) {
      t.is(diff.oneMinusCos, exact, diff.name);
      continue;
    }
    // One pass gives 1 - cos to the accuracy of its sums divided by sin^2 of the angle between a and d.
    const [a, b, d] = [wanted['old_norm'] as number, wanted['new_norm'] as number, wanted['l2_diff'] as number];
    const rho = a * d === 0 ? 0 : (b * b - a * a - d * d) / (2 * a * d);
    const isShort = b > 2 * a || a > 2 * b;
    const bound = isShort ? 1e-14 : (4 * ACCURACY * exact) / Math.max(1 - rho * rho, 1e-9) + (a === 0 ? 0 : 1e-14 * (d / a) ** 2);
    t.true(Math.abs(diff.oneMinusCos - exact) <= bound, `${diff.name}: oneMinusCos ${diff.oneMinusCos} instead of ${exact}, bound ${bound}`);
    t.is(diff.cosineSim, 1 - diff.oneMinusCos, diff.name);
  }
});

test('statistics of single tensors', async (t) => {
  for (const diff of (await result).diffs) {
    const wanted = expected.get(diff.name);
    for (const side of ['old', 'new'] as const) {
      const info: TensorInfo | null = diff[`${side}Info`];
      const exact = wanted?.[side];
      if (exact === null || exact === undefined || info === null) {
        t.is(info, exact ?? null, `${diff.name}: ${side}`);
        continue;
      }
      const what = `${diff.name}, ${side}`;
      t.is(info.min, exact.min ?? Number.NaN, `${what}: min`);
      t.is(info.max, exact.max ?? Number.NaN, `${what}: max`);
      t.is(info.nanCount, exact.nan, `${what}: nan`);
      t.is(info.infCount, exact.inf, `${what}: inf`);
      t.is(info.sparsity, exact.sparsity ?? Number.NaN, `${what}: sparsity`);
      const scale = wanted?.terms[`${side}_mean`] ?? 0;
      t.true(isClose(info.mean, exact.mean, scale), `${what}: mean ${info.mean} instead of ${exact.mean}`);
      if (wanted?.beyond_f64 === true && Number.isNaN(info.std)) continue;
      // A deviation is measured against itself, and against the rounding of the mean that it is taken from.
      t.true(isClose(info.std, exact.std, (exact.std ?? 0) + 1e-3 * scale), `${what}: std ${info.std} instead of ${exact.std}`);
    }
  }
});

test('the statistics that a comparison fills in are those of a look at one tensor', async (t) => {
  const [old] = await checkpoints;
  const { diffs } = await result;
  const fresh = await loadCheckpoint(old.path);
  const looked = await loadCheckpoint(old.path);
  await fresh.computeStats();
  for (const diff of diffs.filter((one) => one.oldInfo !== null)) {
    const { mean, std, min, max, sparsity, nanCount, infCount } = looked.getInfo(diff.name) ?? {};
    const seen = { mean, std, min, max, sparsity, nanCount, infCount };
    for (const [key, value] of Object.entries(seen)) {
      t.is(value, fresh.getInfo(diff.name)?.[key as 'mean'], `${diff.name}: ${key}`);
      t.is(value, diff.oldInfo?.[key as 'mean'], `${diff.name}: ${key}`);
    }
  }
});
