/** What the second look finds, through the package, on pairs whose truth is known because they are made here. */
import test from 'ava';
import { analyze, compare, parseReport, renderReport, type Comparison, type TensorData } from 'model-diff';

import { createRandom, makeWeights, roundTo } from './analysis/simulate-rounding.ts';

const [ROWS, WIDTH] = [128, 256] as const;
const shape = [ROWS, WIDTH];
type Dtype = 'f32' | 'bf16' | 'f16';

/** Bits of f16 or bf16 of values that lie on its grid. */
function encode(values: Float64Array, dtype: Dtype): TensorData {
  if (dtype === 'f32') return { data: Float32Array.from(values), shape };
  const single = new Float32Array(1);
  const bits = new Uint32Array(single.buffer);
  const data = Uint16Array.from(values, (value) => {
    single[0] = dtype === 'bf16' ? value : value * 2 ** -112;
    const [all = 0] = bits;
    return dtype === 'bf16' ? all >>> 16 : ((all >>> 16) & 0x8000) | ((all >>> 13) & 0x7fff);
  });
  return { data, shape, dtype };
}

const random = createRandom(7);
const SOURCE = Float64Array.from({ length: ROWS * WIDTH }, () => Math.fround(0.02 * random.normal()));
const round = (values: Float64Array, dtype: Dtype): Float64Array => values.map((value) => roundTo(value, dtype));
const BF16 = round(SOURCE, 'bf16');

function run(old: TensorData, fresh: TensorData): Promise<Comparison> {
  return compare({ 'layers.0.mlp.up_proj.weight': old }, { 'layers.0.mlp.up_proj.weight': fresh });
}

/** The answers about the one tensor; what has none is left out. */
async function probe(old: TensorData, fresh: TensorData): Promise<Readonly<Record<string, number>>> {
  const { columns } = await run(old, fresh);
  return Object.fromEntries(
    Object.entries(columns.probes ?? {})
      .map(([metric, values]) => [metric, (values as Float64Array)[0] ?? Number.NaN] as const)
      .filter(([, value]) => !Number.isNaN(value)),
  );
}

const COUNT = SOURCE.length;

test('casts in every direction', async (t) => {
  for (const [dtype, name] of [
    ['bf16', 'Bf16'],
    ['f16', 'F16'],
  ] as const) {
    const rounded = round(SOURCE, dtype);
    const forward = await probe(encode(SOURCE, 'f32'), encode(rounded, dtype));
    t.like(forward, { [`cast${name}`]: COUNT, commonSource: COUNT, castElements: COUNT });
    const backward = await probe(encode(rounded, dtype), encode(SOURCE, 'f32'));
    t.like(backward, { [`uncast${name}`]: COUNT, castElements: COUNT });
    // Stored as before, but with fewer bits.
    t.is((await probe(encode(SOURCE, 'f32'), encode(rounded, 'f32')))[`cast${name}`], COUNT);
  }
  const through = await probe(encode(BF16, 'bf16'), encode(round(BF16, 'f16'), 'f16'));
  t.is(through['castF16'], COUNT);
  // By way of bf16 into a file of f16, which has not the range of it.
  const stored = await run(encode(SOURCE, 'f32'), encode(round(BF16, 'f16'), 'f16'));
  t.is(stored.columns.probes?.castBf16[0], COUNT);
  t.regex(analyze(stored).summary.verdict, /^Same weights, rounded from f32 to bf16, stored as f16: all 32,768 elements /);
});

