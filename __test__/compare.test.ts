/** What `DiffConfig` does, option by option, and what a comparison says of structure and of integers. */
import test from 'ava';
import { Checkpoint, Comparison, DiffAnalyzer, ModelDiff, loadCheckpoint } from 'model-diff';
import type { DiffConfig, TensorData } from 'model-diff';

import { encodeFloats, writeTemporary } from './helpers/safetensors.ts';

type Tensors = Record<string, readonly number[]>;

const toData = (tensors: Tensors): Record<string, TensorData> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, values]) => [name, { data: new Float32Array(values), shape: [values.length] }]),
  );

function compare(old: Tensors, newer: Tensors, config: DiffConfig = {}): Promise<Comparison> {
  return new ModelDiff(config).diff(Checkpoint.fromTensors(toData(old)), Checkpoint.fromTensors(toData(newer)));
}

test('added, removed and reshaped tensors', async (t) => {
  const { diffs, summary } = await compare(
    { gone: [1], kept: [1], shaped: [1, 2] },
    { kept: [1], come: [3, 4], shaped: [1, 2, 3] },
  );
  t.deepEqual(
    diffs.map((diff) => [diff.name, diff.changeType]),
    [
      ['come', 'added'],
      ['gone', 'removed'],
      ['shaped', 'shape_changed'],
    ],
  );
  t.like(summary, {
    addedParameters: 1,
    removedParameters: 1,
    modifiedParameters: 1,
    unchangedParameters: 1,
    identicalParameters: 1,
  });
  t.deepEqual(diffs[2]?.oldInfo?.shape, [2]);
  t.deepEqual(diffs[2]?.newInfo?.shape, [3]);
  t.is(diffs[2]?.newInfo?.max, 3);
  t.is(diffs[0]?.newNorm, 5);
});

test('includeUnchanged only changes what is listed', async (t) => {
  const [old, newer] = [
    { a: [1], b: [1] },
    { a: [1], b: [2] },
  ];
  const short = await compare(old, newer);
  const long = await compare(old, newer, { includeUnchanged: true });
  t.deepEqual(
    short.diffs.map((diff) => diff.name),
    ['b'],
  );
  t.deepEqual(
    long.diffs.map((diff) => diff.name),
    ['a', 'b'],
  );
  t.deepEqual(short.summary, long.summary);
});

test('changeThreshold counts elements above it, and the default has a relative guard beside it', async (t) => {
  const old = { w: [1, 1, 1, 1] };
  const newer = { w: [1, 1.25, 1.5, 3] };
  const counts = async (changeThreshold?: number): Promise<number | null | undefined> =>
    (await compare(old, newer, changeThreshold === undefined ? {} : { changeThreshold })).diffs[0]?.changedElements;
  t.is(await counts(), 3);
  t.is(await counts(0.25), 2);
  t.is(await counts(1.5), 1);
  t.is((await compare(old, newer, { changeThreshold: 2 })).summary.unchangedParameters, 1);

  // 1e-8 against 5e-7: a 50-fold change that an absolute threshold of 1e-6 does not see.
  const tiny = await compare({ w: [1e-8] }, { w: [5e-7] });
  t.is(tiny.diffs[0]?.changeType, 'modified');
  t.is(tiny.diffs[0]?.changedElements, 0);
  const given = await compare({ w: [1e-8] }, { w: [5e-7] }, { changeThreshold: 1e-6 });
  t.is(given.summary.unchangedParameters, 1);
  t.is(given.summary.identicalParameters, 0);
});

test('computeElementWise: false leaves out what counts elements', async (t) => {
  const { diffs, summary } = await compare({ w: [0, 1] }, { w: [0, 2] }, { computeElementWise: false });
  t.like(diffs[0], {
    changedElements: null,
    changeRatio: null,
    zerosOld: null,
    zerosNew: null,
    l2Diff: 1,
    changeType: 'modified',
  });
  t.is(diffs[0]?.oldInfo?.sparsity, Number.NaN);
  t.is(summary.changedElements, null);
});

