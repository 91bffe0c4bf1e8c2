import test from 'ava';
import { roundTo } from '../../benches/analysis/measure-tensor.ts';
import { createRandom } from '../../benches/analysis/random.ts';
import { erfc } from '../../src/analysis/rounding/erfc.ts';
import { approximateExpectedChange } from '../../src/analysis/rounding/gaussian.ts';
import { expectedChange, STORAGE_GRIDS } from '../../src/analysis/rounding/model.ts';

const ELEMENTS = 1 << 16;
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

interface Run {
  readonly exponents: Float64Array;
  readonly sumSquaredDiff: number;
  readonly changed: number;
  readonly rms: number;
  readonly measured: number;
}

/** A Gaussian tensor on the grid of the dtype, and a Gaussian update of relative size `size`, rounded. */
function update(size: number, dtype: string, seed = 7): Run {
  const random = createRandom(seed);
  const exponents = new Float64Array(256);
  let [energy, square, changed] = [0, 0, 0];
  for (let at = 0; at < ELEMENTS; at += 1) {
    const old = roundTo(0.02 * random.gaussian(), dtype);
    const fresh = roundTo(old + 0.02 * size * random.gaussian(), dtype);
    float[0] = old;
    const bin = ((bits[0] ?? 0) >>> 23) & 255;
    exponents[bin] = (exponents[bin] ?? 0) + 1;
    energy += (fresh - old) ** 2;
    square += old ** 2;
    if (fresh !== old) changed += 1;
  }
  return {
    exponents,
    sumSquaredDiff: energy,
    changed: changed / ELEMENTS,
    rms: Math.sqrt(square / ELEMENTS),
    measured: Math.sqrt(energy / square),
  };
}

function grid(dtype: string): { readonly mantissaBits: number; readonly minExponent: number } {
  const found = STORAGE_GRIDS.get(dtype);
  if (found === undefined) throw new Error(dtype);
  return found;
}

/** Relative sizes as measured after rounding, and the share of unchanged elements that goes with them. */
const TABLE: readonly (readonly [measured: number, least: number, most: number])[] = [
  [4.2e-4, 0.84, 0.86],
  [7e-4, 0.77, 0.8],
  [1.2e-2, 0.14, 0.15],
  [5e-2, 0.035, 0.036],
  [7.2e-2, 0.023, 0.025],
];

/** The update before rounding that measures `target` after it. */
function sizeFor(target: number): number {
  let size = target;
  for (let step = 0; step < 5; step += 1) size *= target / update(size, 'bf16').measured;
  return size;
}

test('the table: what bf16 leaves of an update, and the model says the same', (t) => {
  for (const [measured, least, most] of TABLE) {
    const size = sizeFor(measured);
    const run = update(size, 'bf16');
    const kept = 1 - run.changed;
    t.true(kept >= least - 0.005 && kept <= most + 0.005, `${measured}: ${kept}`);
    const model = expectedChange({
      ...grid('bf16'),
      exponents: run.exponents,
      sumSquaredDiff: run.sumSquaredDiff,
      elements: ELEMENTS,
      rms: run.rms,
    });
    t.true(Math.abs(model.expectedChanged - run.changed) <= 0.005, `${measured}: ${model.expectedChanged} for ${run.changed}`);
    t.true(Math.abs(model.updateSize / size - 1) <= 0.01, `${measured}: size ${model.updateSize} for ${size}`);
  }
});

test('f16 and f32, and sizes from 1e-4 to 5e-2', (t) => {
  for (const dtype of ['bf16', 'f16', 'f32']) {
    for (const size of [1e-4, 1e-3, 5e-2]) {
      const run = update(size, dtype, 11);
      const model = expectedChange({
        ...grid(dtype),
        exponents: run.exponents,
        sumSquaredDiff: run.sumSquaredDiff,
        elements: ELEMENTS,
        rms: run.rms,
      });
      t.true(
        Math.abs(model.expectedChanged - run.changed) <= 0.005,
        `${dtype} ${size}: ${model.expectedChanged} for ${run.changed}`,
      );
    }
  }
});

test('without a histogram: Gaussian weights give nearly the same, and it says so', (t) => {
  for (const size of [3e-4, 1e-3, 1e-2]) {
    const run = update(size, 'bf16', 3);
    const model = approximateExpectedChange({
      ...grid('bf16'),
      deviation: run.rms,
      sumSquaredDiff: run.sumSquaredDiff,
      elements: ELEMENTS,
    });
    t.true(Math.abs(model.expectedChanged - run.changed) <= 0.01, `${size}: ${model.expectedChanged} for ${run.changed}`);
    t.true(model.approximate);
  }
});

test('weights around 1, as norms have, are more coarsely stored', (t) => {
  const input = { ...grid('bf16'), sumSquaredDiff: 64 * 1e-8, elements: 64 };
  const norm = approximateExpectedChange({ ...input, mean: 1, deviation: 0.01 });
  const weights = approximateExpectedChange({ ...input, deviation: 0.01 });
  t.true(norm.expectedChanged < 0.01);
  t.true(weights.expectedChanged > 0.8);
});

test('bins may be a window with an offset, and a sample', (t) => {
  const run = update(1e-3, 'bf16');
  const input = { ...grid('bf16'), sumSquaredDiff: run.sumSquaredDiff, elements: ELEMENTS, rms: run.rms };
  const whole = expectedChange({ ...input, exponents: run.exponents });
  const window = expectedChange({ ...input, exponents: run.exponents.slice(80, 130), exponentOffset: -47 });
  const sample = expectedChange({ ...input, exponents: run.exponents.map((count) => count / 16) });
  t.true(Math.abs(window.expectedChanged - whole.expectedChanged) < 1e-4);
  t.true(Math.abs(sample.expectedChanged - whole.expectedChanged) < 1e-9);
  const guessed = expectedChange({
    ...grid('bf16'),
    exponents: run.exponents,
    sumSquaredDiff: run.sumSquaredDiff,
    elements: ELEMENTS,
  });
  t.true(Math.abs(guessed.updateSize / whole.updateSize - 1) < 0.02, 'the root mean square is read off the exponents');
});

test('where there is nothing to solve nothing is claimed', (t) => {
  const exponents = new Float64Array(256);
  for (const sumSquaredDiff of [0, Number.NaN, Infinity])
    t.is(
      expectedChange({ ...grid('bf16'), exponents: exponents.fill(1), sumSquaredDiff, elements: 10 }).expectedChanged,
      Number.NaN,
    );
  t.is(
    expectedChange({ ...grid('bf16'), exponents: new Float64Array(256), sumSquaredDiff: 1, elements: 10 }).expectedChanged,
    Number.NaN,
  );
  t.is(approximateExpectedChange({ ...grid('bf16'), deviation: 0, sumSquaredDiff: 1, elements: 10 }).expectedChanged, Number.NaN);
  const all = expectedChange({ ...grid('bf16'), exponents: exponents.fill(1), sumSquaredDiff: 1e70, elements: 10 });
  t.true(all.expectedChanged > 0 && all.expectedChanged <= 1);
});

test('erfc against known values', (t) => {
  const known: readonly (readonly [number, number])[] = [
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [2, 0.004677734981047266],
    [3, 2.209049699858544e-5],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
    [-1, 1.8427007929497148],
  ];
  for (const [x, value] of known) t.true(Math.abs(erfc(x) / value - 1) < 1e-12, `erfc(${x}) = ${erfc(x)}`);
});
