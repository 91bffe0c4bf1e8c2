/** The same weights where another tensor was, turned, or beside another number. */
import { change, type Model, size, type Weights } from '../model.ts';
import { ROUND, type StorageType } from '../number-formats.ts';
import type { Random } from '../../analysis/random.ts';
import { has, IDENTICAL, type Kind, pair, SAME, TRAINING } from './kind.ts';

/** Two matrices of an MLP with one shape; undefined where a model has none. */
function findTwins(model: Model): [Weights, Weights] | undefined {
  const matrices = [...model.values()].filter(({ part, shape }) => part === 'mlp' && size(shape) >= 256);
  for (const one of matrices) {
    const other = matrices.find(({ name, shape }) => name !== one.name && shape.join() === one.shape.join());
    if (other !== undefined) return [one, other];
  }
  return undefined;
}

/** Random reflections, one after the other, along the last axis: W (1 - 2 u uᵀ) of each. */
function turn({ values, shape, dtype }: Weights, random: Random): Float32Array {
  const width = shape.at(-1) ?? 1;
  const turned = Float64Array.from(values);
  for (let round = 0; round < 2 * width; round += 1) {
    const normal = Float64Array.from({ length: width }, () => random.gaussian());
    const square = normal.reduce((sum, value) => sum + value * value, 0);
    for (let start = 0; start < turned.length; start += width) {
      let along = 0;
      for (let at = 0; at < width; at += 1) along += (turned[start + at] ?? 0) * (normal[at] ?? 0);
      for (let at = 0; at < width; at += 1)
        turned[start + at] = (turned[start + at] ?? 0) - ((2 * along) / square) * (normal[at] ?? 0);
    }
  }
  return Float32Array.from(turned, ROUND[dtype as StorageType]);
}

export const MOVE_KINDS: readonly Kind[] = [
  {
    name: 'norms stored as their distance from 1',
    applies: has('norm'),
    make: (base) =>
      pair(
        base,
        change(base, ({ part }) => (part === 'norm' ? (value) => value - 1 : null)),
        [/1 was subtracted from every element/i, /bit-identical/],
        [IDENTICAL, TRAINING, /resemblance/],
      ),
  },
  {
    name: 'two matrices exchanged',
    applies: ({ tensors }) => {
      const shapes = tensors.filter(({ part, shape }) => part === 'mlp' && size(shape) >= 256).map(({ shape }) => shape.join());
      return new Set(shapes).size < shapes.length;
    },
    make: (base) => {
      const [one, other] = findTwins(base) ?? [];
      if (one === undefined || other === undefined) throw new Error('no two matrices of one shape');
      const next = new Map(base);
      next.set(one.name, { ...one, values: other.values });
      next.set(other.name, { ...other, values: one.values });
      return pair(base, next, [SAME, /other names/, /2 tensors/, /bit-identical/], [IDENTICAL, TRAINING, /resemblance/]);
    },
  },
  {
    name: 'rotated',
    applies: has('q', 'mlp'),
    make: (base, random) => {
      const isTurned = ({ part, shape }: Weights): boolean => part !== 'norm' && shape.length === 2 && (shape[1] ?? 0) > 8;
      const next = new Map([...base].map(([name, one]) => [name, isTurned(one) ? { ...one, values: turn(one, random) } : one]));
      return pair(base, next, [/resemblance/, /keep(s|) (its|their) norms?/, /rotation/], [IDENTICAL, /new initialisation/]);
    },
  },
];
