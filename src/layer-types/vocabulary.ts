/** Name of a word. */
export type Word =
  | 'leaf'
  | 'adapter'
  | 'quant'
  | 'buffer'
  | 'rotary'
  | 'schedule'
  | 'batchStatistic'
  | 'fusedNorm'
  | 'norm'
  | 'headAlways'
  | 'router'
  | 'gate'
  | 'gatePartner'
  | 'experts'
  | 'conditioning'
  | 'position'
  | 'projector'
  | 'embedding'
  | 'embeddingOutside'
  | 'ssmOwner'
  | 'ssmAncestor'
  | 'output'
  | 'mlpAncestor'
  | 'attentionAncestor'
  | 'attentions'
  | 'attentionOwner'
  | 'mlpOwner'
  | 'conv'
  | 'dense'
  | 'outputWrapper'
  | 'linear';

/**
 * Words: what a segment of a tensor name says. Each matches one whole segment in lower case.
 * To teach a new spelling, add it here; the order of decisions is in `rules.ts`.
 * No expression starts with a repetition or nests one in another, so each takes time linear in the segment.
 */
export const WORDS: Readonly<Record<Word, RegExp>> = {
  /** Last segments that name a parameter of the module before them. */
  leaf: /^(weight|bias|kernel|scale|gamma|beta|alpha|embedding|global_scale|w|b)$|^(weight|bias)(\d+|_[guv]|_orig|_mu|_packed|_shape|_scale|_scale_inv|_scale_2|_zero_point)$|^(lambda|gamma)_?\d$|^(q|moving_|running_)?(weight|mean|var|variance)$/,
  adapter:
    /^lora_(a|b|e|down|up|mid|embedding_[ab]|magnitude_vector)$|^(dora_scale|ia3_l|oft_[rs]|oft_blocks|prefix_encoder)$|^(hada_w|lokr_|boft_|vera_|adapter)|^prompt_(embeddings?|tokens?)$/,
  quant:
    /^(scales|qzeros|g_idx|absmax|scb|zero_point|input_scale|output_scale|[kvq]_scale)$|^weight_(scale|scale_inv|scale_2|zero_point|shape)$|^quant_state|quant_map$|_scales$|absmax$/,
  buffer:
    /^(original_)?inv_freq$|^(position_ids|token_type_ids|masked_bias|num_batches_tracked|n_averaged|relative_position_index|relative_coords_table|attn_mask|attention_mask|causal_mask|tril|freqs_cis|freqs_cos|freqs_sin|cos_cached|sin_cached|_float_tensor|latents?_(mean|std)|(in|out)put_(min|max)|filter|cluster_(size|usage|sum)|inited|initialized|embed_(avg|sum)|layer_scalar|tid2eid|empty_weight|x_(min|max)|slope_rate|(query|key|diagonal|block)_decay)$|_(idxs?|integer|scaling_factor|mask_probs)$|(^|_)num_updates$/,
  /** Modules that hold nothing but tables of angles. */
  rotary: /^(rope|rope_freqs|rotary|rotary_emb|rotary_embed|rotary_embedding|rotary_pos_emb|rotary_pos_embed)$/,
  /** Schedules of diffusion models, which stand at the top of a checkpoint. */
  schedule:
    /^(betas|alphas_cumprod(_prev)?|sqrt_(recip_|recipm1_|one_minus_)?alphas_cumprod|log_one_minus_alphas_cumprod|posterior_\w+)$/,
  batchStatistic: /^(running|moving)_(mean|var|variance)$/,
  /** Sub-module of a fused layer that starts with its norm (Transformer Engine). */
  fusedNorm: /^layer_norm_(weight|bias)$/,
  norm: /layer_?norm(?!_(mlp|qkv|linear)$)|layrnorm|rms_?norm|group_?norm|batch_?norm|instance_?norm|^norm(?!ali[sz]er)|_norm(_|\d|$)|^[a-z]norm\d*$|^ln(_|\d|$)|_ln(_|\d|$)|^sub_?ln$|^bn(\d|_|$)|^gn\d*$|^grn$|^ls\d$|layer_?scale|(^|_)gamma(_?\d)?$|^rms(_|\d|$)/,
  headAlways: /^(lm_head|embed_out|shared_head)$/,
  router: /^router|^ffn_gate_inp|^(shared_expert_gate|wg|expert_bias)$|^e_score_correction|^exp_probs_b/,
  gate: /^gate$/,
  /** Beside these a `gate` is a projection of a gated MLP, not a router. */
  gatePartner: /^(up|down|up_proj|down_proj|fc\d|w\d)$/,
  experts: /^(local_|shared_|routed_)?experts?(_\d+)?$/,
  conditioning:
    /(^|_)(time|timestep|t|y|x|context|condition|label|class|add|addition|guidance|caption|image)_embedder(_\d)?$|(^|_)time(step)?_(step|embed|text_embed|embedding|emb_proj|projection|mlp|in)|^(emb_layers|img_in|txt_in|vector_in|guidance_in|distilled_guidance_layer|add_embedding|label_emb)$|caption_projection$|_mod$|(^|_)ada_?ln|(^|_)modulations?(_|$)|(^|_)scale_shift(_table)?$/,
  position:
    /^wpe$|positions?(al)?_(embed|embd|encod|bias)|^(absolute_|abs_|rel_|decoder_)?pos_(embed|embd|emb|conv_embed)|^embed_positions|^rel_embeddings$|^rel_pos(_[hw]|_bias)?$|^relative_(position|attention)_bias|^relative_position$|^(row|column|temporal)_embeddings?$|^cpb_mlp$|^encode_positions$|^cpe\d?$/,
  projector:
    /^(multi_modal_projector|multimodal_projector|mm_projector|connector|vision_adapter|patch_merger|abstractor|img_projection|language_projection|vision_projection|projector)$|^(?!vocab_)\w*_projector(_\d)?$|(^|_)(resampler(_model)?|aligner|merger)$|_to_text_projection$|^deepstack_merger/,
  embedding:
    /^(wte|embed_in|cls_token|dist_token|distillation_token|mask_token|reg_token|class_token|class_embedding|embeddings?|segment_embeddings|point_embed|not_a_point_embed|no_mask_embed)$|^register_tokens?$|^embed_tokens|^tok(en)?_emb|^tokens?_embed|^token_type_emb|_embeddings?$|patch_emb|^input_embeds|_embeddings_table$|^quer(y|ies)_(embedder|feat|features)$|^(embedder|codebooks?)$/,
  /** Words that mean an embedding outside of blocks only. */
  embeddingOutside:
    /^(conv_proj|patch_conv|shared|embed|query|query_embed|latents|latent)$|_tokens?$|^(?!\w*(class|bbox|pos)_)\w*_emb(ed)?$|^embed_/,
  ssmOwner: /^(a_log|d|dt_bias|dt_proj|x_proj|rg_lru|rglru)$|^ssm_/,
  ssmAncestor: /^mamba|^ssm(_|\d|$)|^gla$|^rg_?lru$/,
  output:
    /^(score|heads?|output|output_layer|output_projection|qa_outputs|cls|pre_classifier|pooler|v_head|proj_out|final_layer|fc|(text|visual|audio|video)_projection|logit_scale|logit_bias|final_logits_bias|vocab_projector|vocab_transform|vocab_layer_norm|predictions|bbox_predictor|class_predictor|last_linear|seq_relationship)$|classifier|(^|_)(class|bbox)_embed$|^(?!conv_)\w*_heads?$|_predictor$|_pooler$|_predictions$|^head_dist/,
  mlpAncestor:
    /^mlp|_mlps?$|^(ffn|ffw|ff)(_|\d|$)|_ffn?$|^channel_mixer$|^feed_?forward|feed_?forward$|^densereludense$|(^|_)inter(mediate)?(_|$)|^(local_|shared_|routed_)?experts?(_\d+)?$|(^|_)moe(_|$)/,
  attentionAncestor: /(^|_)attn(_|\d|$)|attn$|^attnpool|attention(_|\d|$)|^mh[acs]a?$|(^|_)att$/,
  /** Container of whole attention blocks in diffusion models. */
  attentions: /^(attentions|motion_modules)$/,
  attentionOwner:
    /^(add_|to_|pos_)?([qkvo]|qk|kv|qkv|query|key|value|receptance)(_proj|_lin|_attn|_linear)?$|^(q|kv)_[ab]_proj|^kv_a_proj_with_mqa$|^w(q|k|v|qkv|kv)$|^(queries_keys_values|to_out|to_add_out|out_lin|sinks|query_key_value|c_attn)$|^in_proj_(weight|bias|qkv)|^linear_(q|k|v|kv|qkv)|^attn_/,
  mlpOwner:
    /^(gate|up|down|gate_up)(_proj)?(_bias|_blocks)?$|^fc_?(\d|in$|out$)|^c_fc|^w(\d{1,2}|i(_\d)?)$|^dense_(h_to_4h|4h_to_h)$|^lin(ear)?_?[12]$|^linear_fc\d$|^proj_mlp$|^intermediate_dense$|^linear_(up|down)$/,
  conv: /(^|_)conv(_|\d|s?$|olution)|conv\d*$|^(down|up)sampl|shortcut$|^stem$|^se(_|$)|^squeeze_excite/,
  dense: /^dense$/,
  outputWrapper: /(^|_)output(_query)?$/,
  linear: /^(linear|lin)$/,
};

