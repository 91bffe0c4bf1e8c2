import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import type { Explanation, ExplanationCode } from '../../src/analysis/types.ts';
import { buildComparison, llama, type Sketch } from './build.ts';

function list(sketches: readonly Sketch[]): readonly Explanation[] {
  return analyze(buildComparison(sketches, {}, true)).explanations;
}

function find(sketches: readonly Sketch[], code: ExplanationCode): Explanation | undefined {
  return list(sketches).find((one) => one.code === code);
}

const verdict = (sketches: readonly Sketch[]): string => analyze(buildComparison(sketches, {}, true)).summary.verdict;
/** Four matrices of 64 × 64. */
const four = (rest: Partial<Sketch>): Sketch[] =>
  [0, 1, 2, 3].map((block) => ({ name: `model.layers.${block}.mlp.up_proj.weight`, change: 0.02, ...rest }));
const N = 64 * 64;

test('no tensor is claimed twice, and the shares of all are the whole change', (t) => {
  const sketches = llama(4, () => 0.02).map((sketch, row) =>
    row % 3 === 0 ? { ...sketch, growth: 0.98, oneMinusCos: 0 } : row === 4 ? { ...sketch, nanNew: 3 } : sketch,
  );
  const explanations = list(sketches);
  t.deepEqual(
    explanations.map(({ code }) => code),
    ['broken', 'scaled', 'changed'],
  );
  const claimed = explanations.flatMap(({ tensors }) => tensors);
  t.deepEqual(
    claimed.toSorted((a, b) => a - b),
    sketches.map((_, row) => row),
  );
  t.true(Math.abs(explanations.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
});

test('broken: counted and named; not what was there before', (t) => {
  const one = find(
    four({}).map((sketch, row) => (row === 2 ? { ...sketch, nanNew: 2, infNew: 1 } : sketch)),
    'broken',
  );
  t.is(
    one?.sentence,
    'broken: 1 of 4 tensors contains NaN and Inf, model.layers.2.mlp.up_proj.weight (3 of 4,096 elements, and 4,093 others changed)',
  );
  const alone = four({ change: 0 }).map((sketch, row) =>
    row === 2 ? { ...sketch, nanNew: 1, type: 'modified' as const } : sketch,
  );
  t.is(
    verdict(alone),
    'Broken: 1 of 4 tensors contains NaN, model.layers.2.mlp.up_proj.weight (1 of 4,096 elements). All else is bit-identical.',
  );
  t.like(one?.evidence, { tensors: 1, of: 4, nan: 2, inf: 1 });
  t.is(find(four({ nanOld: 2, nanNew: 2 }), 'broken'), undefined);
});

test('overflowed: told instead, where the values were beyond the range of the new type', (t) => {
  const convert = (largest: number): Sketch[] => four({ change: 2 ** -12.3, dtype: 'f32', newDtype: 'f16', infNew: 1, largest });
  t.like(find(convert(70_000), 'overflowed')?.evidence, { from: 'f32', to: 'f16', became: 'Inf', elements: 4, limit: 65_504 });
  t.is(find(convert(70_000), 'broken'), undefined);
  t.is(find(convert(60_000), 'overflowed'), undefined);
});

test('optimizer states: their steps and the angle between first moments; no word of a model', (t) => {
  const states: Sketch[] = [0, 1].flatMap((index) => [
    { name: `optimizer.state.${index}.exp_avg`, change: 0.3, oneMinusCos: 0.07 },
    { name: `optimizer.state.${index}.exp_avg_sq`, change: 0.3 },
    { name: `optimizer.state.${index}.step`, shape: [], change: 0.625, rms: 16, growth: 0.375 },
  ]);
  const found = find(states, 'optimizer_state');
  t.like(found?.evidence, { tensors: 6, oldStep: 16, newStep: 6, isSame: false });
  t.regex(found?.sentence ?? '', /^optimizer states: step 16 → 6, first moments have a cosine of 0\.9\d and changed by \d+%$/);
  t.deepEqual(
    list(states).map(({ code }) => code),
    ['optimizer_state'],
  );
  t.is(find(four({}), 'optimizer_state'), undefined);
});

test('codes without values have no size; those of both sides are compared as codes', (t) => {
  const quantised: Sketch[] = [
    ...four({ newDtype: 'i8', dtype: 'bf16', change: 1.9 }),
    ...[0, 1, 2, 3].map((block) => ({ name: `model.layers.${block}.mlp.up_proj.SCB`, type: 'added' as const, shape: [64] })),
  ];
  t.like(find(quantised, 'codes')?.evidence, { tensors: 4, of: 4, type: 'int8' });
  t.regex(find(quantised, 'codes')?.sentence ?? '', /^quantised to int8: 4 of 4 tensors are stored as codes/);
  const both = quantised.map(({ type, ...sketch }): Sketch => ({ ...sketch, dtype: type === undefined ? 'i8' : 'f32' }));
  t.regex(
    find(
      both.map((sketch) => ({ ...sketch, change: 0 })),
      'codes',
    )?.sentence ?? '',
    /the codes of all 4 .* are identical$/,
  );
  t.regex(find(both, 'codes')?.sentence ?? '', /the codes of 4 of 4 .* differ; without their scales that has no size$/);
  t.is(find(four({}), 'codes'), undefined);
});

test('lossless_cast: the same values in a wider type', (t) => {
  const widened = find(four({ change: 0, dtype: 'f16', newDtype: 'f32' }), 'lossless_cast');
  t.like(widened?.evidence, { from: 'f16', to: 'f32', tensors: 4 });
  t.is(find(four({ change: 0 }), 'lossless_cast'), undefined);
});

test('unmerged_adapter: the changes of an adapter beside whole weights, and not beside the same changes', (t) => {
  const beside = (oneMinusCos: number, dtype: string): Explanation | undefined =>
    find(four({ change: 1, oneMinusCos, dtype, newDtype: 'f32' }), 'unmerged_adapter');
  t.like(beside(0.9, 'lora_r8')?.evidence, { tensors: 4, side: 'old' });
  t.is(beside(0.001, 'lora_r8'), undefined);
  t.is(beside(0.9, 'f32'), undefined);
  t.regex(verdict(four({ change: 1, oneMinusCos: 0.9, dtype: 'lora_r8', newDtype: 'f32' })), /^The old checkpoint is an adapter/);
});

test('cast: only where every element is the rounding of the other side', (t) => {
  const cast = (probes: NonNullable<Sketch['probes']>, rest: Partial<Sketch> = {}): Explanation | undefined =>
    find(four({ change: 1.66e-3, dtype: 'f32', newDtype: 'bf16', probes: { castElements: N, ...probes }, ...rest }), 'cast');
  t.is(
    cast({ castBf16: N })?.sentence,
    'same weights, rounded from f32 to bf16: all 16,384 elements of 4 tensors are equal after rounding',
  );
  t.like(cast({ castBf16: N })?.evidence, { direction: 'forward', from: 'f32', to: 'bf16', roundedTo: 'bf16', elements: 4 * N });
  t.is(cast({ castBf16: N - 1 }), undefined);
  t.is(cast({ truncBf16: N })?.evidence['direction'], 'cut');
  t.is(cast({ uncastBf16: N }, { dtype: 'bf16', newDtype: 'f32' })?.evidence['direction'], 'backward');
  t.regex(cast({ castBf16: N }, { newDtype: 'f32' })?.sentence ?? '', /rounded to bf16, stored as f32/);
  t.regex(cast({ castE4m3: N }, { newDtype: 'f8_e4m3fn' })?.sentence ?? '', /rounded from f32 to fp8 \(e4m3\)/);
  t.is(cast({ commonSource: 0.95 * N }, { dtype: 'f16' })?.evidence['direction'], 'common');
  t.is(cast({ commonSource: 0.85 * N }, { dtype: 'f16' }), undefined);
  t.is(cast({ commonSource: N }, { newDtype: 'f32' }), undefined, 'one type has no two roundings');
  t.is(find(four({ dtype: 'f32', newDtype: 'bf16' }), 'cast'), undefined, 'nobody looked');
  const ones = { constant: 1, newDtype: 'f32' };
  t.is(cast({ uncastBf16: N }, ones), undefined, 'a small change of what is 1 throughout rounds to 1');
});

test('scaled: one factor, exact or with a smaller change beside it; never a turn', (t) => {
  const exact = find(
    llama(4, () => 0.02, { growth: 0.98, oneMinusCos: 0 }),
    'scaled',
  );
  t.is(exact?.sentence, 'all weights were scaled by 0.980');
  t.like(exact?.evidence, { tensors: 39, isExact: true });
  const rest = find(four({ growth: 1.1, change: 0.092, oneMinusCos: 1e-4 }), 'scaled');
  t.regex(rest?.sentence ?? '', /^all weights were scaled by 1\.10, with a change of 1\.[56]% beyond that$/);
  t.is(find(four({ growth: 1.1, change: 0.092, oneMinusCos: 1e-4 }).slice(0, 2), 'scaled'), undefined, 'two may be chance');
  t.is(
    find(
      four({ growth: -1, change: 2, oneMinusCos: 2 }).map((one) => ({ ...one, growth: 1 })),
      'scaled',
    )?.sentence,
    'all weights changed their sign',
  );
  const decayed = four({ growth: 0.98, change: 0.02, oneMinusCos: 4e-13 });
  t.is(find(decayed, 'scaled')?.sentence, 'all weights were scaled by 0.980', 'step by step, each rounded');
  const few = [...four({ growth: 1.1, change: 0.092, oneMinusCos: 1e-4 }), ...llama(4, () => 0.02)];
  t.is(find(few, 'scaled'), undefined, 'a few of many share a factor by chance');
  const one = [...four({ change: 0 }), { name: 'model.layers.4.mlp.up_proj.weight', growth: 1.2, change: 1 / 6, oneMinusCos: 0 }];
  t.is(find(one, 'scaled')?.sentence, 'model.layers.4.mlp.up_proj.weight was scaled by 1.20');
  t.is(find(four({ change: 0.02 }), 'scaled'), undefined);
  t.is(
    find(four({ growth: 500, change: 1, oneMinusCos: 0.97 }), 'scaled'),
    undefined,
    'a large factor of weights that turned away',
  );
});

test('reordered: rows, columns and the layout of rotary positions', (t) => {
  const order = (probes: NonNullable<Sketch['probes']>): Explanation | undefined =>
    find(four({ change: 1.4, probes }), 'reordered');
  t.is(order({ rowOrder: 1 })?.evidence['order'], 'rows');
  t.is(order({ columnOrder: 1 })?.evidence['order'], 'columns');
  t.like(order({ rotaryToHalf: 16, rowOrder: 1 })?.evidence, { order: 'rotary_to_half', headSize: 16, tensors: 4 });
  t.like(order({ rotaryToPairs: 16 })?.evidence, { order: 'rotary_to_pairs', headSize: 16 });
  t.is(order({ rowOrder: 0, columnOrder: 0, rotaryToHalf: 0 }), undefined);
});

test('quantised: a grid on one side alone, with an error that it can make', (t) => {
  const grid = (change: number, probes: NonNullable<Sketch['probes']>): Explanation | undefined =>
    find(four({ change, probes }), 'quantised');
  t.like(grid(0.026, { newE4m3Row: 0, oldE4m3Row: 0.02 })?.evidence, {
    grid: 'fp8 (e4m3, one scale a row)',
    side: 'new',
    tensors: 4,
  });
  t.like(grid(0.026, { newE4m3Tensor: 0, oldE4m3Tensor: 0.02 })?.evidence, { grid: 'fp8 (e4m3, one scale a tensor)' });
  t.like(grid(0.1, { newDistinct32: 14, oldDistinct32: 32 })?.evidence, { grid: '4 bits or fewer in blocks of 32', side: 'new' });
  t.like(grid(0.1, { oldDistinct32: 14, newDistinct32: 32 })?.evidence, { side: 'old' });
  t.is(grid(0.1, { newDistinct16: 11, oldDistinct16: 12 }), undefined, 'it had few values before');
  t.like(
    grid(0.1, { newDistinct16: 9, oldDistinct16: 16, newDistinct32: 12, oldDistinct32: 32, newDistinct64: 14, oldDistinct64: 62 })
      ?.evidence,
    { grid: '4 bits or fewer in blocks of 64' },
    'the largest block',
  );
  t.like(
    grid(0.1, { newE4m3Row: 1e-4, oldE4m3Row: 0.02, newDistinct64: 14, oldDistinct64: 62 })?.evidence,
    { grid: '4 bits or fewer in blocks of 64' },
    'whole steps are numbers of e4m3 too, whose rounding errs less',
  );
  t.is(grid(0.04, { newDistinct16: 11, oldDistinct16: 16 }), undefined, '5 bits are no 4');
  t.is(grid(0.9, { newDistinct32: 14, oldDistinct32: 32 }), undefined, 'no rounding is that coarse');
  t.is(grid(0.1, {}), undefined);
});

test('quantised: the same weights only where they lie nearest to what stands for them', (t) => {
  const said = (newMisrounded: number | undefined, dtypes: Partial<Sketch> = {}): string => {
    const probes = newMisrounded === undefined ? {} : { newMisrounded };
    return find(four({ change: 0.07, dtype: 'bf16', newDtype: 'q4_k', probes, ...dtypes }), 'quantised')?.sentence ?? '';
  };
  t.is(said(0), 'same weights, rounded to Q4_K: error 7%, worst layers.0.mlp.up_proj 7%');
  t.regex(said(0.001), /^equal within rounding to Q4_K: error 7%.*; a smaller change cannot be seen$/);
  t.regex(said(undefined), /^equal within rounding to Q4_K: error 7%.*; a smaller change cannot be seen$/);
  t.regex(said(0.02), /^equal within rounding to Q4_K: .*; but 2% of the weights lie nearer to another value of the grid/);
  const both = { dtype: 'q8_0', newDtype: 'q4_k' };
  t.regex(said(0, both), /^equal within rounding to Q8_0 before and to Q4_K now: .*; a smaller change cannot be seen$/);
  t.regex(said(0, { dtype: 'q4_k' }), /^both sides are rounded to Q4_K, and differ by no more than that can: error 7%/);
  const dense = (newMisrounded: number): string =>
    find(four({ change: 0.1, probes: { newDistinct32: 14, oldDistinct32: 32, newMisrounded } }), 'quantised')?.sentence ?? '';
  t.regex(dense(0), /^same weights, rounded to 4 bits or fewer in blocks of 32: error 10%/);
  t.regex(
    dense(0.02),
    /^rounded to 4 bits or fewer in blocks of 32, not always to the nearest value: error 10%.*; 2% of the weights lie nearer to another/,
  );
  const back = four({ change: 0.3, probes: { oldDistinct32: 14, newDistinct32: 32, oldMisrounded: 0.5 } });
  t.regex(
    find(back, 'quantised')?.sentence ?? '',
    /changed, .*by 30%, worst .*; the old weights lie on a grid of 4 bits .*: rounding alone is not the difference$/,
  );
});

test('quantised: both sides on grids, of which nobody can tell what lies behind them', (t) => {
  const both = (change: number): Explanation | undefined =>
    find(four({ change, roundingShape: 'flat', probes: { newDistinct64: 14, oldDistinct64: 15 } }), 'quantised');
  t.regex(
    both(0.15)?.sentence ?? '',
    /lie on grids of 4 bits or fewer, and differ by 15%, as two roundings of the same weights may$/,
  );
  t.regex(both(0.5)?.sentence ?? '', /and differ by 50%$/);
  t.like(both(0.15)?.evidence, { side: 'both', tensors: 4 });
});

test('shifted: one number added to every element; not where both sides are constants', (t) => {
  const shift = (rest: Partial<Sketch>): Explanation | undefined =>
    find(four({ rms: 1, mean: 0.9, meanNew: -0.1, change: 1, ...rest }), 'shifted');
  t.regex(shift({})?.sentence ?? '', /^1 was subtracted from every element of 4 tensors/);
  t.like(shift({})?.evidence, { shift: -1, tensors: 4 });
  t.is(shift({ change: 1.1 }), undefined, 'the elements moved apart as well');
  t.is(shift({ constant: 1 }), undefined);
});

test('exchanged: every statistic is that of one old tensor with another name', (t) => {
  const two = (a: Partial<Sketch>, b: Partial<Sketch>): Explanation | undefined =>
    find([{ name: 'a.weight', change: 1.4, ...a }, { name: 'b.weight', change: 1.4, ...b }, ...four({ change: 0 })], 'exchanged');
  const found = two({ rms: 0.25, growth: 2 }, { rms: 0.5, growth: 0.5 });
  t.regex(found?.sentence ?? '', /^same weights under other names: 2 tensors .* \(a the old b and b the old a\)$/);
  t.is(two({ rms: 0.25, growth: 1.9 }, { rms: 0.5, growth: 0.6 }), undefined);
  t.like(
    two({ rms: 0.25, growth: 2 }, { rms: 0.5, growth: 0.5, change: 0.1 })?.evidence,
    { tensors: 1 },
    'b is nearly what it was',
  );
});

test('quantised: tensors that were changed too are told beside those that were not', (t) => {
  const rows = four({ change: 0.07, dtype: 'bf16', newDtype: 'q4_k', probes: { newMisrounded: 0 } });
  const changed = rows.map((row, at) => (at === 0 ? { ...row, probes: { newMisrounded: 0.1 } } : row));
  const sentences = list(changed)
    .filter(({ code }) => code === 'quantised')
    .map(({ sentence }) => sentence);
  t.is(sentences.length, 2);
  t.true(sentences.some((sentence) => sentence.startsWith('same weights, rounded to Q4_K')));
  t.true(sentences.some((sentence) => /but 10% of the weights lie nearer/.test(sentence)));
});

test('pruned: new zeros beside untouched elements; mask_lost: the other way round', (t) => {
  const pruned = (probes: NonNullable<Sketch['probes']>): Sketch[] =>
    four({ change: 0.3, zerosNew: N / 2, probes: { newZeros: N / 2, keptChanged: 0, ...probes } });
  t.like(find(pruned({ largestZeroed: 0.01, smallestKept: 0.02 }), 'pruned')?.evidence, {
    tensors: 4,
    zeroedElements: 2 * N,
    share: 0.5,
    isByMagnitude: true,
    isStructured: false,
  });
  t.regex(
    find(pruned({ fourGroups: 1 }), 'pruned')?.sentence ?? '',
    /^pruned: 50% of the elements of 4 tensors became zero, two of every four/,
  );
  t.notRegex(find(pruned({ largestZeroed: 0.2, smallestKept: 0.02 }), 'pruned')?.sentence ?? '', /smallest/);
  t.is(find(pruned({ keptChanged: N / 4 }), 'pruned'), undefined, 'the others changed too');
  t.is(find(pruned({ newZeros: 10 }), 'pruned'), undefined);
  const lines = {
    changedRows: 32,
    firstChangedRow: 3,
    lastChangedRow: 60,
    changedInRows: 1,
    largestZeroed: 0.2,
    smallestKept: 0.01,
  };
  t.regex(find(pruned(lines), 'pruned')?.sentence ?? '', /became zero, in whole rows; the others are untouched$/);
  const run = { ...lines, newZeros: 1000, changedRows: 17, lastChangedRow: 19, changedInRows: 0.92 };
  const hole = [...pruned(run).slice(0, 1), ...four({ change: 0 }).slice(1)];
  t.regex(
    find(hole, 'pruned')?.sentence ?? '',
    /^24% of the elements of .* became zero, all in rows 3–19; the others are untouched$/,
  );
  const lost = four({ zerosOld: N / 2, zerosNew: 4, probes: { lostZeros: N / 2 - 4 } });
  t.regex(
    find(lost, 'mask_lost')?.sentence ?? '',
    /^the pruning mask was lost: 50% of 4 tensors was zero before, 0\.0\d+% is now$/,
  );
  t.is(find(four({ zerosOld: N / 2, zerosNew: N / 2, probes: { lostZeros: 0 } }), 'mask_lost'), undefined);
});

test('rows_changed: few rows, or all but few scaled by one factor', (t) => {
  const rows = (probes: NonNullable<Sketch['probes']>): Explanation | undefined =>
    find([{ name: 'model.embed_tokens.weight', shape: [512, 8], change: 0.02, probes }, ...four({ change: 0 })], 'rows_changed');
  t.is(rows({ changedRows: 1, firstChangedRow: 200, lastChangedRow: 200 })?.sentence, 'only row 200 of embed_tokens changed');
  t.regex(rows({ changedRows: 4, firstChangedRow: 20, lastChangedRow: 23 })?.sentence ?? '', /^only rows 20–23 of /);
  const flipped: Sketch = {
    name: 'model.embed_tokens.weight',
    shape: [512, 64],
    change: 1,
    growth: 1e6,
    changedShare: 1 / (512 * 64),
    probes: { changedRows: 1, firstChangedRow: 7, lastChangedRow: 7 },
  };
  t.regex(
    find([flipped, ...four({ change: 0 })], 'rows_changed')?.sentence ?? '',
    /^only 1 element in row 7 of embed_tokens changed, to 3\.6e\+6$/,
  );
  t.regex(
    rows({ changedRows: 512, scaledRows: 511, rowScale: 0.97, firstChangedRow: 0, lastChangedRow: 511 })?.sentence ?? '',
    /^511 rows of embed_tokens were scaled by 0\.970, 1 row trained$/,
  );
  t.like(rows({ changedRows: 2, firstChangedRow: 3, lastChangedRow: 9 })?.evidence, {
    changedRows: 2,
    rows: 512,
    firstRow: 3,
    lastRow: 9,
  });
  t.is(rows({ changedRows: 400, firstChangedRow: 0, lastChangedRow: 511 }), undefined);
  t.is(rows({}), undefined);
});

test('zeroed, from_zero and replaced', (t) => {
  t.is(find(four({ growth: 0, change: 1 }), 'zeroed')?.evidence['tensors'], 4);
  t.is(find(four({}), 'zeroed'), undefined);
  const born = four({ change: 1 }).map((sketch) => ({ ...sketch, rms: 0 }));
  t.is(find(born, 'from_zero'), undefined, 'a norm of nothing at both ends is no birth');
  const replaced = (growth: number): Explanation | undefined =>
    find(
      llama(4, () => Math.SQRT2, { oneMinusCos: 1, growth }),
      'replaced',
    );
  t.regex(
    replaced(1.05)?.sentence ?? '',
    /^no resemblance: a cosine of -0\.049 in 30 tensors, as of another model, a new initialisation or a run that diverged$/,
  );
  t.regex(
    replaced(1)?.sentence ?? '',
    /^no resemblance: a cosine of 0\.000 in 30 tensors, yet each keeps its norm, as a rotation or another order of the same weights/,
  );
  t.is(
    find(
      llama(4, () => 0.9, { oneMinusCos: 0.5 }),
      'replaced',
    ),
    undefined,
  );
});

test('rounded_steps, masked and changed: the size of the elements that changed decides', (t) => {
  const shaped = (roundingShape: NonNullable<Sketch['roundingShape']>): Explanation | undefined =>
    list(four({ dtype: 'bf16', change: 1e-3, changedShare: 0.1, expectedChanged: 0.3, updateSize: 1e-3, roundingShape }))[0];
  t.is(shaped('cliff')?.code, 'rounded_steps');
  t.regex(
    shaped('cliff')?.sentence ?? '',
    /only where weights are small \(0\.1% in all\): .* half a spacing of bf16, .* without an f32 master copy$/,
  );
  t.is(shaped('flat')?.code, 'masked');
  t.regex(
    shaped('flat')?.sentence ?? '',
    /only 10% of their elements changed, large and small ones alike: a mask left the others out$/,
  );
  for (const shape of ['unknown', 'undecided', 'one_rounding'] as const) {
    t.is(shaped(shape)?.code, 'changed');
    t.notRegex(shaped(shape)?.sentence ?? '', /mask|master/);
  }
});

test('statistics_moved: told beside weights, and alone where no weight changed', (t) => {
  const model = (change: number, statistics: number): Sketch[] =>
    [1, 2].flatMap((layer) => [
      { name: `layer${layer}.0.conv1.weight`, shape: [8, 8, 3, 3], change },
      { name: `layer${layer}.0.bn1.weight`, shape: [8], change },
      { name: `layer${layer}.0.bn1.running_mean`, shape: [8], change: statistics },
      { name: `layer${layer}.0.bn1.running_var`, shape: [8], change: statistics },
    ]);
  t.like(find(model(0, 0.3), 'statistics_moved')?.evidence, { tensors: 4, layers: 2 });
  t.regex(
    verdict(model(0, 0.3)),
    /^No learnable weight changed; batch statistics of 2 layers moved: the model ran in training mode\./,
  );
  t.notRegex(verdict(model(0.02, 0.9)), /90%|statistics/);
  t.is(find(model(0.02, 0), 'statistics_moved'), undefined);
});
