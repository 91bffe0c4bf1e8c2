/** The same weights scaled, pruned, in another order, or a row of them. */
import { change, isBody, noise, type Weights } from '../model.ts';
import { firstOf, has, IDENTICAL, isTrained, type Kind, pair, replaceValues, SAME, TRAINING, tune } from './kind.ts';

function zeroSmallest(values: Float32Array, share: number): Float32Array {
  const limit = Float32Array.from(values, Math.abs).sort()[Math.floor(share * values.length)] ?? 0;
  return values.map((value) => (Math.abs(value) < limit ? 0 : value));
}

/** Rows of heads of `size` from interleaved pairs to halves. */
function toHalves({ values, shape }: Weights, size: number): Float32Array {
  const [rows = 0] = shape;
  const width = values.length / rows;
  const moved = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    const [head, inside] = [Math.floor(row / size), row % size];
    const from = head * size + (inside < size / 2 ? 2 * inside : 2 * (inside - size / 2) + 1);
    moved.set(values.subarray(from * width, (from + 1) * width), row * width);
  }
  return moved;
}

export const FORM_KINDS: readonly Kind[] = [
  {
    name: 'all times 1.1',
    make: (base) =>
      pair(
        base,
        change(base, (tensor) => (isTrained(tensor) ? (value) => value * 1.1 : null)),
        [/all weights were scaled by 1\.10?\b/i],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'all times 1.1 and a rest',
    make: (base, random) =>
      pair(
        base,
        change(base, (tensor) => {
          if (!isTrained(tensor)) return null;
          const move = noise(tensor, 0.015, random);
          return (value) => move(value * 1.1);
        }),
        [/scaled by 1\.1\d?\b/i, /change of 1\.[4-6]\d*% beyond|change of 1\.\d+% beyond/],
        [IDENTICAL],
      ),
  },
  {
    name: 'weight decay without a gradient',
    dtypes: ['f32'],
    applies: has('mlp'),
    make: (base) =>
      pair(
        base,
        change(base, ({ part }) => (part === 'mlp' ? (value) => value * 0.9985 : null)),
        [/scaled by 0\.9985/, /bit-identical/],
        [IDENTICAL, /fine-tun/],
      ),
  },
  {
    name: 'sign turned',
    make: (base) =>
      pair(
        base,
        change(base, (tensor) => (isTrained(tensor) ? (value) => -value : null)),
        [/changed their sign/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'pruned by magnitude',
    make: (base) =>
      pair(
        base,
        replaceValues(base, isBody, ({ values }) => zeroSmallest(values, 0.5)),
        [/^pruned: (50|49|5\d)/i, /untouched/],
        [IDENTICAL, TRAINING, /sparse fine/],
      ),
  },
  {
    name: 'pruned two of four',
    applies: ({ name }) => name !== 'ResNet',
    make: (base) =>
      pair(
        base,
        replaceValues(base, isBody, ({ values }) => {
          const kept = values.slice();
          for (let at = 0; at + 4 <= kept.length; at += 4) {
            const order = [0, 1, 2, 3].sort((a, b) => Math.abs(kept[at + a] ?? 0) - Math.abs(kept[at + b] ?? 0));
            for (const index of order.slice(0, 2)) kept[at + index] = 0;
          }
          return kept;
        }),
        [/^pruned: 50%/i, /two of every four/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'pruned at random',
    make: (base, random) =>
      pair(
        base,
        replaceValues(base, isBody, ({ values }) => values.map((value) => (random.chance(0.3) ? 0 : value))),
        [/^pruned: (29|30|31)/i, /untouched/],
        [IDENTICAL, TRAINING, /smallest of each/],
      ),
  },
  {
    name: 'mask lost',
    make: (base, random) => {
      const sparse = replaceValues(base, isBody, ({ values }) => zeroSmallest(values, 0.5));
      return pair(sparse, tune(sparse, random, 0.02, isBody), [/mask was lost: (49|50|51)/i], [IDENTICAL]);
    },
  },
  {
    name: 'one row',
    applies: has('embedding', 'mlp'),
    make: (base, random) => {
      const { name, shape } = firstOf(base, 'embedding');
      const row = Math.floor((shape[0] ?? 1) / 2);
      const width = shape.slice(1).reduce((product, dim) => product * dim, 1);
      const next = change(base, (tensor) =>
        tensor.name === name ? (value, at) => (Math.floor(at / width) === row ? 0.1 * random.gaussian() : value) : null,
      );
      const module = name.replace(/\.weight$/, '').replace(/^.*\./, '');
      return pair(
        base,
        next,
        [new RegExp(`only row ${row} of \\S*${module} changed`, 'i'), /bit-identical/],
        [IDENTICAL, TRAINING, /round/],
      );
    },
  },
  {
    name: 'rotary layout',
    applies: ({ name }) => ['LLaMA', 'Mixtral', 'Qwen-VL'].includes(name),
    make: (base) =>
      pair(
        base,
        replaceValues(
          base,
          ({ name }) => /layers\.\d+\.self_attn\.[qk]_proj/.test(name),
          (tensor) => toHalves(tensor, 16),
        ),
        [SAME, /rotary layout/, /q_proj/, /k_proj/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'rows in another order',
    applies: has('mlp'),
    make: (base, random) => {
      const { name, shape } = firstOf(base, 'mlp');
      const order = random.sample([...Array(shape[0] ?? 0).keys()], shape[0] ?? 0);
      const width = shape[1] ?? 1;
      const next = replaceValues(
        base,
        (tensor) => tensor.name === name,
        ({ values }) =>
          Float32Array.from(
            { length: values.length },
            (_, at) => values[(order[Math.floor(at / width)] ?? 0) * width + (at % width)] ?? 0,
          ),
      );
      return pair(base, next, [SAME, /rows of .* in another order/], [IDENTICAL, TRAINING]);
    },
  },
];
