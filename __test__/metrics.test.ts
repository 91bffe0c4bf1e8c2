/**
 * Every metric of every tensor against exact values (fractions, 60-digit square roots) of what the safetensors library
 * read back: `fixtures/metrics/make.py`. Sums may be off by 1e-12 (`double`) or 1e-6 (`fast`) of the sum of the absolute
 * values of their terms.
 */
import { readFileSync } from 'node:fs';

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';
import type { DiffResult, ParameterDiff, TensorInfo } from 'model-diff';

const folder = fileURLToPath(new URL('fixtures/metrics/', import.meta.url));
/** The accuracy contract of the sums, relative to the terms' absolute values. */
const ACCURACY = { double: 1e-12, fast: 1e-6 };

type Side = {
  mean: number | null;
  std: number | null;
  min: number | null;
  max: number | null;
  sparsity: number | null;
  nan: number;
  inf: number;
};
type Expected = Record<string, unknown> & {
  change_type: string;
  old: Side | null;
  new: Side | null;
  terms: Record<string, number>;
};

const { tensors } = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as { tensors: (Expected & { name: string })[] };
const expected = new Map(tensors.map((tensor) => [tensor.name, tensor]));
const checkpoints = Promise.all([loadCheckpoint(`${folder}old.safetensors`), loadCheckpoint(`${folder}new.safetensors`)]);
const compare = (precision: 'double' | 'fast'): Promise<DiffResult> =>
  checkpoints.then(([old, newer]) => new ModelDiff({ includeUnchanged: true, precision }).diff(old, newer));
const results = { double: compare('double'), fast: compare('fast') };

const EXACT = {
  changeType: 'change_type',
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
  maxDiff: 'max_diff',
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
  return Math.abs(actual - (wanted as number)) <= scale;
}

for (const precision of ['double', 'fast'] as const) {
  const accuracy = ACCURACY[precision];

  test(`every tensor of both files is there (${precision})`, async (t) => {
    const { diffs, summary } = await results[precision];
    t.deepEqual(diffs.map((diff) => diff.name).sort(), [...expected.keys()].sort());
    t.is(summary.failedParameters, 0);
  });

  test(`counts and types are exact (${precision})`, async (t) => {
    for (const diff of (await results[precision]).diffs) {
      const wanted = expected.get(diff.name);
      for (const [key, name] of Object.entries(EXACT)) {
        // What a shape change has no exact value for: the old tensor's elements are told.
        if (wanted?.[name] === undefined) continue;
        t.is(diff[key as keyof ParameterDiff], wanted?.[name] as never, `${diff.name}: ${key}`);
      }
    }
  });

  test(`sums keep the accuracy contract (${precision})`, async (t) => {
    for (const diff of (await results[precision]).diffs) {
      const wanted = expected.get(diff.name);
      if (wanted === undefined) continue;
      for (const [key, name] of Object.entries(ONE_SIGN)) {
        if (wanted[name] === undefined) continue;
        const actual = diff[key as keyof typeof ONE_SIGN];
        t.true(
          isClose(actual, wanted[name], accuracy * Math.abs((wanted[name] as number | null) ?? 0)),
          `${diff.name}: ${key} ${actual} instead of ${JSON.stringify(wanted[name])}`,
        );
      }
      t.true(
        isClose(diff.meanDiff, wanted['mean_diff'], accuracy * (wanted.terms['mean_diff'] ?? 0)),
        `${diff.name}: meanDiff ${diff.meanDiff} instead of ${JSON.stringify(wanted['mean_diff'])}`,
      );
    }
  });

  test(`1 - cos keeps its digits however small the angle (${precision})`, async (t) => {
    for (const diff of (await results[precision]).diffs) {
      const wanted = expected.get(diff.name);
      if (wanted === undefined) continue;
      const exact = wanted['one_minus_cos'] as number | null;
      if (exact === null || diff.oneMinusCos === null) {
        t.is(diff.oneMinusCos, exact, diff.name);
        continue;
      }
      // One pass gives 1 - cos to the accuracy of its sums divided by sin^2 of the angle between a and d.
      const [a, b, d] = [wanted['old_norm'] as number, wanted['new_norm'] as number, wanted['l2_diff'] as number];
      const rho = a * d === 0 ? 0 : (b * b - a * a - d * d) / (2 * a * d);
      const isShort = b > 2 * a || a > 2 * b;
      const bound =
        4 * accuracy * (isShort ? 1 : exact / Math.max(1 - rho * rho, 1e-9) + (a === 0 ? 0 : (d / a) ** 2)) +
        1e-15 * Number(isShort);
      t.true(
        Math.abs(diff.oneMinusCos - exact) <= bound,
        `${diff.name}: oneMinusCos ${diff.oneMinusCos} instead of ${exact}, bound ${bound}`,
      );
      t.is(diff.cosineSim, 1 - diff.oneMinusCos, diff.name);
    }
  });

  test(`statistics of single tensors (${precision})`, async (t) => {
    for (const diff of (await results[precision]).diffs) {
      const wanted = expected.get(diff.name);
      for (const side of ['old', 'new'] as const) {
        const info: TensorInfo | null = diff[`${side}Info`];
        const exact = wanted?.[side];
        if (exact === null || exact === undefined || info === null) {
          t.is(info === null, exact === null || exact === undefined, `${diff.name}: ${side}`);
          continue;
        }
        const what = `${diff.name}, ${side}`;
        t.is(info.min, exact.min ?? Number.NaN, `${what}: min`);
        t.is(info.max, exact.max ?? Number.NaN, `${what}: max`);
        t.is(info.nanCount, exact.nan, `${what}: nan`);
        t.is(info.infCount, exact.inf, `${what}: inf`);
        t.is(info.sparsity, exact.sparsity ?? Number.NaN, `${what}: sparsity`);
        const scale = wanted?.terms[`${side}_mean`] ?? 0;
        t.true(isClose(info.mean, exact.mean, accuracy * scale), `${what}: mean ${info.mean} instead of ${exact.mean}`);
        // A deviation is measured against itself, and against the rounding of the mean that it is taken from.
        t.true(
          isClose(info.std, exact.std, accuracy * ((exact.std ?? 0) + 1e-3 * scale)),
          `${what}: std ${info.std} instead of ${exact.std}`,
        );
      }
    }
  });
}

test('the statistics that a comparison fills in are those of a look at one tensor', async (t) => {
  const [old] = await checkpoints;
  const { diffs } = await results.fast;
  const fresh = await loadCheckpoint(old.path);
  const looked = await loadCheckpoint(old.path);
  await fresh.computeStats();
  for (const diff of diffs.filter((one) => one.oldInfo !== null)) {
    const { mean, std, min, max, sparsity, nanCount, infCount } = looked.getInfo(diff.name) ?? {};
    const seen = { mean, std, min, max, sparsity, nanCount, infCount };
    for (const [key, value] of Object.entries(seen)) {
      t.is(value, fresh.getInfo(diff.name)?.[key as 'mean'], `${diff.name}: ${key}`);
      // A tensor beside one of another dtype is summed in f64, alone in short lanes: the same to the accuracy of those.
      const inPair = diff.oldInfo?.[key as 'mean'] ?? Number.NaN;
      if (diff.dtypeChanged)
        t.true(Object.is(value, inPair) || Math.abs((value ?? 0) - inPair) <= 1e-6 * (diff.oldNorm ?? 0), `${diff.name}: ${key}`);
      else t.is(value, inPair, `${diff.name}: ${key}`);
    }
  }
});