test('histogram counts elements by the size of their change', async (t) => {
  const old = { w: [1, 1, 1, 1, 1, 1] };
  const newer = { w: [1, 1.5, 1.75, 3, -100, Number.NaN] };
  for (const histogram of [true, 'exact'] as const) {
    const { tensors } = (await compare(old, newer, { histogram })).summary;
    const { firstExponent = 0, bins = 0, counts = new Float64Array() } = tensors?.histogram ?? {};
    const bin = (exponent: number): number | undefined => counts[exponent - firstExponent + 1];
    t.is(counts.length, bins);
    // 0 (below all); 0.5 and 0.75; 2; 101 (above all); NaN is no size.
    t.deepEqual([counts[0], bin(-1), bin(0), bin(1), counts.at(-1)], [1, 2, 0, 1, 1]);
    t.is(
      counts.reduce((sum, count) => sum + count, 0),
      5,
    );
  }
  t.is((await compare(old, newer)).summary.tensors?.histogram, undefined);
  t.is((await compare(old, newer, { histogram: true, computeElementWise: false })).summary.tensors?.histogram, undefined);
  await t.throwsAsync(async () => compare(old, newer, { histogram: 'all' as 'exact' }), {
    code: 'E_ARGUMENT',
    message: /histogram/u,
  });
});

test('normalizeBySize weighs averages by elements', async (t) => {
  const old = { 'a.w': [1, 0], 'b.w': [1, 0, 0, 0, 0, 0] };
  const newer = { 'a.w': [0, 1], 'b.w': [2, 0, 0, 0, 0, 0] };
  t.is((await compare(old, newer)).summary.avgCosineSimilarity, 6 / 8);
  t.is((await compare(old, newer, { normalizeBySize: false })).summary.avgCosineSimilarity, 1 / 2);
});

test('topKLayers and the order of layers', async (t) => {
  const old = { 'a.w': [1], 'b.w': [1], 'c.w': [1], 'c.b': [0], 'd.w': [1] };
  const newer = { 'a.w': [1.5], 'b.w': [1.25], 'c.w': [1.25], 'c.b': [0], 'd.w': [1] };
  const { summary } = await compare(old, newer, { topKLayers: 2 });
  t.deepEqual(
    summary.mostChangedLayers.map(([name]) => name),
    ['a', 'b'],
  );
  t.deepEqual(summary.leastChangedLayers, [
    ['d', 0],
    ['c', 0.2],
  ]);
  t.is(summary.mostChangedLayers[0]?.[1], 0.5 / 1.5);
});

test('include and exclude', async (t) => {
  const old = { 'layers.1.q': [1], 'layers.2.q': [1], 'layers.2.k': [1], head: [1] };
  const newer = { 'layers.1.q': [2], 'layers.2.q': [2], 'layers.2.k': [2], head: [2] };
  const names = async (config: DiffConfig): Promise<string[]> =>
    (await compare(old, newer, config)).diffs.map((diff) => diff.name);
  t.deepEqual(await names({ include: ['*.q'] }), ['layers.1.q', 'layers.2.q']);
  t.deepEqual(await names({ include: ['layers.[1-9].{q,k}'], exclude: ['layers.1.*'] }), ['layers.2.k', 'layers.2.q']);
  t.deepEqual(await names({ exclude: ['layers.?.q'] }), ['head', 'layers.2.k']);
  t.deepEqual(await names({ include: [] }), ['head', 'layers.1.q', 'layers.2.k', 'layers.2.q']);
  await t.throwsAsync(names({ include: ['nothing'] }), { code: 'E_ARGUMENT', message: /^include leaves no tensor to compare$/u });
});

test('a pattern full of stars takes no time on a long name', async (t) => {
  const started = performance.now();
  const name = 'a'.repeat(4000);
  await t.throwsAsync(compare({ [name]: [1] }, { [name]: [1] }, { include: [`${'*a'.repeat(200)}*b`] }));
  t.true(performance.now() - started < 2000);
});

