/** Values whose squares f64 does not hold, 1e200 and 1e-200, against sums in whole numbers: each f64 is a multiple of 2^-1074. */
import { Buffer } from 'node:buffer';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { Checkpoint, compareSeries, loadCheckpoint, ModelDiff, type ParameterDiff } from 'model-diff';

import { encodeRaw, makeFolder } from './helpers/safetensors.ts';

const folder = makeFolder();
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** x / 2^-1074. */
function toInteger(x: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer)[0] ?? 0n;
  const exponent = bits >> 52n;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent === 0n ? 0n : 1n << 52n);
  const value = mantissa << (exponent === 0n ? 0n : exponent - 1n);
  return x < 0 ? -value : value;
}

/** value * 2^exponent, the value not negative; Infinity beyond f64. */
function toNumber(value: bigint, exponent: number): number {
  const extra = Math.max(0, value.toString(2).length - 64);
  let [result, left] = [Number(value >> BigInt(extra)), exponent + extra];
  for (; left > 900; left -= 900) result *= 2 ** 900;
  for (; left < -900; left += 900) result *= 2 ** -900;
  return result * 2 ** left;
}

/** Root, rounded down. */
function root(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** Bits that roots and quotients are taken to behind the point. */
const BITS = 2400n;

interface Truth {
  readonly l2Diff: number;
  readonly oldNorm: number;
  readonly newNorm: number;
  readonly relativeChange: number;
  readonly symmetricChange: number;
  readonly oneMinusCos: number;
  readonly meanDiff: number;
}

function findTruth(a: ArrayLike<number>, b: ArrayLike<number>): Truth {
  let [aa, bb, ab, dd, d] = [0n, 0n, 0n, 0n, 0n];
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [toInteger(a[at] ?? 0), toInteger(b[at] ?? 0)];
    aa += x * x;
    bb += y * y;
    ab += x * y;
    dd += (y - x) ** 2n;
    d += y - x;
  }
  const lengthOf = (squares: bigint): number => toNumber(root(squares << 200n), -1174);
  const quotient = (squares: bigint, by: bigint): number => toNumber(root((squares << (2n * BITS)) / by), -Number(BITS));
  const product = root((aa * bb) << (2n * BITS));
  return {
    l2Diff: lengthOf(dd),
    oldNorm: lengthOf(aa),
    newNorm: lengthOf(bb),
    relativeChange: quotient(dd, aa),
    symmetricChange: quotient(dd, aa > bb ? aa : bb),
    oneMinusCos:
      toNumber((product - (ab << BITS)) << BITS, 0) === 0 ? 0 : toNumber(((product - (ab << BITS)) << 1200n) / product, -1200),
    meanDiff: (Math.sign(Number(d > 0n) - Number(d < 0n)) * toNumber((d < 0n ? -d : d) << 100n, -1174)) / a.length,
  };
}

let state = 1;
/** -1 to 1. */
function next(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 31 - 1;
}

function fill(count: number, sizeOf: (at: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, at) => next() * sizeOf(at));
}

function checkMetrics(assert: (ok: boolean, message: string) => void, diff: ParameterDiff, truth: Truth): void {
  for (const key of ['l2Diff', 'oldNorm', 'newNorm', 'relativeChange', 'symmetricChange'] as const) {
    const [found, wanted] = [diff[key], truth[key]];
    const isRight = wanted === Infinity ? found === null : found !== null && Math.abs(found - wanted) <= 1e-12 * wanted;
    assert(isRight, `${diff.name}: ${key} ${found} instead of ${wanted}`);
  }
  const [turn, wanted] = [diff.oneMinusCos ?? Number.NaN, truth.oneMinusCos];
  assert(Math.abs(turn - wanted) <= 1e-11 * wanted, `${diff.name}: oneMinusCos ${turn} instead of ${wanted}`);
}

const CHUNK = 2 ** 18;
const near = (a: Float64Array, by: number): Float64Array => a.map((x) => x * (1 + next() * by));
const sized = (count: number, old: number, newer: number): [Float64Array, Float64Array] => [
  fill(count, () => old),
  fill(count, () => newer),
];
const wild = (at: number): number => 10 ** (((at * 37) % 600) - 300);
const steps = (at: number): number => (at < CHUNK ? 1e-200 : at < 2 * CHUNK ? 1e200 : 1);
const [base, stepped] = [fill(1000, () => 1e160), fill(2 * CHUNK + 1000, steps)];

