/** Part of the network that a generated tensor plays. */
export type Part = 'attention' | 'mlp' | 'embedding' | 'output' | 'position' | 'norm' | 'bias' | 'router';

/** A tensor of a generated model. */
export interface Blueprint {
  readonly name: string;
  readonly shape: readonly number[];
  readonly part: Part;
  /** Stack and index of the block; null outside blocks. */
  readonly block: { readonly stack: string; readonly index: number; readonly of: number } | null;
  /** Name of the module with the index left out. */
  readonly module: string;
}

type Line = readonly [suffix: string, part: Part, rows: number, columns?: number];

const D = 512;
const F = 1408;

/** A scheme: how a family of models calls its tensors. */
export interface Scheme {
  readonly name: string;
  readonly build: (depth: number) => Blueprint[];
}

function stack(path: string, depth: number, lines: readonly Line[]): Blueprint[] {
  return Array.from({ length: depth }, (_, index) =>
    lines.map(([suffix, part, rows, columns]) => ({
      name: `${path}.${index}.${suffix}`,
      shape: columns === undefined ? [rows] : [rows, columns],
      part,
      block: { stack: path, index, of: depth },
      module: `${path}.${suffix}`,
    })),
  ).flat();
}

function single(name: string, part: Part, ...shape: number[]): Blueprint {
  return { name, shape, part, block: null, module: name };
}

const LLAMA: readonly Line[] = [
  ['self_attn.q_proj.weight', 'attention', D, D],
  ['self_attn.k_proj.weight', 'attention', D / 4, D],
  ['self_attn.v_proj.weight', 'attention', D / 4, D],
  ['self_attn.o_proj.weight', 'attention', D, D],
  ['mlp.gate_proj.weight', 'mlp', F, D],
  ['mlp.up_proj.weight', 'mlp', F, D],
  ['mlp.down_proj.weight', 'mlp', D, F],
  ['input_layernorm.weight', 'norm', D],
  ['post_attention_layernorm.weight', 'norm', D],
];

const BERT: readonly Line[] = ['query', 'key', 'value']
  .flatMap((role): Line[] => [
    [`attention.self.${role}.weight`, 'attention', D, D],
    [`attention.self.${role}.bias`, 'bias', D],
  ])
  .concat([
    ['attention.output.dense.weight', 'attention', D, D],
    ['attention.output.dense.bias', 'bias', D],
    ['attention.output.LayerNorm.weight', 'norm', D],
    ['intermediate.dense.weight', 'mlp', 4 * D, D],
    ['intermediate.dense.bias', 'bias', 4 * D],
    ['output.dense.weight', 'mlp', D, 4 * D],
    ['output.dense.bias', 'bias', D],
    ['output.LayerNorm.weight', 'norm', D],
  ]);

function t5Lines(isDecoder: boolean): readonly Line[] {
  const attention = (layer: number, name: string): Line[] =>
    ['q', 'k', 'v', 'o'].map((role): Line => [`layer.${layer}.${name}.${role}.weight`, 'attention', D, D]);
  const last = isDecoder ? 2 : 1;
  return [
    ...attention(0, 'SelfAttention'),
    ['layer.0.layer_norm.weight', 'norm', D],
    ...(isDecoder ? [...attention(1, 'EncDecAttention'), ['layer.1.layer_norm.weight', 'norm', D] as Line] : []),
    [`layer.${last}.DenseReluDense.wi_0.weight`, 'mlp', F, D],
    [`layer.${last}.DenseReluDense.wi_1.weight`, 'mlp', F, D],
    [`layer.${last}.DenseReluDense.wo.weight`, 'mlp', D, F],
    [`layer.${last}.layer_norm.weight`, 'norm', D],
  ];
}

const MIXTRAL: readonly Line[] = [
  ...LLAMA.filter(([suffix]) => !suffix.startsWith('mlp')),
  ['block_sparse_moe.gate.weight', 'router', 4, D],
  ...[0, 1, 2, 3].flatMap((expert) =>
    ['w1', 'w2', 'w3'].map((role): Line => [
      `block_sparse_moe.experts.${expert}.${role}.weight`,
      'mlp',
      role === 'w2' ? D : F,
      role === 'w2' ? F : D,
    ]),
  ),
];

