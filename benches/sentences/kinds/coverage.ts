/** What is broken, under other names, of another shape, or another model. */
import type { Part } from '../architectures.ts';
import { change, MATRICES, type Model, noise, store } from '../model.ts';
import { firstOf, has, IDENTICAL, isDeep, isTrained, type Kind, pair, TRAINING, tune } from './kind.ts';

function renamed(model: Model, rename: (name: string) => string): Model {
  return new Map([...model].map(([name, tensor]) => [rename(name), { ...tensor, name: rename(name) }]));
}

export const COVERAGE_KINDS: readonly Kind[] = [
  {
    name: 'diverged',
    make: (base) =>
      pair(
        base,
        change(base, (tensor) => (isTrained(tensor) ? () => Number.NaN : null)),
        [/^broken: \d+ of \d+ tensors contain NaN/i],
        [IDENTICAL, TRAINING, /0%/],
      ),
  },
  {
    name: 'NaN in one block',
    applies: isDeep,
    make: (base, random) => {
      const tuned = tune(base, random, 0.02, isTrained);
      const broken = change(tuned, ({ block, part }) =>
        block === 1 && part !== 'statistics' ? (value, at) => (at % 7 === 0 ? Number.NaN : value) : null,
      );
      return pair(base, broken, [/^broken: \d+ of \d+ tensors contain NaN/i], [IDENTICAL]);
    },
  },
  {
    name: 'overflow to f16',
    dtypes: ['f32'],
    applies: has('mlp'),
    make: (base) => {
      const { name } = firstOf(base, 'mlp');
      const large = change(base, (tensor) => (tensor.name === name ? (value, at) => (at === 3 ? 1e6 : value) : null));
      return pair(
        large,
        store(large, 'f16'),
        [/overflowed to Inf in the conversion from f32 to f16/i],
        [IDENTICAL, TRAINING, /diverged/],
      );
    },
  },
  {
    name: 'one common name',
    make: (base) => {
      const [first = ''] = base.keys();
      return pair(
        base,
        renamed(base, (name) => (name === first ? name : `other/${name.replaceAll('.', '/')}x`)),
        [/^only 1 of \d+ tensors/i, /nothing can be said of the rest/],
        [IDENTICAL, TRAINING],
      );
    },
  },
  {
    name: 'a third under other names',
    applies: ({ name }) => ['LLaMA', 'GPT-2', 'BERT', 'ViT'].includes(name),
    make: (base, random) =>
      pair(
        base,
        renamed(tune(base, random, 0.02, isTrained), (name) => name.replace(/\.(4|5)\./, '.9$1.x.')),
        [/^only \d+ of \d+ tensors/i, /could be compared/],
        [IDENTICAL],
      ),
  },
  {
    name: 'vocabulary grown',
    applies: has('embedding', 'head', 'mlp'),
    make: (base, random) => {
      const tuned = tune(base, random, 0.02, isTrained);
      const grown = new Map(
        [...tuned].map(([name, tensor]) => {
          if ((tensor.part !== 'embedding' && tensor.part !== 'head') || tensor.shape.length !== 2) return [name, tensor];
          const [rows = 0, width = 0] = tensor.shape;
          const values = new Float32Array((rows + 16) * width);
          values.set(tensor.values);
          return [name, { ...tensor, shape: [rows + 16, width], values }];
        }),
      );
      return pair(base, grown, [/every matrix changed|changed/i, /gained 16 rows \(/], [IDENTICAL, /nothing can be said/]);
    },
  },
  {
    name: 'a tensor added',
    make: (base) => {
      const extra = new Map([
        ...base,
        [
          'extra.weight',
          {
            ...firstOf(base, 'head' as Part),
            name: 'extra.weight',
            part: 'projector' as const,
            shape: [2, 2],
            values: new Float32Array(4).fill(0.5),
          },
        ],
      ]);
      return pair(base, extra, [/are identical/i, /1 tensor was added \(extra\.weight\)/], [/^identical: all/i, TRAINING]);
    },
    applies: has('head'),
  },
  {
    name: 'batch statistics alone',
    applies: has('statistics'),
    make: (base, random) => {
      const moved = change(base, ({ part }) => (part === 'statistics' ? (value) => value + random.unit() : null));
      const counted = new Map(
        [...moved].map(([name, tensor]) => [
          name,
          tensor.part === 'counter' ? { ...tensor, values: tensor.values.map((value) => value + 500) } : tensor,
        ]),
      );
      return pair(
        base,
        counted,
        [/no learnable weight changed/i, /batch statistics of \d+ layers moved/],
        [IDENTICAL, /fine-tun|trained\b|biases or norms/],
      );
    },
  },
  {
    name: 'trained with batch statistics',
    applies: has('statistics'),
    make: (base, random) =>
      pair(
        base,
        change(base, (tensor) => noise(tensor, tensor.part === 'statistics' ? 0.5 : 0.02, random)),
        [/every matrix changed/i, /\b2(\.\d)?%|1\.9%/],
        [IDENTICAL, /50%/],
      ),
  },
  {
    name: 'another initialisation',
    make: (base, random) =>
      pair(
        base,
        change(base, (tensor) => (MATRICES.has(tensor.part) ? () => 0.05 * random.gaussian() : null)),
        [/no resemblance/i],
        [IDENTICAL, /fine-tun/],
      ),
  },
  {
    name: 'a new head',
    applies: has('head', 'mlp'),
    make: (base, random) =>
      pair(
        base,
        change(base, ({ part }) => (part === 'head' ? () => 0.05 * random.gaussian() : null)),
        [/bears? no resemblance to what/],
        [IDENTICAL, TRAINING, /no resemblance: /i],
      ),
  },
  {
    name: 'some tensors zeroed',
    applies: has('o'),
    make: (base) =>
      pair(
        base,
        change(base, ({ part, block }) => (part === 'o' && block === 1 ? () => 0 : null)),
        [/zero/, /bit-identical/],
        [IDENTICAL, TRAINING],
      ),
  },
];
