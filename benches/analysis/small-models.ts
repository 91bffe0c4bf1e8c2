/** Small models of other families than `schemes.ts` has: several towers, hybrids, stages, flat and slashed names, tied embeddings. */

/** A tensor of a small model. */
export interface SmallTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly part: 'attention' | 'mlp' | 'ssm' | 'embedding' | 'output' | 'norm' | 'projector' | 'router' | 'conv';
  readonly stack: string | null;
  /** Depth from 0 (first block of the stack) to 1; null outside stacks. */
  readonly position: number | null;
  /** Name with the index left out. */
  readonly module: string;
}

/** A family of small models. */
export interface Family {
  readonly name: string;
  readonly build: (depth: number) => SmallTensor[];
}

type Part = SmallTensor['part'];
type Line = readonly [suffix: string, part: Part, ...shape: number[]];

function repeat(depth: number, spell: (index: number) => string, lines: (index: number) => readonly Line[]): SmallTensor[] {
  const stack = spell(-1).replace('-1', '#');
  return Array.from({ length: depth }, (_, index) =>
    lines(index).map(([suffix, part, ...shape]): SmallTensor => ({
      name: spell(index) + suffix,
      shape,
      part,
      stack,
      position: depth === 1 ? 1 : index / (depth - 1),
      module: stack + suffix,
    })),
  ).flat();
}

function lone(name: string, part: Part, ...shape: number[]): SmallTensor {
  return { name, shape, part, stack: null, position: null, module: name };
}

const OPT: readonly Line[] = [
  ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((role): Line => [`self_attn.${role}.weight`, 'attention', 24, 24]),
  ['self_attn_layer_norm.weight', 'norm', 24],
  ['fc1.weight', 'mlp', 72, 24],
  ['fc2.weight', 'mlp', 24, 72],
  ['final_layer_norm.weight', 'norm', 24],
];
const FALCON: readonly Line[] = [
  ['self_attention.query_key_value.weight', 'attention', 40, 32],
  ['self_attention.dense.weight', 'attention', 32, 32],
  ['mlp.dense_h_to_4h.weight', 'mlp', 96, 32],
  ['mlp.dense_4h_to_h.weight', 'mlp', 32, 96],
  ['input_layernorm.weight', 'norm', 32],
];
const FLAX: readonly Line[] = [
  ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((role): Line => [`self_attn/${role}/kernel`, 'attention', 28, 28]),
  ...['gate_proj', 'up_proj'].map((role): Line => [`mlp/${role}/kernel`, 'mlp', 28, 60]),
  ['mlp/down_proj/kernel', 'mlp', 60, 28],
  ['input_layernorm/weight', 'norm', 28],
];
const DISTIL: readonly Line[] = [
  ...['q_lin', 'k_lin', 'v_lin', 'out_lin'].flatMap((role): Line[] => [
    [`attention.${role}.weight`, 'attention', 24, 24],
    [`attention.${role}.bias`, 'norm', 24],
  ]),
  ['sa_layer_norm.weight', 'norm', 24],
  ['ffn.lin1.weight', 'mlp', 80, 24],
  ['ffn.lin2.weight', 'mlp', 24, 80],
  ['output_layer_norm.weight', 'norm', 24],
];
const CLIP: readonly Line[] = [
  ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((role): Line => [`self_attn.${role}.weight`, 'attention', 20, 20]),
  ['mlp.fc1.weight', 'mlp', 64, 20],
  ['mlp.fc2.weight', 'mlp', 20, 64],
  ['layer_norm1.weight', 'norm', 20],
];
const LLAMA: readonly Line[] = [
  ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((role): Line => [`self_attn.${role}.weight`, 'attention', 24, 24]),
  ...['gate_proj', 'up_proj'].map((role): Line => [`mlp.${role}.weight`, 'mlp', 56, 24]),
  ['mlp.down_proj.weight', 'mlp', 24, 56],
  ['input_layernorm.weight', 'norm', 24],
];

/** Every third block has attention, the others state-space mixers; all have an MLP. */
function jamba(index: number): readonly Line[] {
  const mixer: Line[] =
    index % 3 === 1
      ? ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((role): Line => [`self_attn.${role}.weight`, 'attention', 24, 24])
      : [
          ['mamba.in_proj.weight', 'ssm', 64, 24],
          ['mamba.x_proj.weight', 'ssm', 12, 32],
          ['mamba.out_proj.weight', 'ssm', 24, 32],
          ['mamba.A_log', 'ssm', 32, 8],
        ];
  return [
    ...mixer,
    ['feed_forward.gate_proj.weight', 'mlp', 48, 24],
    ['feed_forward.up_proj.weight', 'mlp', 48, 24],
    ['feed_forward.down_proj.weight', 'mlp', 24, 48],
    ['input_layernorm.weight', 'norm', 24],
  ];
}