test('blocks at another depth', async (t) => {
  const block = (at: number): TensorData[] => [7, 8].map((seed) => encode(makeBlock(10 * at + seed), 'bf16'));
  const model = (blocks: readonly number[]): Record<string, TensorData> =>
    Object.fromEntries([
      ['norm.weight', encode(BF16, 'bf16')],
      ...blocks.flatMap((from, at) => {
        const [up, down] = block(from);
        return [
          [`layers.${at}.mlp.up_proj.weight`, up],
          [`layers.${at}.mlp.down_proj.weight`, down],
        ];
      }),
    ]);
  const look = async (blocks: readonly number[]): Promise<readonly [unknown, string]> => {
    const comparison = await compare(model([0, 1, 2, 3]), model(blocks));
    t.deepEqual(parseReport(renderReport(comparison, { format: 'json' })).summary.movedBlocks, comparison.summary.movedBlocks);
    return [comparison.summary.movedBlocks?.[0]?.blocks, analyze(comparison).summary.verdict];
  };
  const pairs = (blocks: readonly number[]): (readonly number[])[] => blocks.map((from, at) => [at, from]);
  for (const [blocks, said] of [
    [[0, 1, 2, 1, 2, 3], 'the 6 blocks are the old blocks 0–2 and 1–3'],
    [[0, 1, 2, 3, 2, 3], 'the 6 blocks are the old blocks 0–3, 2 and 3'],
    [[0, 1, 3], 'the 3 blocks are the old blocks 0, 1 and 3; the old block 2 is gone'],
    [[1, 0, 2, 3], 'the 4 blocks are the old blocks 1, 0, 2 and 3'],
  ] as const) {
    const [moved, verdict] = await look(blocks);
    t.deepEqual(moved, pairs(blocks));
    t.is(verdict, `Same weights: ${said}.${blocks.join('') === '012323' ? '' : ' All else is bit-identical.'}`);
  }
  // Cut at the end, nothing moved; and what only looks alike is not said to be the same.
  t.is((await look([0, 1, 2]))[0], undefined);
  const like = model([0, 1, 3]);
  const { data, ...rest } = encode(makeBlock(37).reverse(), 'bf16');
  const comparison = await compare(model([0, 1, 2, 3]), { ...like, 'layers.2.mlp.up_proj.weight': { data, ...rest } });
  t.is(comparison.summary.movedBlocks, undefined);
});

/** Weights of one block, each time the same. */
function makeBlock(seed: number): Float64Array {
  const own = createRandom(seed);
  return round(
    Float64Array.from({ length: COUNT }, () => 0.02 * own.normal()),
    'bf16',
  );
}

test('cutting off is told from rounding', async (t) => {
  const cut = Float32Array.from(SOURCE);
  const bits = new Uint32Array(cut.buffer);
  bits.forEach((value, at) => (bits[at] = value & 0xffff_0000));
  const found = await probe(encode(SOURCE, 'f32'), encode(Float64Array.from(cut), 'bf16'));
  t.is(found['truncBf16'], COUNT);
  t.true((found['castBf16'] ?? 0) < 0.6 * COUNT);
});

test('two roundings of one source', async (t) => {
  const found = await probe(encode(BF16, 'bf16'), encode(round(SOURCE, 'f16'), 'f16'));
  t.is(found['commonSource'], COUNT);
  t.true((found['castF16'] ?? 0) < 0.5 * COUNT);
  // An update of the size of the rounding leaves many of them without one.
  const trained = SOURCE.map((value) => value + 1e-4 * random.normal());
  const other = await probe(encode(BF16, 'bf16'), encode(round(trained, 'f16'), 'f16'));
  t.true((other['commonSource'] ?? 0) < 0.7 * (other['castElements'] ?? 0));
});