test('integers are compared exactly', async (t) => {
  const big = 2n ** 53n;
  const wide = (...values: bigint[]): TensorData => ({ data: new BigInt64Array(values), shape: [values.length] });
  const { diffs } = await new ModelDiff().diff(
    Checkpoint.fromTensors({ w: wide(big, -(2n ** 63n)) }),
    Checkpoint.fromTensors({ w: wide(big + 1n, 2n ** 63n - 1n) }),
  );
  t.like(diffs[0], { changedElements: 2, identical: false, bitChanged: 2, maxDiff: 2 ** 64 });
  const single = await new ModelDiff().diff(
    Checkpoint.fromTensors({ w: wide(big) }),
    Checkpoint.fromTensors({ w: wide(big + 1n) }),
  );
  t.like(single.diffs[0], { l2Diff: 1, maxDiff: 1, meanDiff: 1, changeType: 'modified' });
});

test('a change of dtype alone leaves a tensor identical, and is told', async (t) => {
  const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(
    Checkpoint.fromTensors({ w: { data: new Float32Array([1, 2.5]), shape: [2] } }),
    Checkpoint.fromTensors({ w: { data: new Uint16Array([0x3f80, 0x4020]), shape: [2], dtype: 'bf16' } }),
  );
  t.like(diffs[0], { identical: true, dtypeChanged: true, changeType: 'unchanged', bitChanged: null });
});

test('half of the elements becoming NaN is a change', async (t) => {
  const { diffs } = await compare({ w: [1, 2, 3, 4] }, { w: [1, Number.NaN, 3, Number.NaN] });
  t.like(diffs[0], {
    changeType: 'modified',
    changedElements: 2,
    changeRatio: 0.5,
    nanNew: 2,
    nanOld: 0,
    l2Diff: 0,
    identical: false,
  });
});

test('a zero base gives no infinite number', async (t) => {
  const { diffs } = await compare({ w: [0, 0] }, { w: [3, 4] });
  t.like(diffs[0], { relativeChange: null, symmetricChange: 1, cosineSim: null, oneMinusCos: null, l2Diff: 5 });
  t.notRegex(JSON.stringify(diffs), /Infinity|NaN/u);
});

test('what is no checkpoint and no option is said so', async (t) => {
  const one = Checkpoint.fromTensors(toData({ w: [1] }));
  await t.throwsAsync(new ModelDiff().diff('a.safetensors' as unknown as Checkpoint, one), {
    code: 'E_ARGUMENT',
    message: /two open checkpoints, not "a\.safetensors"/u,
  });
  t.throws(() => new ModelDiff({ thresold: 1 } as DiffConfig), { code: 'E_ARGUMENT', message: /no option "thresold"/u });
  await t.throwsAsync(loadCheckpoint(one as unknown as string), {
    code: 'E_ARGUMENT',
    message: /^path must be a string that is not empty, not a Checkpoint$/u,
  });
});

test('getLayerDiffs groups by module', async (t) => {
  const model = new ModelDiff({ includeUnchanged: true });
  const { diffs } = await model.diff(
    Checkpoint.fromTensors(toData({ 'a.weight': [1, 0], 'a.bias': [3], top: [1] })),
    Checkpoint.fromTensors(toData({ 'a.weight': [4, 4], 'a.bias': [3], top: [2] })),
  );
  const layers = model.getLayerDiffs(diffs);
  t.deepEqual([...layers.keys()], ['a', 'top']);
  t.like(layers.get('a'), { name: 'a', totalL2Diff: 5, numChanges: 1 });
  t.is(layers.get('a')?.parameters.length, 2);
});

test('results are plain data', async (t) => {
  const result = await compare({ a: [1], b: [1, 2] }, { a: [2], c: [1] }, { includeUnchanged: true });
  t.deepEqual(structuredClone(result.diffs), result.diffs);
  t.deepEqual(structuredClone(result.summary), result.summary);
  const again = Comparison.from(structuredClone(result));
  t.deepEqual(again, result);
  t.deepEqual(again.diffs, result.diffs);
});