/** Each pair by its name. */
const PAIRS: Readonly<Record<string, readonly [Float64Array, Float64Array]>> = {
  ordinary: sized(1000, 1, 1),
  large: sized(1000, 1e200, 1e200),
  small: sized(1000, 1e-200, 1e-200),
  largest: sized(1000, 1e305, 1e305),
  'beyond f64': sized(1000, 1.7e308, 1.7e308),
  'large and small': sized(1000, 1e200, 1e-200),
  'small and large': sized(1000, 1e-200, 1e200),
  'far apart, both with squares': sized(1000, 1e-100, 1e120),
  'beside ordinary': sized(1000, 1, 1e-200),
  'at the border of squares': sized(1000, 1e154, 1e154),
  'at the lower border': sized(1000, 1e-154, 1e-160),
  'small change of large': [base, near(base, 1e-6)],
  'small change of small': [base.map((x) => x / 1e300), near(base, 1e-6).map((x) => x / 1e300)],
  'one element': [Float64Array.of(3e250), Float64Array.of(-1e250)],
  'all sizes': [fill(1200, wild), fill(1200, wild)],
  'chunks of all sizes': [stepped, near(stepped, 0.3)],
};
const truths = new Map(Object.entries(PAIRS).map(([name, [a, b]]) => [name, findTruth(a, b)]));

const inMemory = (side: 0 | 1): Checkpoint =>
  Checkpoint.fromTensors(
    new Map(Object.entries(PAIRS).map(([name, pair]) => [name, { data: pair[side], shape: [pair[side].length] }])),
  );

for (const precision of ['fast', 'double'] as const) {
  test(`norms, changes and angles are right for values of any size (${precision})`, async (t) => {
    const { diffs } = await new ModelDiff({ includeUnchanged: true, precision }).diff(inMemory(0), inMemory(1));
    t.is(diffs.length, truths.size);
    for (const diff of diffs) {
      const truth = truths.get(diff.name)!;
      checkMetrics((ok, message) => t.true(ok, message), diff, truth);
      const terms = diff.l1Diff === null ? truth.l2Diff : diff.l1Diff / PAIRS[diff.name]![0].length;
      t.true(
        Math.abs((diff.meanDiff ?? Number.NaN) - truth.meanDiff) <= 1e-12 * terms,
        `${diff.name}: meanDiff ${diff.meanDiff}`,
      );
    }
  });
}

test('threads do not change a bit of them', async (t) => {
  const run = (threads: number): Promise<unknown> =>
    new ModelDiff({ includeUnchanged: true, threads }).diff(inMemory(0), inMemory(1)).then(({ diffs }) => diffs);
  const one = await run(1);
  for (const threads of [2, 3, 8]) t.deepEqual(await run(threads), one, `${threads}`);
});

test('complex numbers of 128 bits', async (t) => {
  for (const [name, [a, b]] of Object.entries(PAIRS)) {
    if (a.length % 2 === 1) continue;
    const [old, newer] = [writeComplex('old', a), writeComplex('new', b)];
    const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(
      await loadCheckpoint(old),
      await loadCheckpoint(newer),
    );
    t.is(diffs.length, 1);
    checkMetrics((ok, message) => t.true(ok, `${name}: ${message}`), diffs[0]!, truths.get(name)!);
  }
});

function writeComplex(name: string, parts: Float64Array): string {
  const header = `{'descr': '<c16', 'fortran_order': False, 'shape': (${parts.length / 2},), }`.padEnd(117);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length + 1, 0]);
  const path = join(folder, `${name}.npy`);
  writeFileSync(path, Buffer.concat([start, Buffer.from(`${header}\n`), Buffer.from(parts.buffer)]));
  return path;
}