/** Nine ways to call the same things. */
export const SCHEMES: readonly Scheme[] = [
  {
    name: 'llama',
    build: (depth) => [
      single('model.embed_tokens.weight', 'embedding', 32000, D),
      ...stack('model.layers', depth, LLAMA),
      single('model.norm.weight', 'norm', D),
      single('lm_head.weight', 'output', 32000, D),
    ],
  },
  {
    name: 'gpt2',
    build: (depth) => [
      single('transformer.wte.weight', 'embedding', 50257, D),
      single('transformer.wpe.weight', 'position', 1024, D),
      ...stack('transformer.h', depth, [
        ['ln_1.weight', 'norm', D],
        ['attn.c_attn.weight', 'attention', D, 3 * D],
        ['attn.c_attn.bias', 'bias', 3 * D],
        ['attn.c_proj.weight', 'attention', D, D],
        ['ln_2.weight', 'norm', D],
        ['mlp.c_fc.weight', 'mlp', D, 4 * D],
        ['mlp.c_fc.bias', 'bias', 4 * D],
        ['mlp.c_proj.weight', 'mlp', 4 * D, D],
      ]),
      single('transformer.ln_f.weight', 'norm', D),
    ],
  },
  {
    name: 'gpt_neox',
    build: (depth) => [
      single('gpt_neox.embed_in.weight', 'embedding', 50432, D),
      ...stack('gpt_neox.layers', depth, [
        ['attention.query_key_value.weight', 'attention', 3 * D, D],
        ['attention.query_key_value.bias', 'bias', 3 * D],
        ['attention.dense.weight', 'attention', D, D],
        ['mlp.dense_h_to_4h.weight', 'mlp', 4 * D, D],
        ['mlp.dense_4h_to_h.weight', 'mlp', D, 4 * D],
        ['input_layernorm.weight', 'norm', D],
        ['post_attention_layernorm.bias', 'bias', D],
      ]),
      single('embed_out.weight', 'output', 50432, D),
    ],
  },
  {
    name: 'bert',
    build: (depth) => [
      single('bert.embeddings.word_embeddings.weight', 'embedding', 30522, D),
      single('bert.embeddings.position_embeddings.weight', 'position', 512, D),
      single('bert.embeddings.token_type_embeddings.weight', 'embedding', 2, D),
      single('bert.embeddings.LayerNorm.weight', 'norm', D),
      ...stack('bert.encoder.layer', depth, BERT),
      single('bert.pooler.dense.weight', 'output', D, D),
      single('classifier.weight', 'output', 2, D),
    ],
  },
  {
    name: 't5',
    build: (depth) => [
      single('shared.weight', 'embedding', 32128, D),
      ...stack('encoder.block', depth, t5Lines(false)),
      single('encoder.final_layer_norm.weight', 'norm', D),
      ...stack('decoder.block', depth, t5Lines(true)),
      single('lm_head.weight', 'output', 32128, D),
    ],
  },
  {
    name: 'vit',
    build: (depth) => [
      single('cls_token', 'embedding', 1, 1, D),
      single('pos_embed', 'position', 1, 197, D),
      single('patch_embed.proj.weight', 'embedding', D, 3, 16, 16),
      ...stack('blocks', depth, [
        ['norm1.weight', 'norm', D],
        ['attn.qkv.weight', 'attention', 3 * D, D],
        ['attn.qkv.bias', 'bias', 3 * D],
        ['attn.proj.weight', 'attention', D, D],
        ['norm2.weight', 'norm', D],
        ['mlp.fc1.weight', 'mlp', 4 * D, D],
        ['mlp.fc1.bias', 'bias', 4 * D],
        ['mlp.fc2.weight', 'mlp', D, 4 * D],
      ]),
      single('head.weight', 'output', 1000, D),
    ],
  },
  {
    name: 'mixtral',
    build: (depth) => [
      single('model.embed_tokens.weight', 'embedding', 32000, D),
      ...stack('model.layers', depth, MIXTRAL),
      single('model.norm.weight', 'norm', D),
      single('lm_head.weight', 'output', 32000, D),
    ],
  },
  {
    name: 'gguf',
    build: (depth) => [
      single('token_embd.weight', 'embedding', 32000, D),
      ...stack('blk', depth, [
        ['attn_q.weight', 'attention', D, D],
        ['attn_k.weight', 'attention', D / 4, D],
        ['attn_v.weight', 'attention', D / 4, D],
        ['attn_output.weight', 'attention', D, D],
        ['ffn_gate.weight', 'mlp', F, D],
        ['ffn_up.weight', 'mlp', F, D],
        ['ffn_down.weight', 'mlp', D, F],
        ['attn_norm.weight', 'norm', D],
        ['ffn_norm.weight', 'norm', D],
      ]),
      single('output_norm.weight', 'norm', D),
      single('output.weight', 'output', 32000, D),
    ],
  },
  {
    name: 'megatron',
    build: (depth) => [
      single('embedding.word_embeddings.weight', 'embedding', 50304, D),
      ...stack('decoder.layers', depth, [
        ['self_attention.linear_qkv.weight', 'attention', 3 * D, D],
        ['self_attention.linear_qkv.layer_norm_weight', 'norm', D],
        ['self_attention.linear_proj.weight', 'attention', D, D],
        ['mlp.linear_fc1.weight', 'mlp', 2 * F, D],
        ['mlp.linear_fc1.layer_norm_weight', 'norm', D],
        ['mlp.linear_fc2.weight', 'mlp', D, F],
      ]),
      single('output_layer.weight', 'output', 50304, D),
    ],
  },
];