test('elements of a tensor, whole and in part', async (t) => {
  const checkpoint = await loadCheckpoint(writeTemporary(encodeFloats(new Map([['w', [1, 2, 3.5, -4]]]))));
  t.deepEqual(await checkpoint.getTensor('w'), { data: new Float32Array([1, 2, 3.5, -4]), shape: [4], dtype: 'f32' });
  t.deepEqual((await checkpoint.getTensor('w', { as: 'f64', start: 1, length: 2 })).data, new Float64Array([2, 3.5]));
  await t.throwsAsync(checkpoint.getTensor('w', { start: 3, length: 2 }), { code: 'E_ARGUMENT', message: /outside the tensor/u });
  await t.throwsAsync(checkpoint.getTensor('v'), { code: 'E_ARGUMENT', message: /no tensor is called "v"/u });
  checkpoint.close();
  checkpoint.close();
  await t.throwsAsync(checkpoint.getTensor('w'), { code: 'E_ARGUMENT', message: /closed/u });
});

test('raw elements of every small type come back as they were given', async (t) => {
  const given: Record<string, TensorData> = {
    bf16: { data: new Uint16Array([0x3f80, 0x8000, 0x7fc1]), shape: [3], dtype: 'bf16' },
    f16: { data: new Uint16Array([0x3c00, 1]), shape: [2], dtype: 'f16' },
    f8: { data: new Uint8Array([0x7e, 0xff]), shape: [1, 2], dtype: 'f8_e4m3fn' },
    i64: { data: new BigInt64Array([-1n]), shape: [1] },
    u32: { data: new Uint32Array([4294967295]), shape: [] },
  };
  const checkpoint = Checkpoint.fromTensors(given);
  for (const [name, { data, shape }] of Object.entries(given)) {
    t.deepEqual(await checkpoint.getTensor(name, { as: 'raw' }), {
      data,
      shape,
      dtype: name === 'f8' ? 'f8_e4m3fn' : name,
    } as never);
  }
  t.deepEqual(Array.from((await checkpoint.getTensor('f8')).data), [448, Number.NaN]);
  t.deepEqual(Array.from((await checkpoint.getTensor('bf16')).data), [1, -0, Number.NaN]);
});

test('a value beyond the range of f16 is an overflow of the conversion, and what vanished in f16 an underflow', async (t) => {
  const wide = Float32Array.from({ length: 64 }, (_, index) => (index === 7 ? -70_000 : (index + 1) / 64));
  // k/64 is exact in f16; the largest value is not there.
  const halves = Uint16Array.from(wide, (value) => {
    if (Math.abs(value) > 65_504) return 0xfc00;
    const exponent = Math.floor(Math.log2(value));
    return ((exponent + 15) << 10) | ((value / 2 ** exponent - 1) * 1024);
  });
  const verdictOf = async (old: TensorData, newer: TensorData): Promise<string> => {
    const { diffs, summary } = await new ModelDiff().diff(
      Checkpoint.fromTensors({ w: old }),
      Checkpoint.fromTensors({ w: newer }),
    );
    return new DiffAnalyzer().analyze(diffs, summary).summary.verdict;
  };
  t.is(
    await verdictOf({ data: wide, shape: [64] }, { data: halves, shape: [64], dtype: 'f16' }),
    '1 value in 1 tensor overflowed to Inf in the conversion from f32 to f16.',
  );
  // 1 and 2^-26: the second is half of what f16 holds at least, and becomes 0.
  t.is(
    await verdictOf(
      { data: new Uint16Array([0x3f80, 0x3280]), shape: [2], dtype: 'bf16' },
      { data: new Uint16Array([0x3c00, 0]), shape: [2], dtype: 'f16' },
    ),
    'Same weights, rounded from bf16 to f16: all 2 elements of 1 tensor are equal after rounding.',
  );
});
