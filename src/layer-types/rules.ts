import type { LayerType } from './layer-type.ts';
import { anySegment, nearestBlock, nearOwner, outsideBlocks, ownerIs, siblingIs, type NameView } from './name-view.ts';
import { isIndex, readWords } from './vocabulary.ts';

/** One step of the decision: the first rule whose test holds gives the type. */
export interface Rule {
  readonly type: LayerType;
  /** What the rule recognises, in words, with an example. */
  readonly meaning: string;
  readonly test: (name: NameView) => boolean;
}

/** Layer type of a tensor, decided by the first rule that holds. Order matters: special before general, owner before ancestor. */
export const RULES: readonly Rule[] = [
  {
    type: 'buffer',
    meaning: 'state of the training and no weight: optimizer_states.0.state.0.exp_avg, state.fc.weight.exp_avg',
    test: (n) =>
      /^(optimizers?|optim|optimizer_states?|optimizer_state_dict|lr_schedulers?|rng_states?)$/.test(n.segments[0] ?? '') ||
      (n.segments[0] === 'state' && /^(step|(max_)?exp_avg(_sq)?|momentum_buffer|square_avg)$/.test(n.segments.at(-1) ?? '')),
  },
  {
    type: 'adapter',
    meaning: 'parameter of an adapter: lora_A, hada_w1_a, prompt_embeddings',
    test: (n) => anySegment(n, 'adapter'),
  },
  {
    type: 'adapter',
    meaning: 'scale of a LoRA pair: a scalar called alpha',
    test: (n) => n.leaf === 'alpha' && (n.dims ?? 0) === 0 && !nearOwner(n, 'position'),
  },
  { type: 'quant', meaning: 'auxiliary of a quantised weight: scales, qzeros, absmax', test: (n) => hasQuantEnd(n) },
  {
    type: 'buffer',
    meaning: 'table or counter that is not trained: inv_freq, position_ids',
    test: (n) =>
      readWords(n.leaf).has('buffer') ||
      anySegment(n, 'rotary') ||
      /^(act_fn\.(beta|eps)|codebook\.embed)$/.test(n.segments.slice(-2).join('.')),
  },
  {
    type: 'buffer',
    meaning: 'noise schedule at the top of a diffusion checkpoint',
    test: (n) => n.segments.length === 1 && readWords(n.leaf).has('schedule'),
  },
  {
    type: 'buffer',
    meaning: 'causal mask that GPT-2 and NeoX call attn.bias',
    test: (n) => n.leaf === 'bias' && (n.dims ?? 0) >= 3 && readWords(n.owner).has('attentionAncestor'),
  },
  {
    type: 'norm',
    meaning: 'norm inside a fused layer: linear_qkv.layer_norm_weight',
    test: (n) => readWords(n.leaf).has('fusedNorm'),
  },
  { type: 'buffer', meaning: 'running statistics of batch norm', test: (n) => readWords(n.leaf).has('batchStatistic') },
  {
    type: 'projector',
    meaning: 'bridge from one modality to another, with all that it holds: visual.merger.ln_q',
    test: (n) => anySegment(n, 'projector') || n.segments[0] === 'mm' || n.segments[0] === 'mlp1',
  },
  {
    type: 'norm',
    meaning: 'owner is a norm or a layer scale: input_layernorm, ln_1, ls1.gamma',
    test: (n) => ownerIs(n, 'norm') || /^(gamma(_?\d)?|lambda_?\d)$/.test(n.leaf),
  },
  {
    type: 'output',
    meaning: 'head wherever it stands: lm_head, embed_out, shared_head',
    test: (n) => anySegment(n, 'headAlways'),
  },
  {
    type: 'norm',
    meaning: 'one-dimensional weight at an index: norm in a Sequential',
    test: (n) => n.inSequential && isOneDimensional(n),
  },
  { type: 'router', meaning: 'chooses experts: router, shared_expert_gate, mlp.gate beside experts', test: isRouter },
  {
    type: 'conditioning',
    meaning: 'time, class or text conditioning and modulation',
    test: isConditioning,
  },
  {
    type: 'embedding',
    meaning: 'patches whose module also holds positions, or is a stem: pos_embed.proj',
    test: (n) => n.owner === 'proj' && !n.inBlock && /^(pos_embed(_input)?|stem)$/.test(n.parent),
  },
  {
    type: 'position',
    meaning: 'absolute or relative positions, convolutions that tell them included',
    test: (n) => nearOwner(n, 'position') || n.segments.includes('pos_conv_embed'),
  },
  { type: 'embedding', meaning: 'table of tokens, types, patches; class tokens', test: isEmbedding },
  {
    type: 'conv',
    meaning: 'squeeze-and-excite that is called attention: attention.0, attn.fc1 of convolutions',
    test: (n) => isConvolution(n) && isSqueeze(n),
  },
  {
    type: 'attention',
    meaning: 'nearest block around it is attention, linear attention included',
    test: (n) => nearestBlock(n) === 'attention',
  },
  { type: 'ssm', meaning: 'state-space block: A_log, dt_proj, and what lies beside them', test: isStateSpace },
  { type: 'output', meaning: 'head outside of blocks: score, classifier, pooler', test: isHead },
  {
    type: 'mlp',
    meaning: 'nearest block around it is an MLP or an expert',
    test: (n) => nearestBlock(n) === 'mlp' && !isInnerConvolution(n),
  },
  {
    type: 'attention',
    meaning: 'called as a projection of attention: q_proj, Wqkv, to_k',
    test: (n) => readWords(callerOf(n)).has('attentionOwner') && !isLoneLetter(n),
  },
  {
    type: 'mlp',
    meaning: 'called as a projection of an MLP: fc1, gate_proj, w2',
    test: (n) => readWords(callerOf(n)).has('mlpOwner') && !isConvolution(n),
  },
  {
    type: 'conv',
    meaning: 'called a convolution or a resampling, unless it is a norm in one',
    test: (n) => anySegment(n, 'conv') && (ownerIs(n, 'conv') || !isOneDimensional(n)),
  },
  {
    type: 'mlp',
    meaning: 'output.dense of BERT, outside of its attention',
    test: (n) => ownerIs(n, 'dense') && readWords(n.parent).has('outputWrapper') && n.inBlock,
  },
  {
    type: 'attention',
    meaning: 'beside q, k and v, or in a block of attentions',
    test: (n) => siblingIs(n, 'attentionOwner') || anySegment(n, 'attentions'),
  },
  {
    type: 'conv',
    meaning: 'three or more dimensions',
    test: isConvolution,
  },
  { type: 'norm', meaning: 'one-dimensional weight', test: isOneDimensional },
];

