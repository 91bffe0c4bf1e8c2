/** What people do to checkpoints, each with what must be said of it and what must not. */
import type { Random } from '../analysis/random.ts';
import type { Architecture, ModelTensor, Part } from './architectures.ts';
import {
  ATTENTION,
  change,
  isBody,
  MATRICES,
  type Model,
  noise,
  rootMeanSquare,
  store,
  type Tensors,
  toTensors,
  type Weights,
} from './model.ts';
import { ROUND, type StorageType } from './number-formats.ts';

/** A pair and its truth. */
export interface Pair {
  readonly old: Tensors;
  readonly new: Tensors;
  /** All of these must be in the verdict. */
  readonly says: readonly RegExp[];
  /** None of these may be. */
  readonly never: readonly RegExp[];
}

export interface Kind {
  readonly name: string;
  /** Architectures that it makes sense for. @default all */
  readonly applies?: (architecture: Architecture) => boolean;
  /** Storage types of the base model. @default bf16 and f32 */
  readonly dtypes?: readonly StorageType[];
  readonly make: (base: Model, random: Random, architecture: Architecture) => Pair;
}

/** Words for training, of which nothing may be said where the weights are the same in another form. */
const TRAINING = /fine-tun|trained|pre-training|masked|edited|gradient/i;
const IDENTICAL = /\bidentical: all|^identical/i;
const SAME = /same weights/i;
const CHANGED = /changed/i;

const has =
  (...parts: Part[]) =>
  ({ tensors }: Architecture): boolean =>
    parts.every((part) => tensors.some((tensor) => tensor.part === part));
const isDeep = ({ blocks }: Architecture): boolean => blocks >= 4;

function pair(old: Model, next: Model, says: readonly RegExp[], never: readonly RegExp[] = [IDENTICAL]): Pair {
  return { old: toTensors(old), new: toTensors(next), says, never };
}

/** A dense change of the chosen tensors alone. */
function tune(base: Model, random: Random, size: number, chosen: (tensor: ModelTensor) => boolean): Model {
  return change(base, (tensor) => (chosen(tensor) ? noise(tensor, size, random) : null));
}

