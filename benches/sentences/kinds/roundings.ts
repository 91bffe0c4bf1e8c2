/** The same weights rounded: casts and quantisation. */
import { isBody, type Model, store, toTensors, type Weights } from '../model.ts';
import { ROUND } from '../number-formats.ts';
import { CHANGED, has, IDENTICAL, type Kind, pair, SAME, TRAINING } from './kind.ts';

/** Fake quantisation: codes on a grid, stored as the type of the base. */
export function quantise(base: Model, block: (tensor: Weights) => number, grid: (values: number[]) => number[]): Model {
  return new Map(
    [...base].map(([name, tensor]) => {
      if (!isBody(tensor) || tensor.dtype === 'i64') return [name, tensor];
      const length = block(tensor);
      const values = tensor.values.slice();
      for (let at = 0; at < values.length; at += length) values.set(grid([...values.subarray(at, at + length)]), at);
      const round = ROUND[tensor.dtype];
      return [name, { ...tensor, values: values.map(round) }];
    }),
  );
}

export const rowLength = ({ shape, values }: Weights): number => values.length / (shape[0] ?? 1);

export const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function fp8(values: number[]): number[] {
  const scale = largest(values) / 448;
  return values.map((value) => (scale === 0 ? 0 : ROUND.e4m3(value / scale) * scale));
}

function int8(values: number[]): number[] {
  const scale = largest(values) / 127;
  return values.map((value) => (scale === 0 ? 0 : Math.round(value / scale) * scale));
}

export function int4(values: number[]): number[] {
  const scale = largest(values) / 7;
  return values.map((value) => (scale === 0 ? 0 : Math.round(value / scale) * scale));
}

export const ROUNDING_KINDS: readonly Kind[] = [
  {
    name: 'rounded to bf16',
    dtypes: ['f32'],
    make: (base) => pair(base, store(base, 'bf16'), [SAME, /rounded from f32 to bf16/], [IDENTICAL, TRAINING]),
  },
  {
    name: 'rounded to f16',
    dtypes: ['f32'],
    make: (base) => pair(base, store(base, 'f16'), [SAME, /rounded from f32 to f16/], [IDENTICAL, TRAINING]),
  },
  {
    name: 'stored as f32',
    dtypes: ['bf16', 'f16'],
    make: (base) => pair(base, store(base, 'f32'), [/same values, stored as f32 instead of b?f16/i], [TRAINING, CHANGED]),
  },
  {
    name: 'old is the rounded one',
    dtypes: ['f32'],
    make: (base) => pair(store(base, 'bf16'), base, [SAME, /old ones are the new ones rounded to bf16/], [IDENTICAL, TRAINING]),
  },
  {
    name: 'two exports of one source',
    dtypes: ['f32'],
    make: (base) =>
      pair(
        store(base, 'bf16'),
        store(base, 'f16'),
        [SAME, /one source|old ones are the new ones rounded/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'values of bf16 in f32',
    dtypes: ['f32'],
    make: (base) =>
      pair(base, store(store(base, 'bf16'), 'f32'), [SAME, /rounded to bf16, stored as f32/], [IDENTICAL, TRAINING]),
  },
  {
    name: 'to f16 by way of bf16',
    dtypes: ['f32'],
    make: (base) =>
      pair(base, store(store(base, 'bf16'), 'f16'), [SAME, /rounded from f32 to bf16, stored as f16/], [IDENTICAL, TRAINING]),
  },
  {
    name: 'fp8, a scale a tensor',
    make: (base) =>
      pair(
        base,
        quantise(base, ({ values }) => values.length, fp8),
        [SAME, /rounded to fp8 \(e4m3/, /error 2\.\d+%|error 2%/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'fp8, a scale a row',
    make: (base) =>
      pair(
        base,
        quantise(base, rowLength, fp8),
        [SAME, /rounded to fp8 \(e4m3/, /error 2\.\d+%|error 2%/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'int8, a scale a row',
    applies: ({ name }) => name !== 'ResNet' && name !== 'Qwen-VL',
    make: (base) => pair(base, quantise(base, rowLength, int8), [SAME, /rounded to (int8|8 bits)/], [IDENTICAL, TRAINING]),
  },
  {
    name: '4 bits in blocks of 32',
    applies: ({ name }) => name !== 'ResNet',
    make: (base) =>
      pair(
        base,
        quantise(base, () => 32, int4),
        [SAME, /rounded to 4 bits/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'old is dequantised',
    applies: ({ name }) => name !== 'ResNet',
    make: (base) =>
      pair(
        quantise(base, () => 32, int4),
        base,
        [/old (ones|weights) were rounded to 4 bits/i],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'int8 codes with scales',
    applies: has('mlp'),
    make: (base) => {
      const tensors = toTensors(base);
      const old = toTensors(base);
      for (const tensor of base.values()) {
        if (!isBody(tensor)) continue;
        const length = rowLength(tensor);
        const scales: number[] = [];
        const codes = new Int8Array(tensor.values.length);
        for (let at = 0; at < codes.length; at += length) {
          const row = [...tensor.values.subarray(at, at + length)];
          const scale = largest(row) / 127;
          scales.push(scale);
          codes.set(
            row.map((value) => Math.round(value / scale)),
            at,
          );
        }
        tensors[tensor.name] = { data: codes, shape: tensor.shape };
        tensors[tensor.name.replace(/\.weight$/, '.SCB')] = { data: Float32Array.from(scales), shape: [scales.length] };
      }
      return {
        old,
        new: tensors,
        says: [/quantised to int8/i, /codes/, /bit-identical/],
        never: [IDENTICAL, TRAINING, /exploded|learning rate|larger than before/i],
      };
    },
  },
];
