/** Weights that were trained in a part of the model. */
import type { Architecture, ModelTensor } from '../architectures.ts';
import { ATTENTION, change, isBody, noise } from '../model.ts';
import { has, IDENTICAL, isDeep, isTrained, type Kind, pair, tune } from './kind.ts';

const lastBlock = ({ blocks }: Architecture): number => blocks - 1;

export const PLACE_KINDS: readonly Kind[] = [
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
];
