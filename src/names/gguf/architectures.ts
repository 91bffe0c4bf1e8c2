/**
 * Names of Hugging Face's models by those of GGUF, architecture by architecture, and what the converter does to values.
 *
 * Sources: `gguf-py/gguf/tensor_mapping.py` and `convert_hf_to_gguf.py` of llama.cpp. A test holds the names against gguf-py itself.
 */

/** GGUF's name of a tensor, without block and suffix, to Hugging Face's, without root and suffix; several where models differ. */
type Names = Readonly<Record<string, string | readonly string[]>>;

export interface Architecture {
  /** What names of the model begin with in one export or another; that fits best. */
  readonly roots: readonly string[];
  /** Tensors outside of the blocks. A name that begins with `/` has no root. */
  readonly outside: Names;
  /** What the names of a block begin with. */
  readonly block: string;
  /** Tensors of a block; `{e}` is the number of an expert, of which GGUF stacks all in one tensor. */
  readonly inside: Names;
  /** Whether the rows of q and k are in the order of interleaved rotary halves (`LlamaModel.permute`). */
  readonly isPermuted?: boolean;
  /** Whether 1 was added to the weights of norms. */
  readonly addsOne?: boolean;
  /** Matrices that were transposed: Conv1D of GPT-2. */
  readonly transposed?: readonly string[];
  /** Tensors of a block that no view undoes: what the converter writes of them. */
  readonly notUndone?: ReadonlyMap<string, string>;
}

const OUTSIDE: Names = { token_embd: 'embed_tokens', output_norm: 'norm', output: '/lm_head' };

const ATTENTION: Names = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_qkv: 'self_attn.qkv_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
};

const MLP: Names = {
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

const EXPERTS: Names = {
  ffn_gate_inp: ['mlp.gate', 'block_sparse_moe.gate'],
  ffn_gate_exps: ['mlp.experts.{e}.gate_proj', 'block_sparse_moe.experts.{e}.w1'],
  ffn_up_exps: ['mlp.experts.{e}.up_proj', 'block_sparse_moe.experts.{e}.w3'],
  ffn_down_exps: ['mlp.experts.{e}.down_proj', 'block_sparse_moe.experts.{e}.w2'],
  ffn_gate_inp_shexp: 'mlp.shared_expert_gate',
  ffn_gate_shexp: ['mlp.shared_expert.gate_proj', 'mlp.shared_experts.gate_proj'],
  ffn_up_shexp: ['mlp.shared_expert.up_proj', 'mlp.shared_experts.up_proj'],
  ffn_down_shexp: ['mlp.shared_expert.down_proj', 'mlp.shared_experts.down_proj'],
};

/** Norms behind attention and MLP too. */
const SANDWICH: Names = {
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};

/** Low-rank attention of DeepSeek. */
const LATENT: Names = {
  attn_q_a: 'self_attn.q_a_proj',
  attn_q_a_norm: 'self_attn.q_a_layernorm',
  attn_q_b: 'self_attn.q_b_proj',
  attn_kv_a_mqa: 'self_attn.kv_a_proj_with_mqa',
  attn_kv_a_norm: 'self_attn.kv_a_layernorm',
  attn_kv_b: 'self_attn.kv_b_proj',
};

const ROOTS = ['model.', 'model.language_model.', 'language_model.model.', ''];

/** Models with the names of Llama. */
function decoder(inside: Names, more: Partial<Architecture> = {}): Architecture {
  return { roots: ROOTS, outside: OUTSIDE, block: 'layers', inside: { ...ATTENTION, ...MLP, ...inside }, ...more };
}

const DENSE = decoder({});
const MIXTURE = decoder(EXPERTS);
const LLAMA = decoder(EXPERTS, { isPermuted: true });

/** By `general.architecture`. */
export const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ['llama', LLAMA],
  ['minicpm', LLAMA],
  ['granite', LLAMA],
  ['arcee', LLAMA],
  ['smollm3', LLAMA],
  ['olmo', LLAMA],
  ['qwen2', DENSE],
  ['qwen3', DENSE],
  ['phi3', decoder({ ffn_up: ['mlp.gate_up_proj', 'mlp.up_proj'] })],
  ['qwen2moe', MIXTURE],
  ['qwen3moe', MIXTURE],
  ['olmoe', MIXTURE],
  ['deepseek2', decoder({ ...EXPERTS, ...LATENT })],
  ['gemma', decoder({}, { addsOne: true })],
  ['gemma2', decoder(SANDWICH, { addsOne: true })],
  ['gemma3', decoder(SANDWICH, { addsOne: true })],
  ['olmo2', decoder({ post_attention_norm: 'post_attention_layernorm', post_ffw_norm: 'post_feedforward_layernorm' })],
  ['starcoder2', decoder({ ffn_up: 'mlp.c_fc', ffn_down: 'mlp.c_proj' })],
  [
    'gpt2',
    {
      roots: ['transformer.', ''],
      outside: { token_embd: 'wte', position_embd: 'wpe', output_norm: 'ln_f', output: '/lm_head' },
      block: 'h',
      inside: {
        attn_norm: 'ln_1',
        attn_qkv: 'attn.c_attn',
        attn_output: 'attn.c_proj',
        ffn_norm: 'ln_2',
        ffn_up: 'mlp.c_fc',
        ffn_down: 'mlp.c_proj',
      },
      transposed: ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'],
    },
  ],
  [
    'mamba',
    {
      roots: ['backbone.'],
      outside: { token_embd: 'embeddings', output_norm: 'norm_f', output: '/lm_head' },
      block: 'layers',
      inside: {
        attn_norm: 'norm',
        ssm_in: 'mixer.in_proj',
        ssm_conv1d: 'mixer.conv1d',
        ssm_x: 'mixer.x_proj',
        ssm_dt: 'mixer.dt_proj',
        ssm_d: 'mixer.D',
        ssm_out: 'mixer.out_proj',
      },
      notUndone: new Map([['ssm_a', '-exp(A_log)']]),
    },
  ],
]);