test('pruned, with and without a pattern', async (t) => {
  const limit = [...BF16].map(Math.abs).sort((a, b) => a - b)[COUNT / 2] ?? 0;
  const pruned = BF16.map((value) => (Math.abs(value) < limit ? 0 : value));
  const found = await probe(encode(BF16, 'bf16'), encode(pruned, 'bf16'));
  t.like(found, { keptChanged: 0, lostZeros: 0, smallestKept: limit });
  t.true((found['newZeros'] ?? 0) > 0.45 * COUNT && (found['largestZeroed'] ?? 1) < limit);
  t.true((found['fourGroups'] ?? 1) < 0.9);
  const back = await probe(encode(pruned, 'bf16'), encode(BF16, 'bf16'));
  t.is(back['lostZeros'], found['newZeros']);
  const groups = BF16.map((value, at) => {
    const four = [...BF16.subarray(at - (at % 4), at - (at % 4) + 4)].map(Math.abs).sort((a, b) => b - a);
    return Math.abs(value) >= (four[1] ?? 0) ? value : 0;
  });
  t.true(((await probe(encode(BF16, 'bf16'), encode(groups, 'bf16')))['fourGroups'] ?? 0) > 0.97);
});

test('one row, and rows that were scaled', async (t) => {
  const one = BF16.map((value, at) => (Math.floor(at / WIDTH) === 77 ? roundTo(value + 0.01, 'bf16') : value));
  t.like(await probe(encode(BF16, 'bf16'), encode(one, 'bf16')), {
    changedRows: 1,
    firstChangedRow: 77,
    lastChangedRow: 77,
    scaledRows: 0,
    changedColumns: WIDTH,
  });
  const { columns } = await compare(
    { 'embed_tokens.weight': encode(SOURCE, 'f32') },
    {
      'embed_tokens.weight': encode(
        SOURCE.map((value, at) => Math.fround(at < WIDTH ? value + 0.01 : value * 0.97)),
        'f32',
      ),
    },
  );
  t.is(columns.probes?.scaledRows[0], ROWS - 1);
  t.true(Math.abs((columns.probes?.rowScale[0] ?? 0) - 0.97) < 1e-6);
});

