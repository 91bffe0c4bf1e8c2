/** Small models with the names, shapes and parts of nine families. */

/** What a tensor of a generated model is. */
export type Part =
  | 'q'
  | 'k'
  | 'v'
  | 'o'
  | 'mlp'
  | 'expert'
  | 'router'
  | 'norm'
  | 'bias'
  | 'embedding'
  | 'position'
  | 'head'
  | 'conv'
  | 'projector'
  | 'statistics'
  | 'counter';

export interface ModelTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly part: Part;
  /** Index of the block; null outside blocks. */
  readonly block: number | null;
}

export interface Architecture {
  readonly name: string;
  readonly blocks: number;
  readonly tensors: readonly ModelTensor[];
}

type Line = readonly [suffix: string, part: Part, ...shape: number[]];
const [H, F, V, L] = [64, 160, 256, 6];

function blocks(path: string, count: number, lines: readonly Line[]): ModelTensor[] {
  return Array.from({ length: count }, (_, block) =>
    lines.map(([suffix, part, ...shape]) => ({ name: `${path}.${block}.${suffix}`, shape, part, block })),
  ).flat();
}

function alone(...lines: readonly Line[]): ModelTensor[] {
  return lines.map(([name, part, ...shape]) => ({ name, shape, part, block: null }));
}

const ATTENTION: readonly Line[] = [
  ['self_attn.q_proj.weight', 'q', H, H],
  ['self_attn.k_proj.weight', 'k', H, H],
  ['self_attn.v_proj.weight', 'v', H, H],
  ['self_attn.o_proj.weight', 'o', H, H],
];
const NORMS: readonly Line[] = [
  ['input_layernorm.weight', 'norm', H],
  ['post_attention_layernorm.weight', 'norm', H],
];
const ENDS = alone(
  ['model.embed_tokens.weight', 'embedding', V, H],
  ['model.norm.weight', 'norm', H],
  ['lm_head.weight', 'head', V, H],
);
const LLAMA_MLP: readonly Line[] = [
  ['mlp.gate_proj.weight', 'mlp', F, H],
  ['mlp.up_proj.weight', 'mlp', F, H],
  ['mlp.down_proj.weight', 'mlp', H, F],
];
const BERT_LINES: readonly Line[] = [
  ['attention.self.query.weight', 'q', H, H],
  ['attention.self.query.bias', 'bias', H],
  ['attention.self.key.weight', 'k', H, H],
  ['attention.self.key.bias', 'bias', H],
  ['attention.self.value.weight', 'v', H, H],
  ['attention.self.value.bias', 'bias', H],
  ['attention.output.dense.weight', 'o', H, H],
  ['attention.output.LayerNorm.weight', 'norm', H],
  ['intermediate.dense.weight', 'mlp', F, H],
  ['output.dense.weight', 'mlp', H, F],
  ['output.LayerNorm.weight', 'norm', H],
];
const T5 = (stack: string): ModelTensor[] =>
  blocks(`${stack}.block`, 4, [
    ['layer.0.SelfAttention.q.weight', 'q', H, H],
    ['layer.0.SelfAttention.k.weight', 'k', H, H],
    ['layer.0.SelfAttention.v.weight', 'v', H, H],
    ['layer.0.SelfAttention.o.weight', 'o', H, H],
    ['layer.0.layer_norm.weight', 'norm', H],
    ['layer.1.DenseReluDense.wi.weight', 'mlp', F, H],
    ['layer.1.DenseReluDense.wo.weight', 'mlp', H, F],
    ['layer.1.layer_norm.weight', 'norm', H],
  ]);
const WHISPER = (stack: string): ModelTensor[] =>
  blocks(`model.${stack}.layers`, 4, [
    ['self_attn.q_proj.weight', 'q', H, H],
    ['self_attn.k_proj.weight', 'k', H, H],
    ['self_attn.v_proj.weight', 'v', H, H],
    ['self_attn.out_proj.weight', 'o', H, H],
    ['self_attn_layer_norm.weight', 'norm', H],
    ['fc1.weight', 'mlp', F, H],
    ['fc2.weight', 'mlp', H, F],
    ['final_layer_norm.weight', 'norm', H],
  ]);
const RESNET: ModelTensor[] = [1, 2, 3].flatMap((stage) =>
  [0, 1].flatMap((unit) =>
    ([1, 2] as const).flatMap((conv): ModelTensor[] => {
      const path = `layer${stage}.${unit}`;
      const block = (stage - 1) * 2 + unit;
      const line = (suffix: string, part: Part, ...shape: number[]): ModelTensor => ({
        name: `${path}.${suffix}`,
        shape,
        part,
        block,
      });
      return [
        line(`conv${conv}.weight`, 'conv', 24, 24, 3, 3),
        line(`bn${conv}.weight`, 'norm', 24),
        line(`bn${conv}.bias`, 'bias', 24),
        line(`bn${conv}.running_mean`, 'statistics', 24),
        line(`bn${conv}.running_var`, 'statistics', 24),
        line(`bn${conv}.num_batches_tracked`, 'counter'),
      ];
    }),
  ),
);

