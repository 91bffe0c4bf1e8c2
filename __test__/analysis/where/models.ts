import { classifyTensors } from '../../../src/layer-types/classify.ts';
import type { NamedShape } from '../../../src/layer-types/surroundings.ts';
import type { Member } from '../../../src/analysis/where/types.ts';

/** Names as `model.layers.{0-5}.self_attn.{q_proj,k_proj}.weight`: ranges and lists in braces are spelled out. */
export function expand(pattern: string): string[] {
  const match = /\{([^{}]*)\}/.exec(pattern);
  if (match === null) return [pattern];
  const range = /^(\d+)-(\d+)$/.exec(match[1] ?? '');
  const parts =
    range === null
      ? (match[1] ?? '').split(',')
      : Array.from({ length: Number(range[2]) - Number(range[1]) + 1 }, (_, at) => String(Number(range[1]) + at));
  return parts.flatMap((part) => expand(pattern.slice(0, match.index) + part + pattern.slice(match.index + match[0].length)));
}

/** One-dimensional are norms, biases and bare parameters of state-space layers; convolutions have four dimensions. */
function shapeOf(name: string): number[] {
  if (/(norm|ln|bn|LayerNorm|downsample\.1)[\w.]*\.(weight|bias)$|bias$|running|gamma|A_log|\.D$/i.test(name)) return [8];
  if (/num_batches/.test(name)) return [];
  return /conv|downsample\.0|patch_embed/.test(name) ? [8, 8, 3, 3] : [8, 8];
}

/** Rows of a model, by patterns of names. */
export function build(...patterns: readonly string[]): Member[] {
  const names = patterns.flatMap((pattern) => expand(pattern));
  const classes = classifyTensors(names.map((name): NamedShape => ({ name, shape: shapeOf(name) })));
  return classes.map((own, at) => ({ name: names[at] ?? '', class: own }));
}

const LLAMA_BLOCK =
  '{self_attn.{q_proj,k_proj,v_proj,o_proj},mlp.{gate_proj,up_proj,down_proj},input_layernorm,post_attention_layernorm}';

const bias = '{weight,bias}';

