/** Weights that were trained, all of them or by a cause that shows. */
import { change, MATRICES, noise, rootMeanSquare } from '../model.ts';
import { ROUND, type StorageType } from '../number-formats.ts';
import { CHANGED, has, IDENTICAL, isTrained, type Kind, pair, replaceValues, TRAINING, tune } from './kind.ts';

export const TRAINING_KINDS: readonly Kind[] = [
  { name: 'identical', make: (base) => pair(base, base, [/^identical: all \d+ tensors/i], [CHANGED, TRAINING]) },
  {
    name: 'fine-tuned, f32 master',
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.02, isTrained),
        [/every (matrix|tensor) changed/i, /\b(1\.[89]|2(\.[01])?)%/],
        [IDENTICAL, /mask/, /master copy/, /same weights/i],
      ),
  },
  {
    name: 'continued pre-training',
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.4, isTrained),
        [/every (matrix|tensor) changed/i, /3[5-9]%|4\d%/],
        [IDENTICAL, /mask/, /same weights/i, /no resemblance/i],
      ),
  },
  {
    name: 'a very small update',
    dtypes: ['bf16'],
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 4e-4, (tensor) => MATRICES.has(tensor.part)),
        [/every matrix changed/i, /kept their value, as rounding/],
        [IDENTICAL, /mask left|master copy/],
      ),
  },
  {
    name: 'trained in pure bf16',
    dtypes: ['bf16'],
    make: (base, random) => {
      const drift = new Map([...base].map(([name, { values }]) => [name, values.map(() => random.gaussian())]));
      let next = base;
      for (let step = 0; step < 100; step += 1)
        next = change(next, ({ name, part }) =>
          MATRICES.has(part) ? (value, at) => value + 1e-5 * ((drift.get(name)?.[at] ?? 0) + 0.5 * random.gaussian()) : null,
        );
      return pair(base, next, [/only where weights are small/, /master copy/], [IDENTICAL, /mask left/, /edited one by one/]);
    },
  },
  {
    name: 'masked update',
    make: (base, random) =>
      pair(
        base,
        change(base, (tensor) => {
          if (!MATRICES.has(tensor.part)) return null;
          const move = noise(tensor, 0.2, random);
          return (value) => (random.chance(0.1) ? move(value) : value);
        }),
        [/mask left the others out/, /every matrix changed/i],
        [IDENTICAL, /master copy/],
      ),
  },
  {
    name: 'merged LoRA on q and v',
    applies: has('q', 'v'),
    make: (base, random) => {
      const next = replaceValues(
        base,
        ({ part }) => part === 'q' || part === 'v',
        ({ values, shape, dtype }) => {
          const [rows = 0, columns = 0] = shape;
          const rank = 4;
          const a = Float32Array.from({ length: rank * columns }, () => random.gaussian());
          const b = Float32Array.from({ length: rows * rank }, () => random.gaussian());
          const scale = (0.3 * rootMeanSquare(values)) / Math.sqrt(rank);
          return values.map((value, at) => {
            const [row, column] = [Math.floor(at / columns), at % columns];
            let sum = 0;
            for (let index = 0; index < rank; index += 1)
              sum += (b[row * rank + index] ?? 0) * (a[index * columns + column] ?? 0);
            return ROUND[dtype as StorageType](value + scale * sum);
          });
        },
      );
      return pair(base, next, [/^only /i, /changed/, /2[6-9]%|3[0-4]%/, /bit-identical/], [IDENTICAL, /mask/, /fine-tun/]);
    },
  },
];
