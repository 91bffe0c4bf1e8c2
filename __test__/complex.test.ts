/** Complex tensors against what numpy says of their elements: `fixtures/complex/make.py`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';

interface Side {
  readonly nan: number;
  readonly inf: number;
  readonly zeros: number;
}

interface Expected {
  readonly elements: number;
  readonly old: Side;
  readonly new: Side;
  readonly l2_diff: number;
  readonly l1_diff: number;
  readonly max_diff: number;
  readonly old_norm: number;
  readonly new_norm: number;
  readonly changed_elements: number;
  readonly histogram: Readonly<Record<string, number>>;
}

const FOLDER = join(import.meta.dirname, 'fixtures/complex');
const expected = new Map(
  Object.entries(JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, Expected>),
);
const open = (): Promise<[Awaited<ReturnType<typeof loadCheckpoint>>, Awaited<ReturnType<typeof loadCheckpoint>>]> =>
  Promise.all([loadCheckpoint(join(FOLDER, 'old.npz')), loadCheckpoint(join(FOLDER, 'new.npz'))]);

for (const precision of ['fast', 'double'] as const) {
  test(`counts are of elements and sums are numpy's (${precision})`, async (t) => {
    const [old, newer] = await open();
    const { diffs } = await new ModelDiff({ includeUnchanged: true, precision }).diff(old, newer);
    t.is(diffs.length, expected.size);
    for (const diff of diffs) {
      const wanted = expected.get(diff.name);
      t.deepEqual(
        {
          elements: diff.totalElements,
          changed: diff.changedElements,
          old: { nan: diff.nanOld, inf: diff.infOld, zeros: diff.zerosOld },
          new: { nan: diff.nanNew, inf: diff.infNew, zeros: diff.zerosNew },
        },
        { elements: wanted?.elements, changed: wanted?.changed_elements, old: wanted?.old, new: wanted?.new } as never,
        diff.name,
      );
      for (const [key, name] of [
        ['l2Diff', 'l2_diff'],
        ['l1Diff', 'l1_diff'],
        ['maxDiff', 'max_diff'],
        ['oldNorm', 'old_norm'],
        ['newNorm', 'new_norm'],
      ] as const) {
        const exact = wanted?.[name] ?? Number.NaN;
        t.true(
          Math.abs((diff[key] ?? Number.NaN) - exact) <= 1e-6 * exact,
          `${diff.name}: ${key} ${diff[key]} instead of ${exact}`,
        );
      }
      t.is(diff.oldInfo?.sparsity, (wanted?.old.zeros ?? 0) / (wanted?.elements ?? 1), diff.name);
    }
  });
}

test('the statistics of one tensor are those of the comparison', async (t) => {
  const [old] = await open();
  const together = await loadCheckpoint(old.path);
  await together.computeStats();
  for (const [name, info] of old.tensorInfo) {
    const wanted = expected.get(name);
    t.deepEqual([info.nanCount, info.infCount], [wanted?.old.nan, wanted?.old.inf] as never, name);
    t.is(info.sparsity, (wanted?.old.zeros ?? 0) / (wanted?.elements ?? 1), name);
    t.is(together.getInfo(name)?.mean, info.mean, name);
  }
});

for (const histogram of [true, 'exact'] as const) {
  test(`the histogram is that of |d| (${histogram})`, async (t) => {
    const [old, newer] = await open();
    const { summary } = await new ModelDiff({ includeUnchanged: true, histogram }).diff(old, newer);
    const { firstExponent = 0, bins = 0, counts = new Float64Array() } = summary.tensors?.histogram ?? {};
    t.is(summary.tensors?.names.length, expected.size);
    for (const [row, name] of (summary.tensors?.names ?? []).entries()) {
      const wanted = new Float64Array(bins);
      for (const [exponent, count] of Object.entries(expected.get(name)?.histogram ?? {})) {
        const bin = exponent === 'zero' ? 0 : Math.min(bins - 1, Math.max(0, Number(exponent) - firstExponent + 1));
        wanted[bin] = (wanted[bin] ?? 0) + count;
      }
      t.deepEqual(counts.slice(row * bins, (row + 1) * bins), wanted, name);
    }
  });
}