/** Fake quantisation: codes on a grid, stored as the type of the base. */
function quantise(base: Model, block: (tensor: Weights) => number, grid: (values: number[]) => number[]): Model {
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

const rowLength = ({ shape, values }: Weights): number => values.length / (shape[0] ?? 1);
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function fp8(values: number[]): number[] {
  const scale = largest(values) / 448;
  return values.map((value) => (scale === 0 ? 0 : ROUND.e4m3(value / scale) * scale));
}

function int8(values: number[]): number[] {
  const scale = largest(values) / 127;
  return values.map((value) => (scale === 0 ? 0 : Math.round(value / scale) * scale));
}

function int4(values: number[]): number[] {
  const scale = largest(values) / 7;
  return values.map((value) => (scale === 0 ? 0 : Math.round(value / scale) * scale));
}

function renamed(model: Model, rename: (name: string) => string): Model {
  return new Map([...model].map(([name, tensor]) => [rename(name), { ...tensor, name: rename(name) }]));
}

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

function replaceValues(base: Model, chosen: (tensor: Weights) => boolean, make: (tensor: Weights) => Float32Array): Model {
  return new Map([...base].map(([name, tensor]) => [name, chosen(tensor) ? { ...tensor, values: make(tensor) } : tensor]));
}

const firstOf = (base: Model, part: Part): Weights => {
  const found = [...base.values()].find((tensor) => tensor.part === part);
  if (found === undefined) throw new Error(`no ${part}`);
  return found;
};

const isTrained = ({ part }: ModelTensor): boolean => part !== 'statistics' && part !== 'counter';
const lastBlock = ({ blocks }: Architecture): number => blocks - 1;

export const KINDS: readonly Kind[] = [
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
  {
    name: 'attention alone',
    applies: has('q', 'o'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.05, ({ part }) => ATTENTION.has(part)),
        [/^only /i, /attention|attn|q(_proj)?|c_attn|query|qkv/i, /bit-identical/],
      ),
  },
  {
    name: 'MLPs alone',
    applies: has('mlp'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.05, ({ part }) => part === 'mlp'),
        [/^only /i, /mlp|dense|fc|_proj|wi|wo/i, /bit-identical/],
      ),
  },
  {
    name: 'embeddings alone',
    applies: has('embedding'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.05, ({ part }) => part === 'embedding'),
        [/^only /i, /embed|wte|shared/i, /bit-identical/],
        [IDENTICAL, /rows? \d/],
      ),
  },
  {
    name: 'head alone',
    applies: has('head'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.27, ({ part }) => part === 'head'),
        [/^only /i, /head|classifier|fc\b/i, /2[3-9]%/, /bit-identical/],
      ),
  },
  {
    name: 'norms and biases alone',
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.01, ({ part }) => part === 'norm' || part === 'bias'),
        [/^only /i, /norm/i, /bit-identical/],
      ),
  },
  {
    name: 'routers alone',
    applies: has('router'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.2, ({ part }) => part === 'router'),
        [/^only the routers/i, /bit-identical/],
        [IDENTICAL, /sparse|scattered/],
      ),
  },
  {
    name: 'projector alone',
    applies: has('projector'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.1, ({ part }) => part === 'projector'),
        [/^only the projector/i, /bit-identical/],
        [IDENTICAL, /sparse|scattered/],
      ),
  },
  {
    name: 'upper half of the blocks',
    applies: isDeep,
    make: (base, random, { blocks }) =>
      pair(
        base,
        tune(base, random, 0.05, (tensor) => isTrained(tensor) && tensor.block !== null && tensor.block >= blocks / 2),
        [/blocks|layer/i, /bit-identical/],
      ),
  },
  {
    name: 'last block alone',
    applies: (architecture) => isDeep(architecture) && !['T5', 'Whisper', 'Qwen-VL'].includes(architecture.name),
    make: (base, random, architecture) =>
      pair(
        base,
        tune(base, random, 0.05, ({ block, part }) => block === lastBlock(architecture) && isTrained({ part } as ModelTensor)),
        [new RegExp(`^only block ${lastBlock(architecture)}\\b|^only .*(layer3\\.1|block 5)`, 'i'), /bit-identical/],
      ),
  },
  {
    name: 'one block frozen',
    applies: (architecture) => ['LLaMA', 'GPT-2', 'BERT', 'ViT', 'Mixtral'].includes(architecture.name),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.03, ({ block }) => block !== 2),
        [/block 2/, /bit-identical/],
      ),
  },
  {
    name: 'every second block frozen',
    applies: ({ name }) => ['LLaMA', 'GPT-2', 'BERT', 'ViT'].includes(name),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.03, ({ block }) => block !== null && block % 2 === 1),
        [/blocks? (1, 3 and 5|1, 3, 5)|every (second|other) block/i, /bit-identical/],
      ),
  },
  {
    name: 'one expert of every block',
    applies: has('expert'),
    make: (base, random) =>
      pair(
        base,
        tune(base, random, 0.05, ({ name }) => /experts\.2\./.test(name)),
        [/^only expert 2\b/i, /bit-identical/],
      ),
  },
  {
    name: 'later blocks more',
    applies: ({ name }) => ['LLaMA', 'GPT-2', 'BERT', 'ViT', 'Mixtral'].includes(name),
    make: (base, random, { blocks }) =>
      pair(
        base,
        change(base, (tensor) =>
          isBody(tensor) ? noise(tensor, 0.002 * 30 ** ((tensor.block ?? 0) / (blocks - 1)), random) : null,
        ),
        [/last|later/i, /(0\.2|0\.19|0\.21)\d*%/, /(5\.\d+|6\.\d*|6)%/],
        [IDENTICAL, /mask|master/],
      ),
  },
  {
    name: 'routers most',
    applies: has('router'),
    make: (base, random) =>
      pair(
        base,
        change(base, (tensor) =>
          isTrained(tensor)
            ? noise(tensor, tensor.part === 'router' ? 0.2 : tensor.part === 'expert' ? 0.02 : 8e-3 / 10, random)
            : null,
        ),
        [/routers (changed )?by (19|2\d)%/i, /experts by/i],
        [IDENTICAL, /mlp/i],
      ),
  },
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
      return pair(
        base,
        next,
        [new RegExp(`only row ${row} of ${name.replaceAll('.', '\\.')} changed`, 'i'), /bit-identical/],
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
      return pair(base, grown, [/every matrix changed|changed/i, /reshaped/], [IDENTICAL, /nothing can be said/]);
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