const ENTRIES = Object.entries(WORDS) as [Word, RegExp][];
const known = new Map<string, ReadonlySet<Word>>();

/** Words that a lower-case segment matches. Segments repeat by the thousand, so answers are kept. */
export function readWords(segment: string): ReadonlySet<Word> {
  let words = known.get(segment);
  if (words === undefined) {
    if (known.size > 50_000) known.clear();
    words = new Set(ENTRIES.filter(([, pattern]) => pattern.test(segment)).map(([word]) => word));
    known.set(segment, words);
  }
  return words;
}

/** Whether a segment is a bare index, or stands for one in a form of names. */
export function isIndex(segment: string): boolean {
  const code = segment.charCodeAt(0);
  return code === 1 ? segment.length === 1 : code >= 48 && code <= 57 && /^\d{1,6}$/.test(segment);
}

/** Segments such as `layer_3`, `encoder_layer_0`, `layer1`, `h_0`: a block and its index in one word. */
const INDEXED_BLOCK = /^((?:[a-z]{1,20}_)?(?:layers?|blocks?|blk|stages?|resblocks?|h|expert))_?(\d{1,6})$/;

/** Stem and index of a segment such as `layer_3`; null for any other. */
export function readIndexedBlock(segment: string): { readonly stem: string; readonly index: number } | null {
  const match = INDEXED_BLOCK.exec(segment);
  return match === null ? null : { stem: match[1] ?? '', index: Number(match[2]) };
}
