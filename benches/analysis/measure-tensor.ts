/** Statistics of a tensor before and after, counted element by element, in the columns that a comparison gives. */
import type { ExpectedChange } from '../../src/analysis/rounding/model.ts';
import type { SideColumns, TensorColumns } from '../../src/comparison/columns.ts';

interface Side {
  readonly norm: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly zeros: number;
}

/** One compared tensor. */
export interface MeasuredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly elements: number;
  readonly l2: number;
  readonly l1: number;
  readonly largest: number;
  readonly meanDiff: number;
  readonly oneMinusCos: number;
  readonly bitChanged: number;
  readonly aboveThreshold: number;
  readonly old: Side;
  readonly new: Side;
  readonly expected: ExpectedChange;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest value that the dtype holds, ties to even. */
export function roundTo(value: number, dtype: string): number {
  if (dtype === 'f16') {
    const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value)) || -14));
    const unit = 2 ** (exponent - 10);
    const steps = value / unit;
    const floor = Math.floor(steps);
    const rest = steps - floor;
    return (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor) * unit;
  }
  float[0] = value;
  if (dtype === 'f32') return float[0] ?? 0;
  const word = bits[0] ?? 0;
  bits[0] = ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0;
  return float[0] ?? 0;
}

function exponentOf(value: number): number {
  float[0] = value;
  return ((bits[0] ?? 0) >>> 23) & 255;
}

/** Rounds the weights to the dtype, changes them, rounds again, and counts. */
export function measureTensor(
  name: string,
  shape: readonly number[],
  dtype: string,
  weights: Float64Array,
  change: (old: number, at: number) => number,
  expect: (exponents: Float64Array, sumSquaredDiff: number, rms: number) => ExpectedChange,
): MeasuredTensor {
  const old = weights.map((weight) => roundTo(weight, dtype));
  const fresh = old.map((weight, at) => roundTo(change(weight, at), dtype));
  const exponents = new Float64Array(256);
  let [energy, l1, largest, total, dot, bitChanged, aboveThreshold] = [0, 0, 0, 0, 0, 0, 0];
  old.forEach((before, at) => {
    const difference = (fresh[at] ?? 0) - before;
    const bin = exponentOf(before);
    exponents[bin] = (exponents[bin] ?? 0) + 1;
    energy += difference ** 2;
    l1 += Math.abs(difference);
    largest = Math.max(largest, Math.abs(difference));
    total += difference;
    dot += difference * before;
    if (difference !== 0) bitChanged += 1;
    if (Math.abs(difference) > 1e-6) aboveThreshold += 1;
  });
  const [a, b] = [describe(old), describe(fresh)];
  const root = a.norm * b.norm;
  const oneMinusCos = root === 0 ? 0 : Math.max(0, (a.norm ** 2 * energy - dot ** 2) / (root * (root + a.norm ** 2 + dot)));
  const expected = expect(exponents, energy, a.norm / Math.sqrt(old.length));
  const counts = { bitChanged, aboveThreshold, largest, l1, meanDiff: total / old.length };
  return { name, shape, dtype, elements: old.length, l2: Math.sqrt(energy), oneMinusCos, ...counts, old: a, new: b, expected };
}

function describe(values: Float64Array): Side {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0);
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    norm: Math.sqrt(square),
    mean,
    std: Math.sqrt(spread / values.length),
    min: values.reduce((least, value) => Math.min(least, value), Infinity),
    max: values.reduce((most, value) => Math.max(most, value), -Infinity),
    zeros: values.filter((value) => value === 0).length,
  };
}

/** Compared tensors as columns. */
export function collectColumns(tensors: readonly MeasuredTensor[]): TensorColumns {
  const column = (valueOf: (tensor: MeasuredTensor) => number): Float64Array => Float64Array.from(tensors, valueOf);
  const relative = ({ l2, old }: MeasuredTensor): number => (old.norm === 0 ? Number.NaN : l2 / old.norm);
  const symmetric = ({ l2, old, new: fresh }: MeasuredTensor): number => (l2 === 0 ? 0 : l2 / Math.max(old.norm, fresh.norm));
  const isModified = (tensor: MeasuredTensor): boolean => tensor.aboveThreshold > 0 || symmetric(tensor) > 1e-6;
  const side = (which: 'old' | 'new'): SideColumns => ({
    dtype: tensors.map(({ dtype }) => dtype),
    shape: tensors.map(({ shape }) => shape),
    numElements: column(({ elements }) => elements),
    sizeBytes: column(({ elements, dtype }) => elements * (dtype === 'f32' ? 4 : 2)),
    norm: column((tensor) => tensor[which].norm),
    mean: column((tensor) => tensor[which].mean),
    std: column((tensor) => tensor[which].std),
    min: column((tensor) => tensor[which].min),
    max: column((tensor) => tensor[which].max),
    zeros: column((tensor) => tensor[which].zeros),
    nan: column(() => 0),
    inf: column(() => 0),
  });
  return {
    names: tensors.map(({ name }) => name),
    changeType: Uint8Array.from(tensors, (tensor) => Number(isModified(tensor))),
    l2Diff: column(({ l2 }) => l2),
    l1Diff: column(({ l1 }) => l1),
    maxDiff: column(({ largest }) => largest),
    meanDiff: column(({ meanDiff }) => meanDiff),
    cosineSim: column(({ oneMinusCos }) => 1 - oneMinusCos),
    oneMinusCos: column(({ oneMinusCos }) => oneMinusCos),
    relativeChange: column(relative),
    symmetricChange: column(symmetric),
    changedElements: column(({ aboveThreshold }) => aboveThreshold),
    totalElements: column(({ elements }) => elements),
    bitChanged: column(({ bitChanged }) => bitChanged),
    identical: Uint8Array.from(tensors, ({ bitChanged }) => Number(bitChanged === 0)),
    dtypeChanged: new Uint8Array(tensors.length),
    old: side('old'),
    new: side('new'),
    errors: new Map(),
    rounding: {
      expectedChanged: column(({ expected }) => expected.expectedChanged),
      updateSize: column(({ expected }) => expected.updateSize),
      shape: new Uint8Array(tensors.length),
    },
  };
}