export const ARCHITECTURES: readonly Architecture[] = [
  { name: 'LLaMA', blocks: L, tensors: [...blocks('model.layers', L, [...ATTENTION, ...LLAMA_MLP, ...NORMS]), ...ENDS] },
  {
    name: 'GPT-2',
    blocks: L,
    tensors: [
      ...alone(
        ['transformer.wte.weight', 'embedding', V, H],
        ['transformer.wpe.weight', 'position', 64, H],
        ['transformer.ln_f.weight', 'norm', H],
      ),
      ...blocks('transformer.h', L, [
        ['attn.c_attn.weight', 'q', H, 3 * H],
        ['attn.c_attn.bias', 'bias', 3 * H],
        ['attn.c_proj.weight', 'o', H, H],
        ['mlp.c_fc.weight', 'mlp', H, F],
        ['mlp.c_proj.weight', 'mlp', F, H],
        ['ln_1.weight', 'norm', H],
        ['ln_2.weight', 'norm', H],
      ]),
    ],
  },
  {
    name: 'BERT',
    blocks: L,
    tensors: [
      ...alone(
        ['bert.embeddings.word_embeddings.weight', 'embedding', V, H],
        ['bert.embeddings.position_embeddings.weight', 'position', 64, H],
        ['classifier.weight', 'head', 8, H],
        ['classifier.bias', 'bias', 8],
      ),
      ...blocks('bert.encoder.layer', L, BERT_LINES),
    ],
  },
  {
    name: 'T5',
    blocks: 4,
    tensors: [
      ...alone(['shared.weight', 'embedding', V, H], ['lm_head.weight', 'head', V, H]),
      ...T5('encoder'),
      ...T5('decoder'),
    ],
  },
  {
    name: 'Mixtral',
    blocks: 4,
    tensors: [
      ...blocks('model.layers', 4, [
        ...ATTENTION,
        ...NORMS,
        ['block_sparse_moe.gate.weight', 'router', 4, H],
        ...Array.from({ length: 4 }, (_, expert): Line[] => [
          [`block_sparse_moe.experts.${expert}.w1.weight`, 'expert', F, H],
          [`block_sparse_moe.experts.${expert}.w2.weight`, 'expert', H, F],
          [`block_sparse_moe.experts.${expert}.w3.weight`, 'expert', F, H],
        ]).flat(),
      ]),
      ...ENDS,
    ],
  },
  {
    name: 'ViT',
    blocks: L,
    tensors: [
      ...alone(
        ['vit.embeddings.patch_embeddings.projection.weight', 'embedding', H, 3, 8, 8],
        ['classifier.weight', 'head', 10, H],
      ),
      ...blocks('vit.encoder.layer', L, [
        ['attention.attention.query.weight', 'q', H, H],
        ['attention.attention.key.weight', 'k', H, H],
        ['attention.attention.value.weight', 'v', H, H],
        ['attention.output.dense.weight', 'o', H, H],
        ['intermediate.dense.weight', 'mlp', F, H],
        ['output.dense.weight', 'mlp', H, F],
        ['layernorm_before.weight', 'norm', H],
        ['layernorm_after.weight', 'norm', H],
      ]),
    ],
  },
  {
    name: 'ResNet',
    blocks: 6,
    tensors: [...RESNET, ...alone(['conv1.weight', 'conv', 24, 3, 7, 7], ['fc.weight', 'head', 10, 24], ['fc.bias', 'bias', 10])],
  },
  {
    name: 'Qwen-VL',
    blocks: L,
    tensors: [
      ...blocks('visual.blocks', 4, [
        ['attn.qkv.weight', 'q', 96, 32],
        ['attn.proj.weight', 'o', 32, 32],
        ['mlp.fc1.weight', 'mlp', 64, 32],
        ['mlp.fc2.weight', 'mlp', 32, 64],
        ['norm1.weight', 'norm', 32],
      ]),
      ...alone(['visual.merger.mlp.0.weight', 'projector', H, 128], ['visual.merger.mlp.2.weight', 'projector', H, H]),
      ...blocks('model.layers', L, [...ATTENTION, ...LLAMA_MLP, ...NORMS]),
      ...ENDS,
    ],
  },
  {
    name: 'Whisper',
    blocks: 4,
    tensors: [...WHISPER('encoder'), ...WHISPER('decoder'), ...alone(['model.decoder.embed_tokens.weight', 'embedding', V, H])],
  },
];