/** Models of many kinds, small. */
export const MODELS = {
  llama: build(
    'model.embed_tokens.weight',
    `model.layers.{0-5}.${nest(LLAMA_BLOCK)}.weight`,
    'model.norm.weight',
    'lm_head.weight',
  ),
  deep: build(
    'model.embed_tokens.weight',
    `model.layers.{0-31}.${nest(LLAMA_BLOCK)}.weight`,
    'model.norm.weight',
    'lm_head.weight',
  ),
  pixel: build(
    'model.embed_tokens.weight',
    `model.layers.{0-99}.${nest(LLAMA_BLOCK)}.weight`,
    'model.norm.weight',
    'lm_head.weight',
  ),
  gpt2: build(
    'transformer.{wte,wpe}.weight',
    `transformer.h.{0-11}.{ln_1,attn.c_attn,attn.c_proj,ln_2,mlp.c_fc,mlp.c_proj}.${bias}`,
    `transformer.ln_f.${bias}`,
  ),
  bert: build(
    'bert.embeddings.{word_embeddings,position_embeddings,token_type_embeddings}.weight',
    `bert.embeddings.LayerNorm.${bias}`,
    `bert.encoder.layer.{0-11}.{attention.self.query,attention.self.key,attention.self.value,attention.output.dense,attention.output.LayerNorm,intermediate.dense,output.dense,output.LayerNorm}.${bias}`,
    `bert.pooler.dense.${bias}`,
    `classifier.${bias}`,
  ),
  t5: build(
    'shared.weight',
    'encoder.block.{0-5}.layer.0.SelfAttention.{q,k,v,o}.weight',
    'encoder.block.{0-5}.layer.0.layer_norm.weight',
    'encoder.block.{0-5}.layer.1.{DenseReluDense.wi,DenseReluDense.wo,layer_norm}.weight',
    'encoder.final_layer_norm.weight',
    'decoder.block.{0-5}.layer.0.SelfAttention.{q,k,v,o}.weight',
    'decoder.block.{0-5}.layer.0.layer_norm.weight',
    'decoder.block.{0-5}.layer.1.EncDecAttention.{q,k,v,o}.weight',
    'decoder.block.{0-5}.layer.1.layer_norm.weight',
    'decoder.block.{0-5}.layer.2.{DenseReluDense.wi,DenseReluDense.wo,layer_norm}.weight',
    'decoder.final_layer_norm.weight',
    'lm_head.weight',
  ),
  mixtral: build(
    'model.embed_tokens.weight',
    'model.layers.{0-3}.self_attn.{q_proj,k_proj,v_proj,o_proj}.weight',
    'model.layers.{0-3}.block_sparse_moe.gate.weight',
    'model.layers.{0-3}.block_sparse_moe.experts.{0-7}.{w1,w2,w3}.weight',
    'model.layers.{0-3}.{input_layernorm,post_attention_layernorm}.weight',
    'model.norm.weight',
    'lm_head.weight',
  ),
  deepseek: build(
    'model.embed_tokens.weight',
    'model.layers.{0-9}.self_attn.{q_a_proj,q_b_proj,kv_b_proj,o_proj}.weight',
    'model.layers.0.mlp.{gate_proj,up_proj,down_proj}.weight',
    'model.layers.{1-9}.mlp.gate.weight',
    'model.layers.{1-9}.mlp.experts.{0-127}.{gate_proj,up_proj,down_proj}.weight',
    'model.layers.{1-9}.mlp.shared_experts.{gate_proj,up_proj,down_proj}.weight',
    'model.layers.{0-9}.{input_layernorm,post_attention_layernorm}.weight',
    'model.norm.weight',
    'lm_head.weight',
  ),
  qwenVl: build(
    'visual.patch_embed.proj.weight',
    `visual.blocks.{0-3}.{norm1,norm2}.weight`,
    `visual.blocks.{0-3}.{attn.qkv,attn.proj,mlp.fc1,mlp.fc2}.${bias}`,
    'visual.merger.ln_q.weight',
    `visual.merger.mlp.{0,2}.${bias}`,
    'model.embed_tokens.weight',
    `model.layers.{0-5}.${nest(LLAMA_BLOCK)}.weight`,
    'model.norm.weight',
    'lm_head.weight',
  ),
  llava: build(
    'vision_tower.vision_model.embeddings.patch_embedding.weight',
    `vision_tower.vision_model.encoder.layers.{0-3}.{self_attn.q_proj,self_attn.k_proj,self_attn.v_proj,self_attn.out_proj,layer_norm1,mlp.fc1,mlp.fc2,layer_norm2}.${bias}`,
    'multi_modal_projector.{linear_1,linear_2}.weight',
    'language_model.model.embed_tokens.weight',
    `language_model.model.layers.{0-5}.${nest(LLAMA_BLOCK)}.weight`,
    'language_model.model.norm.weight',
    'language_model.lm_head.weight',
  ),
  vit: build(
    'cls_token',
    'pos_embed',
    `patch_embed.proj.${bias}`,
    `blocks.{0-11}.{norm1,attn.qkv,attn.proj,norm2,mlp.fc1,mlp.fc2}.${bias}`,
    `norm.${bias}`,
    `head.${bias}`,
  ),
  resnet: build(
    'conv1.weight',
    'bn1.{weight,bias,running_mean,running_var,num_batches_tracked}',
    'layer{1-4}.{0-1}.{conv1,conv2}.weight',
    'layer{1-4}.{0-1}.{bn1,bn2}.{weight,bias,running_mean,running_var,num_batches_tracked}',
    'layer{2-4}.0.downsample.0.weight',
    'layer{2-4}.0.downsample.1.{weight,bias,running_mean,running_var,num_batches_tracked}',
    `fc.${bias}`,
  ),
  unet: build(
    `conv_in.${bias}`,
    `time_embedding.{linear_1,linear_2}.${bias}`,
    `down_blocks.{0-2}.resnets.{0-1}.{norm1,conv1,time_emb_proj,norm2,conv2}.${bias}`,
    'down_blocks.{0-2}.attentions.{0-1}.transformer_blocks.0.{attn1,attn2}.{to_q,to_k,to_v,to_out.0}.weight',
    `up_blocks.{0-2}.resnets.{0-2}.{norm1,conv1,time_emb_proj,norm2,conv2}.${bias}`,
    'up_blocks.{0-2}.attentions.{0-2}.transformer_blocks.0.{attn1,attn2}.{to_q,to_k,to_v,to_out.0}.weight',
    `conv_norm_out.${bias}`,
    `conv_out.${bias}`,
  ),
  whisper: build(
    'model.encoder.{conv1,conv2}.weight',
    'model.encoder.embed_positions.weight',
    `model.encoder.layers.{0-3}.{self_attn.q_proj,self_attn.v_proj,self_attn.out_proj,self_attn_layer_norm,fc1,fc2,final_layer_norm}.${bias}`,
    `model.encoder.layer_norm.${bias}`,
    'model.decoder.{embed_tokens,embed_positions}.weight',
    `model.decoder.layers.{0-3}.{self_attn.q_proj,self_attn.v_proj,self_attn.out_proj,self_attn_layer_norm,encoder_attn.q_proj,encoder_attn.v_proj,encoder_attn.out_proj,encoder_attn_layer_norm,fc1,fc2,final_layer_norm}.${bias}`,
    `model.decoder.layer_norm.${bias}`,
    'proj_out.weight',
  ),
  jamba: build(
    'model.embed_tokens.weight',
    'model.layers.{0,1,2,4,5,6}.mamba.{in_proj,x_proj,dt_proj,out_proj}.weight',
    'model.layers.{3,7}.self_attn.{q_proj,k_proj,v_proj,o_proj}.weight',
    'model.layers.{0-7}.{input_layernorm,pre_ff_layernorm}.weight',
    'model.layers.{0-7}.feed_forward.{gate_proj,up_proj,down_proj}.weight',
    'model.final_layernorm.weight',
    'lm_head.weight',
  ),
} as const satisfies Record<string, readonly Member[]>;

/** Braces within braces are spelled out from the inside, so an outer list becomes one flat list. */
function nest(pattern: string): string {
  return `{${expandNested(pattern.slice(1, -1)).join(',')}}`;
}

function expandNested(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of `${text},`) {
    depth += Number(character === '{') - Number(character === '}');
    if (character === ',' && depth === 0) {
      parts.push(...expand(part));
      part = '';
    } else part += character;
  }
  return parts;
}