test('other types beside f64, and the ends of the range of f32', async (t) => {
  const singles = (size: number): Float64Array => Float64Array.from(Float32Array.from(fill(1000, () => size)));
  const cases = {
    'f32 beside large': ['F32', 'F64', singles(1e38), fill(1000, () => 1e250)],
    'f32 beside small': ['F32', 'F64', singles(1e-40), fill(1000, () => 1e-250)],
    'f32, large': ['F32', 'F32', singles(1e38), singles(1e38)],
    'f32, subnormal': ['F32', 'F32', singles(1e-42), singles(1e-42)],
    'f32, both': ['F32', 'F32', singles(1e38), singles(1e-42)],
    'i64 beside large': ['I64', 'F64', fill(1000, () => 1e6).map(Math.round), fill(1000, () => 1e250)],
    'i64 beside small': ['I64', 'F64', fill(1000, () => 1e6).map(Math.round), fill(1000, () => 1e-250)],
    'small beside zeros of i64': ['F64', 'I64', fill(1000, () => 1e-250), new Float64Array(1000).fill(0)],
  } as const;
  for (const [name, [oldType, newType, a, b]] of Object.entries(cases)) {
    const [old, newer] = [writeTyped('old', oldType, a), writeTyped('new', newType, b)];
    const [diff] = (await new ModelDiff({ includeUnchanged: true }).diff(await loadCheckpoint(old), await loadCheckpoint(newer)))
      .diffs;
    if (name.includes('zeros')) {
      t.true(Math.abs((diff?.l2Diff ?? Number.NaN) / findNorm(a) - 1) < 1e-12, name);
      t.true(Math.abs((diff?.relativeChange ?? Number.NaN) - 1) < 1e-12, name);
    } else {
      checkMetrics((ok, message) => t.true(ok, `${name}: ${message}`), diff!, findTruth(a, b));
    }
  }
});

function findNorm(values: Float64Array): number {
  return findTruth(values, values).oldNorm;
}

function writeTyped(name: string, dtype: 'F32' | 'F64' | 'I64', values: Float64Array): string {
  const data =
    dtype === 'F64' ? values : dtype === 'F32' ? Float32Array.from(values) : BigInt64Array.from(Array.from(values, BigInt));
  const header = `{"w":{"dtype":"${dtype}","shape":[${values.length}],"data_offsets":[0,${data.byteLength}]}}`;
  const path = join(folder, `${name}.safetensors`);
  writeFileSync(path, encodeRaw(header, Buffer.from(data.buffer)));
  return path;
}

test('statistics of one side', (t) => {
  const values = fill(3000, () => 1).map((x) => x + 1);
  for (const size of [2 ** 700, 2 ** -700]) {
    const of = (data: Float64Array): ReturnType<typeof read> =>
      read(Checkpoint.fromTensors({ w: { data, shape: [data.length] } }));
    const [plain, scaled] = [of(values), of(values.map((x) => x * size))];
    for (const key of ['mean', 'std'] as const) t.is(scaled[key], plain[key] * size, key);
  }
});

function read(checkpoint: Checkpoint): { mean: number; std: number } {
  const { mean, std } = checkpoint.tensorInfo.get('w')!;
  return { mean, std };
}

test('layers and series have the numbers of ordinary values, times the size', async (t) => {
  const names = ['a.weight', 'a.bias', 'b.weight'];
  const states = [0, 1, 2, 3].map(() => names.map(() => fill(64, () => 1)));
  const path = states.map((_, at) =>
    names.map((__, name) =>
      states
        .slice(0, at + 1)
        .reduce<Float64Array>((sum, state) => sum.map((x, i) => x + (state[name]?.[i] ?? 0)), new Float64Array(64)),
    ),
  );
  const of = (size: number): Checkpoint[] =>
    path.map((state) =>
      Checkpoint.fromTensors(new Map(names.map((name, at) => [name, { data: state[at]!.map((x) => x * size), shape: [8, 8] }]))),
    );
  const plain = await compareSeries(of(1));
  const [old, , , last] = of(1);
  const { summary } = await new ModelDiff().diff(old!, last!);
  t.is(plain.steps.length, 3);
  for (const size of [2 ** 600, 2 ** -600, 2 ** 300]) {
    const series = await compareSeries(of(size));
    for (const [at, step] of series.steps.entries()) {
      const wanted = plain.steps[at]!;
      for (const key of ['stepSize', 'distance', 'pathLength', 'norm'] as const) t.is(step[key], wanted[key]! * size, key);
      for (const key of ['relativeStep', 'relativeDistance', 'straightness', 'stepCosine', 'wayCosine', 'normGrowth'] as const)
        t.is(step[key], wanted[key], key);
    }
    t.deepEqual(series.tensors.stepCosine, plain.tensors.stepCosine);
    t.deepEqual(series.tensors.wayCosine, plain.tensors.wayCosine);
    const [first, , , end] = of(size);
    const scaled = await new ModelDiff().diff(first!, end!);
    t.deepEqual(scaled.summary.mostChangedLayers, summary.mostChangedLayers);
  }
});