function mixture(): readonly Line[] {
  const experts = Array.from({ length: 6 }, (_, expert) =>
    ['gate_proj', 'up_proj', 'down_proj'].map((role): Line => [`mlp.experts.${expert}.${role}.weight`, 'mlp', 20, 20]),
  ).flat();
  return [
    ...LLAMA.filter(([suffix]) => suffix.startsWith('self_attn')),
    ['mlp.gate.weight', 'router', 6, 24],
    ...experts,
    ['mlp.shared_experts.up_proj.weight', 'mlp', 24, 24],
    ['input_layernorm.weight', 'norm', 24],
  ];
}

/** Two stages of blocks, as Swin has them, and a reduction between. */
function swin(depth: number): SmallTensor[] {
  const lines: readonly Line[] = [
    ['attn.qkv.weight', 'attention', 72, 24],
    ['attn.proj.weight', 'attention', 24, 24],
    ['mlp.fc1.weight', 'mlp', 80, 24],
    ['mlp.fc2.weight', 'mlp', 24, 80],
    ['norm1.weight', 'norm', 24],
  ];
  const first = Math.max(2, Math.floor(depth / 3));
  return Array.from({ length: depth }, (_, index) =>
    lines.map(([suffix, part, ...shape]): SmallTensor => {
      const block = index < first ? `layers.0.blocks.${index}.` : `layers.1.blocks.${index - first}.`;
      return { name: block + suffix, shape, part, stack: 'layers', position: index / (depth - 1), module: suffix };
    }),
  ).flat();
}

/** Nine families. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'opt',
    build: (depth) => [
      lone('model.decoder.embed_tokens.weight', 'embedding', 300, 24),
      ...repeat(
        depth,
        (i) => `model.decoder.layers.${i}.`,
        () => OPT,
      ),
      lone('model.decoder.final_layer_norm.weight', 'norm', 24),
    ],
  },
  {
    name: 'falcon',
    build: (depth) => [
      lone('transformer.word_embeddings.weight', 'embedding', 260, 32),
      ...repeat(
        depth,
        (i) => `transformer.h.${i}.`,
        () => FALCON,
      ),
      lone('lm_head.weight', 'output', 260, 32),
    ],
  },
  {
    name: 'flax',
    build: (depth) => [
      lone('model/embed_tokens/embedding', 'embedding', 280, 28),
      ...repeat(
        depth,
        (i) => `model/layers_${i}/`,
        () => FLAX,
      ),
      lone('lm_head/kernel', 'output', 28, 280),
    ],
  },
  {
    name: 'distilbert',
    build: (depth) => [
      lone('distilbert.embeddings.word_embeddings.weight', 'embedding', 300, 24),
      ...repeat(
        depth,
        (i) => `distilbert.transformer.layer.${i}.`,
        () => DISTIL,
      ),
      lone('classifier.weight', 'output', 4, 24),
    ],
  },
  {
    name: 'llava',
    build: (depth) => [
      ...repeat(
        Math.max(3, Math.floor(depth / 2)),
        (i) => `vision_tower.vision_model.encoder.layers.${i}.`,
        () => CLIP,
      ),
      lone('multi_modal_projector.linear_1.weight', 'projector', 24, 20),
      lone('language_model.model.embed_tokens.weight', 'embedding', 300, 24),
      ...repeat(
        depth,
        (i) => `language_model.model.layers.${i}.`,
        () => LLAMA,
      ),
      lone('language_model.lm_head.weight', 'output', 300, 24),
    ],
  },
  {
    name: 'jamba',
    build: (depth) => [
      lone('model.embed_tokens.weight', 'embedding', 280, 24),
      ...repeat(Math.max(6, depth), (i) => `model.layers.${i}.`, jamba),
      lone('lm_head.weight', 'output', 280, 24),
    ],
  },
  {
    name: 'mixture',
    build: (depth) => [
      lone('model.embed_tokens.weight', 'embedding', 280, 24),
      ...repeat(depth, (i) => `model.layers.${i}.`, mixture),
      lone('lm_head.weight', 'output', 280, 24),
    ],
  },
  {
    name: 'swin',
    build: (depth) => [
      lone('patch_embed.proj.weight', 'embedding', 24, 3, 4, 4),
      ...swin(depth),
      lone('head.weight', 'output', 10, 24),
    ],
  },
  {
    name: 'wrapped',
    build: (depth) => [
      lone('module.model.embed_tokens.weight', 'embedding', 300, 24),
      ...repeat(
        depth,
        (i) => `module.model.layers.${i}.`,
        () => LLAMA,
      ),
      lone('module.lm_head.weight', 'output', 300, 24),
    ],
  },
];