test('quantised and back, on either side', async (t) => {
  const byRow = (quantise: (value: number, most: number) => number, most?: number): Float64Array =>
    Float64Array.from({ length: COUNT }, (_, at) => {
      const row = SOURCE.subarray(at - (at % WIDTH), at - (at % WIDTH) + WIDTH);
      return quantise(SOURCE[at] ?? 0, most ?? row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
    });
  const e4m3 = (value: number, most: number): number => {
    const scaled = (value * 448) / most;
    const step = 2 ** (Math.max(-6, Math.floor(Math.log2(Math.abs(scaled) || 1e-9))) - 3);
    return (Math.round(scaled / step) * step * most) / 448;
  };
  const most = SOURCE.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const int8 = (value: number, row: number): number => (Math.round((value * 127) / row) * row) / 127;
  for (const dtype of ['bf16', 'f32'] as const) {
    const old = encode(round(SOURCE, dtype), dtype);
    const look = async (values: Float64Array): Promise<Readonly<Record<string, number>>> =>
      probe(old, encode(round(values, dtype), dtype));
    const rows = await look(byRow(e4m3));
    t.true((rows['newE4m3Row'] ?? 1) < 3e-3 && (rows['newE4m3Tensor'] ?? 0) > 1e-2, JSON.stringify(rows));
    t.true((rows['oldE4m3Row'] ?? 1) > 1e-2);
    const all = await look(byRow(e4m3, most));
    t.true((all['newE4m3Tensor'] ?? 1) < 3e-3, JSON.stringify(all));
    const integers = await look(byRow(int8));
    t.true((integers['newInt8Row'] ?? 1) < 0.08 && (integers['newE4m3Row'] ?? 0) > 0.01, JSON.stringify(integers));
    const reverse = await probe(encode(round(byRow(int8), dtype), dtype), old);
    t.true((reverse['oldInt8Row'] ?? 1) < 0.08 && !((reverse['newInt8Row'] ?? 1) < 0.08), JSON.stringify(reverse));
  }
  // Sixteen values a block of 64.
  const nf4 = round(
    SOURCE.map((value, at) => {
      const block = SOURCE.subarray(at - (at % 64), at - (at % 64) + 64).reduce(
        (largest, one) => Math.max(largest, Math.abs(one)),
        0,
      );
      return (Math.round((value / block) * 7.5 - 0.5) + 0.5) * (block / 7.5);
    }),
    'bf16',
  );
  const found = await probe(encode(BF16, 'bf16'), encode(nf4, 'bf16'));
  t.true((found['newDistinct64'] ?? 64) <= 17 && (found['newDistinct128'] ?? 0) > 20 && (found['oldDistinct64'] ?? 0) > 55);
});

test('rows and columns in another order', async (t) => {
  const move = (from: (row: number, column: number) => readonly [number, number]): Float64Array =>
    Float64Array.from({ length: COUNT }, (_, at) => {
      const [row, column] = from(Math.floor(at / WIDTH), at % WIDTH);
      return BF16[row * WIDTH + column] ?? 0;
    });
  const old = encode(BF16, 'bf16');
  const look = (values: Float64Array): Promise<Readonly<Record<string, number>>> => probe(old, encode(values, 'bf16'));
  const none = { rowOrder: 0, columnOrder: 0, rotaryToHalf: 0, rotaryToPairs: 0 };
  t.like(await look(move((row, column) => [(row * 5 + 3) % ROWS, column])), { ...none, rowOrder: 1 });
  t.like(await look(move((row, column) => [row, (column * 5 + 3) % WIDTH])), { ...none, columnOrder: 1 });
  const head = 32;
  const halves = move((row, column) => {
    const [k, j] = [Math.floor((row % head) / (head / 2)), row % (head / 2)];
    return [row - (row % head) + 2 * j + k, column];
  });
  t.like(await look(halves), { ...none, rowOrder: 1, rotaryToHalf: head });
  t.like(await probe(encode(halves, 'bf16'), old), { ...none, rowOrder: 1, rotaryToPairs: head });
});

test('a saved comparison has the answers, and so has a part of one', async (t) => {
  const cast = (values: Float64Array): TensorData => encode(values, 'f32');
  const comparison = await compare({ a: cast(SOURCE), b: cast(SOURCE) }, { a: cast(BF16), b: cast(SOURCE) });
  t.is(comparison.summary.probedTensors, 1);
  const saved = renderReport(comparison, { format: 'json' });
  const again = parseReport(saved);
  t.deepEqual(again.columns.probes, comparison.columns.probes);
  t.is(again.summary.probedTensors, 1);
  t.is(renderReport(again, { format: 'json' }), saved);
  t.is(comparison.filter('a').columns.probes?.castBf16[0], COUNT);
  t.is(comparison.filter('b').summary.probedTensors, 0);
  const without = await compare({ a: cast(SOURCE) }, { a: cast(BF16) }, { probes: false });
  t.deepEqual([without.columns.probes, without.summary.probedTensors], [undefined, 0]);
});

test('an ordinary fine-tune is looked at in a few rows only', async (t) => {
  const trained = round(
    makeWeights(COUNT, 'f32', random).map((value, at) => (SOURCE[at] ?? 0) + 0.02 * value),
    'bf16',
  );
  const found = await probe(encode(BF16, 'bf16'), encode(trained, 'bf16'));
  t.true(
    Object.keys(found).every((metric) => /Distinct|Int8|E4m3(?:Row|Tensor)$/u.test(metric)),
    JSON.stringify(found),
  );
});

test('progress tells of the second look, and a wish to stop ends it', async (t) => {
  const phases = new Set<string>();
  await compare({ a: encode(SOURCE, 'f32') }, { a: encode(BF16, 'f32') }, { onProgress: ({ phase }) => phases.add(phase) });
  t.deepEqual([...phases], ['compare', 'probe']);
  const stop = new AbortController();
  await t.throwsAsync(
    compare(
      { a: encode(SOURCE, 'f32') },
      { a: encode(BF16, 'f32') },
      {
        signal: stop.signal,
        onProgress: ({ phase }) => {
          if (phase === 'compare') stop.abort(new Error('enough'));
        },
      },
    ),
    { message: 'enough' },
  );
});
