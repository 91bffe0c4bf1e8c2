import type { NameView } from './name-view.ts';
import { readWords } from './vocabulary.ts';

/** Role by the name of the owner; the first expression that matches gives it. */
type Roles = readonly (readonly [role: string, owner: RegExp])[];

const ATTENTION: Roles = [
  ['qkv', /^(c_attn|w?qkv(_proj)?|to_qkv|query_key_value|in_proj(_weight|_bias|_qkvz)?|linear_qkv|attn_qkv)$/],
  ['kv_a', /^(attn_)?kv_a_/],
  ['kv_b', /^(attn_)?kv_b_|^attn_[kv]_b$/],
  ['q_a', /^(attn_)?q_a(_|$)/],
  ['q_b', /^(attn_)?q_b(_|$)/],
  ['kv', /^(to_kv|w?kv(_proj)?|linear_kv)$/],
  ['q', /^(add_|to_|pos_|attn_|linear_|w)?(q|query)(_proj|_lin|_attn|_linear)?$/],
  ['k', /^(add_|to_|pos_|attn_|linear_|w)?(k|key)(_proj|_lin|_attn|_linear)?$/],
  ['v', /^(add_|to_|pos_|attn_|linear_|w)?(v|value)(_proj|_lin|_attn|_linear)?$/],
  ['sinks', /^(attn_)?sinks$/],
  ['time_mix', /^time_/],
  ['gate', /^(gate|g|attn_gate)(_proj)?$/],
  [
    'o',
    /^(o|o_proj|out|out_proj|out_lin|to_out|to_add_out|wo|dense|c_proj|proj|linear_proj|attn_out|attn_output|output|proj_out)$/,
  ],
];

const MLP: Roles = [
  ['gate_up', /^(gate_up(_proj)?|w12|ffn_gate_up)(_|$)/],
  ['gate', /^(gate(_proj)?|w1|wi_0|ffn_gate|linear_g)(_|$)/],
  [
    'down',
    /^(down(_proj)?|w2|wo|fc_?2|fc_out|c_proj|lin(ear)?_?2|linear_fc2|dense_4h_to_h|ffn_down|ffn_output|output_dense|proj_out|value)(_|$)/,
  ],
  [
    'up',
    /^(up(_proj)?|w3|wi|wi_1|fc_?1|fc_in|c_fc|lin(ear)?_?1|linear_fc1|dense_h_to_4h|ffn_up|ffn|intermediate_dense|proj_mlp|key)(_|$)/,
  ],
];

const EMBEDDING: Roles = [
  ['type', /type_emb/],
  ['patch', /patch|^conv_proj$|^proj(ection)?$/],
  ['cls', /^(cls|class|dist|distillation|mask|reg|register)_/],
  ['token', /tok|word|wte|^embed/],
];

const POSITION: Roles = [
  ['rel', /rel|bias/],
  ['abs', /./],
];
const OUTPUT: Roles = [
  ['pooler', /pool/],
  ['classifier', /classif|^score$|^seq_relationship$|^class_embed$/],
  ['projection', /^(text_projection|visual_projection|proj|logit_scale|logit_bias)$/],
  ['head', /./],
];

const ROLES: ReadonlyMap<string, Roles> = new Map([
  ['attention', ATTENTION],
  ['mlp', MLP],
  ['embedding', EMBEDDING],
  ['position', POSITION],
  ['output', OUTPUT],
]);

/** Role of a tensor within its type; null where its type has none or its name says none. */
export function readRole(type: string, name: NameView): string | null {
  if (type === 'mlp') {
    if (/(^|\.)shared_experts?(\.|$)/.test(name.segments.join('.'))) return 'shared_expert';
    if (name.segments.some((segment) => readWords(segment).has('experts')) || name.owner.endsWith('_exps')) return 'expert';
  }
  if (type === 'attention' && name.segments.includes('linear_attn')) return 'linear';
  const subject = type === 'output' && name.ownerAt > 0 ? outputSegment(name) : name.owner;
  return ROLES.get(type)?.find(([, pattern]) => pattern.test(subject))?.[0] ?? findSequentialRole(type, name);
}

/** The segment that makes a head a head: `pooler` in `pooler.dense`. */
function outputSegment(name: NameView): string {
  return name.segments.find((segment) => readWords(segment).has('output')) ?? name.owner;
}

/** Roles that only an index or a parent tells: `mlp.0`, `ff.net.2`, BERT's `intermediate.dense` and `output.dense`. */
function findSequentialRole(type: string, name: NameView): string | null {
  if (type !== 'mlp') return null;
  if (name.parent === 'intermediate' || (name.owner === 'proj' && name.segments.includes('net'))) return 'up';
  if (name.parent === 'output') return 'down';
  if (!name.inSequential) return null;
  return name.segments[name.ownerAt + 1] === '0' ? 'up' : 'down';
}
