import test from 'ava';
import { judgeShape } from '../../src/compare/rounding-shape.ts';
import type { RoundingShape } from '../../src/comparison/columns.ts';
import { countBins, createRandom, type FloatType, makeWeights, roundTo, trainRounded } from './simulate-rounding.ts';

const ELEMENTS = 16384;
/** Spacing of the numbers at 1, times the deviation of the weights: updates are measured in it. */
const UNIT: Readonly<Record<FloatType, number>> = { bf16: 0.02 * 2 ** -7, f16: 0.02 * 2 ** -10, f32: 0.02 * 2 ** -23 };
const TYPES = ['bf16', 'f16', 'f32'] as const;

type Random = ReturnType<typeof createRandom>;

function judge(old: Float64Array, fresh: Float64Array, dtype: FloatType): RoundingShape {
  const { bins, logSize } = countBins(old, fresh, dtype);
  return judgeShape(bins, logSize);
}

/** Updates of deviation 1 that are not all normally distributed. */
const UPDATES: Readonly<Record<string, (random: Random) => () => number>> = {
  normal: ({ normal }) => normal,
  uniform:
    ({ uniform }) =>
    () =>
      (2 * uniform() - 1) * Math.sqrt(3),
  laplace:
    ({ uniform }) =>
    () =>
      ((uniform() < 0.5 ? 1 : -1) * -Math.log(1 - uniform())) / Math.SQRT2,
  'of rows of different size': ({ normal }) => {
    let [count, size] = [0, 1];
    return () => {
      if (count++ % 256 === 0) size = Math.exp(0.7 * normal());
      return size * normal();
    };
  },
};

/** What was done, and how the pairs are made: of each, what may be said. */
interface Case {
  readonly truth: RoundingShape;
  readonly make: (dtype: FloatType, random: Random) => readonly [Float64Array, Float64Array];
}

function* listCases(): Generator<Case> {
  for (const update of Object.values(UPDATES)) {
    for (const size of [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100]) {
      const make = (isOnGrid: boolean): Case['make'] => {
        return (dtype, random) => {
          const next = update(random);
          const before = isOnGrid
            ? makeWeights(ELEMENTS, dtype, random)
            : Float64Array.from({ length: ELEMENTS }, () => 0.02 * random.normal());
          const after = before.map((value) => roundTo(value + size * UNIT[dtype] * next(), dtype));
          return [before.map((value) => roundTo(value, dtype)), after];
        };
      };
      yield { truth: 'one_rounding', make: make(true) };
      yield { truth: 'one_rounding', make: make(false) };
    }
  }
  for (const size of [0.1, 0.3, 1, 10, 100]) {
    for (const share of [0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9]) {
      yield {
        truth: 'flat',
        make: (dtype, random) => {
          const old = makeWeights(ELEMENTS, dtype, random);
          const isOpen = (): boolean => random.uniform() < share;
          return [old, old.map((value) => (isOpen() ? roundTo(value + size * UNIT[dtype] * random.normal(), dtype) : value))];
        },
      };
    }
  }
  for (const rate of [0.03, 0.1, 0.3, 1]) {
    for (const signal of [0, 0.3, 1]) {
      yield {
        truth: 'cliff',
        make: (dtype, random) => {
          const old = makeWeights(ELEMENTS / 4, dtype, random);
          return [old, trainRounded(old, dtype, rate * UNIT[dtype], 100, signal, random)];
        },
      };
    }
  }
}

for (const [at, dtype] of TYPES.entries()) {
  test(`what was done to ${dtype} weights is told from how the share of changed elements depends on their size`, (t) => {
    const counts = new Map<string, number>();
    let index = 0;
    for (const { truth, make } of listCases()) {
      const found = judge(...make(dtype, createRandom(1000 * at + index++)), dtype);
      counts.set(`${truth} ${found}`, (counts.get(`${truth} ${found}`) ?? 0) + 1);
      if (found !== 'undecided') t.is<RoundingShape, RoundingShape>(found, truth, `case ${index}`);
    }
    const count = (truth: RoundingShape, found: RoundingShape): number => counts.get(`${truth} ${found}`) ?? 0;
    t.log(Object.fromEntries(counts));
    for (const [truth, least] of [
      ['one_rounding', 0.6],
      ['flat', 0.85],
      ['cliff', 0.7],
    ] as const)
      t.true(count(truth, truth) / (count(truth, truth) + count(truth, 'undecided')) >= least, truth);
  });
}

test('few elements tell nothing', (t) => {
  const random = createRandom(1);
  const old = makeWeights(100, 'bf16', random);
  t.is(
    judge(
      old,
      old.map((value) => roundTo(value * 1.01, 'bf16')),
      'bf16',
    ),
    'unknown',
  );
});

test('small weights that are cut off are no cliff that goes down to zero', (t) => {
  // An 8-bit float keeps one in sixteen values of bf16, and all small ones change.
  const random = createRandom(2);
  const old = makeWeights(ELEMENTS, 'bf16', random);
  const fresh = old.map((value) => {
    const step = 2 ** (Math.max(-9, Math.floor(Math.log2(Math.abs(value) || 1))) - 3);
    return Math.round(value / step) * step;
  });
  t.not(judge(old, fresh, 'bf16'), 'cliff');
});