/** Three dimensions or more, of the tensor itself or of the weight beside a bias. */
function isConvolution(name: NameView): boolean {
  return (name.dims ?? 0) >= 3 || (name.leaf === 'bias' && (name.around.weightDims ?? 0) >= 3);
}

/** One step of a Sequential called attention, or a layer called as those of an MLP in one. */
function isSqueeze(name: NameView): boolean {
  const called = name.inSequential ? name.owner : /^fc\d?$/.test(name.owner) ? name.parent : '';
  return readWords(called).has('attentionAncestor');
}

/** `intermediate` is also what lies between stages of convolutions. */
function isInnerConvolution(name: NameView): boolean {
  return isConvolution(name) && name.segments.includes('intermediate') && !name.segments.includes('mlp');
}

function hasQuantEnd(name: NameView): boolean {
  return name.segments.some((segment, at) => at >= name.ownerAt && at > 0 && readWords(segment).has('quant'));
}

function isOneDimensional(name: NameView): boolean {
  return (
    (name.dims === 1 && (name.leaf === 'weight' || name.leaf === 'scale')) ||
    (name.leaf === 'bias' && name.around.weightDims === 1)
  );
}

/** A transformer that refines a condition is what its own layers are. */
function isConditioning(name: NameView): boolean {
  if (/^linear(_\d)?$/.test(name.owner) && /^norm|_norm$/.test(name.parent)) return true;
  const at = name.segments.findIndex((segment) => readWords(segment).has('conditioning'));
  if (at < 0) return false;
  return !holdsNetwork(name, at);
}

/** Whether what a segment holds is a network of its own, whose tensors are what its layers are. */
function holdsNetwork(name: NameView, at: number): boolean {
  const inside = name.segments.slice(at + 1, name.ownerAt);
  return (
    inside.some((segment) => /^(backbone|img_processor)$|_(encoder|model)$/.test(segment)) ||
    (inside.some(isIndex) && nearestBlock(name) !== null)
  );
}

function isRouter(name: NameView): boolean {
  if (anySegment(name, 'router')) return true;
  if (!ownerIs(name, 'gate') || nearestBlock(name) === 'attention') return false;
  return siblingIs(name, 'experts') || (readWords(name.parent).has('mlpAncestor') && !siblingIs(name, 'gatePartner'));
}

/** Some words mean an embedding only where no block is around. */
function isEmbedding(name: NameView): boolean {
  const at = name.segments.findIndex((segment) => readWords(segment).has('embedding'));
  if (at >= 0) return !holdsNetwork(name, at);
  return !name.inBlock && outsideBlocks(name, 'embeddingOutside') && nearestBlock(name) === null;
}

function isStateSpace(name: NameView): boolean {
  if (anySegment(name, 'ssmAncestor')) return true;
  const isOwner = ownerIs(name, 'ssmOwner') && (name.owner !== 'd' || name.leaf === 'd');
  return nearestBlock(name) === null && (isOwner || siblingIs(name, 'ssmOwner'));
}

function isHead(name: NameView): boolean {
  if (name.segments.join('.').endsWith('visual.proj')) return true;
  const at = name.segments.findIndex(
    (segment, index) => index < name.firstIndexAt && index <= name.ownerAt && readWords(segment).has('output'),
  );
  // An MLP of its own in a head, as pooling by attention has, is what it is called; so are blocks.
  return at >= 0 && nearestBlock(name) !== 'attention' && name.segments.indexOf('mlp', at) < 0 && !holdsNetwork(name, at);
}

/** The module that says what a layer is for: the one around a bare `linear`. */
function callerOf({ owner, parent }: NameView): string {
  return owner === 'linear' ? parent : owner;
}

/** A module called q, k, v, o or key alone says little without siblings. */
function isLoneLetter(name: NameView): boolean {
  return callerOf(name).length === 1 && !siblingIs(name, 'attentionOwner');
}
