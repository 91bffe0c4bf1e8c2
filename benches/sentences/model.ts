import type { Random } from '../analysis/random.ts';
import type { Architecture, ModelTensor, Part } from './architectures.ts';
import { pack, ROUND, type StorageType } from './number-formats.ts';

/** A tensor with its values, which are those of its storage type. */
export interface Weights extends ModelTensor {
  readonly values: Float32Array;
  readonly dtype: StorageType | 'i64';
}

export type Model = ReadonlyMap<string, Weights>;

/** What `compare` takes. */
export type Tensors = Record<
  string,
  { data: Float32Array | Uint16Array | Uint8Array | Int8Array | BigInt64Array; shape: readonly number[]; dtype?: string }
>;

/** A model with trained-looking weights: Gaussian matrices with heavy tails, norms near 1, small biases. */
export function createModel({ tensors }: Architecture, dtype: StorageType, random: Random): Model {
  return new Map(
    tensors.map((tensor) => [
      tensor.name,
      {
        ...tensor,
        dtype: tensor.part === 'counter' ? ('i64' as const) : dtype,
        values: Float32Array.from({ length: size(tensor.shape) }, () => ROUND[dtype](draw(tensor.part, random))),
      },
    ]),
  );
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function draw(part: Part, random: Random): number {
  const normal = random.gaussian();
  switch (part) {
    case 'norm':
      return 1 + 0.1 * normal;
    case 'bias':
      return 0.02 * normal;
    case 'statistics':
      return Math.abs(0.5 + 0.1 * normal);
    case 'counter':
      return 1000;
    case 'conv':
    case 'embedding':
    case 'expert':
    case 'head':
    case 'k':
    case 'mlp':
    case 'o':
    case 'position':
    case 'projector':
    case 'q':
    case 'router':
    case 'v':
      return 0.05 * normal * (random.chance(0.02) ? 4 : 1);
  }
}

/** A model of which some tensors have other values, rounded to their type once. */
export function change(model: Model, edit: (tensor: Weights) => ((value: number, at: number) => number) | null): Model {
  return new Map(
    [...model].map(([name, tensor]) => {
      const make = tensor.dtype === 'i64' ? null : edit(tensor);
      if (make === null) return [name, tensor];
      const round = ROUND[tensor.dtype as StorageType];
      return [name, { ...tensor, values: tensor.values.map((value, at) => round(make(value, at))) }];
    }),
  );
}

/** A dense change of this size relative to the tensor's root mean square. */
export function noise(tensor: Weights, size_: number, random: Random): (value: number) => number {
  const rms = rootMeanSquare(tensor.values);
  return (value) => value + size_ * rms * random.gaussian();
}

export function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
}

/** The model in another type. */
export function store(model: Model, dtype: StorageType): Model {
  return new Map(
    [...model].map(([name, tensor]) =>
      tensor.dtype === 'i64' ? [name, tensor] : [name, { ...tensor, dtype, values: tensor.values.map(ROUND[dtype]) }],
    ),
  );
}

export function toTensors(model: Model): Tensors {
  return Object.fromEntries(
    [...model].map(([name, { values, shape, dtype }]) => [
      name,
      dtype === 'i64'
        ? { data: BigInt64Array.from(values, (value) => BigInt(Math.round(value))), shape }
        : { data: pack(values, dtype), shape, ...(dtype === 'f32' ? {} : { dtype }) },
    ]),
  );
}

export const MATRICES: ReadonlySet<Part> = new Set([
  'q',
  'k',
  'v',
  'o',
  'mlp',
  'expert',
  'router',
  'embedding',
  'position',
  'head',
  'conv',
  'projector',
]);
export const ATTENTION: ReadonlySet<Part> = new Set(['q', 'k', 'v', 'o']);

/** Whether a tensor is a matrix inside a block. */
export function isBody({ part, block }: ModelTensor): boolean {
  return block !== null && MATRICES.has(part);
}
