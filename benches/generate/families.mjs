/** Names and shapes of language models, of about as many elements as are asked for. */

/**
 * @typedef {'matrix' | 'embedding' | 'norm' | 'bias' | 'scale'} Role What a tensor is, which decides its values and their change.
 *
 * @typedef {object} Planned
 * @property {string} name
 * @property {readonly number[]} shape
 * @property {Role} role
 * @property {number} depth 0 at the input to 1 at the output.
 *
 * @typedef {object} Architecture
 * @property {Planned[]} tensors
 * @property {Readonly<Record<string, unknown>>} config Content of config.json.
 */

/** @type {Readonly<Record<'llama' | 'moe' | 'gpt2', (elements: number, experts?: number) => Architecture>>} */
export const FAMILIES = { llama: planLlama, moe: planMoe, gpt2: planGpt2 };

/** Elements of an embedding as a share of a small model. */
const VOCABULARY = 32_000;

/**
 * Layers and width for which the blocks, `weight` * width ** 2 elements each, and the embeddings hold `elements`; what rounding the
 * width down leaves over goes to the vocabulary, so that the total is met to a row or two.
 * @param {number} elements
 * @param {number} weight
 * @param {number} embeddings
 */
function fit(elements, weight, embeddings) {
  const layers = Math.min(64, Math.max(2, Math.round(Math.cbrt(elements / weight) / 16)));
  const vocabulary = Math.min(VOCABULARY, elements / 1000);
  const [a, b] = [layers * weight, embeddings * vocabulary];
  const width = Math.max(64, Math.floor((Math.sqrt(b * b + 4 * a * elements) - b) / (2 * a) / 64) * 64);
  const rest = elements - a * width * width;
  return { layers, width, vocabulary: Math.max(256, Math.round(rest / (embeddings * width))) };
}

/** @param {number} elements */
function planLlama(elements) {
  return planDecoder(elements, { model_type: 'llama' }, 10.75, (prefix, width) => [
    [`${prefix}.mlp.gate_proj.weight`, [width * 2.75, width]],
    [`${prefix}.mlp.up_proj.weight`, [width * 2.75, width]],
    [`${prefix}.mlp.down_proj.weight`, [width, width * 2.75]],
  ]);
}

/**
 * @param {number} elements
 * @param {number} [experts]
 */
function planMoe(elements, experts = 8) {
  return planDecoder(elements, { model_type: 'mixtral', num_local_experts: experts }, 2.5 + 3 * experts, (prefix, width) => [
    [`${prefix}.block_sparse_moe.gate.weight`, [experts, width]],
    ...Array.from({ length: experts }, (_, expert) =>
      ['w1', 'w2', 'w3'].map(
        (name) =>
          /** @type {[string, number[]]} */ ([`${prefix}.block_sparse_moe.experts.${expert}.${name}.weight`, [width, width]]),
      ),
    ).flat(),
  ]);
}

/**
 * @param {number} elements
 * @param {Readonly<Record<string, unknown>>} config
 * @param {number} weight Elements of a block in squares of the width.
 * @param {(prefix: string, width: number) => [string, number[]][]} planMlp
 * @returns {Architecture}
 */
function planDecoder(elements, config, weight, planMlp) {
  const { layers, width, vocabulary } = fit(elements, weight, 2);
  /** @type {Planned[]} */
  const tensors = [{ name: 'model.embed_tokens.weight', shape: [vocabulary, width], role: 'embedding', depth: 0 }];
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const depth = layer / (layers - 1);
    for (const name of ['input_layernorm', 'post_attention_layernorm'])
      tensors.push({ name: `${prefix}.${name}.weight`, shape: [width], role: 'norm', depth });
    for (const [name, rows] of /** @type {const} */ ([
      ['q', width],
      ['k', width / 4],
      ['v', width / 4],
      ['o', width],
    ]))
      tensors.push({ name: `${prefix}.self_attn.${name}_proj.weight`, shape: [rows, width], role: 'matrix', depth });
    for (const [name, shape] of planMlp(prefix, width)) tensors.push({ name, shape, role: 'matrix', depth });
  }
  tensors.push(
    { name: 'model.norm.weight', shape: [width], role: 'norm', depth: 1 },
    { name: 'lm_head.weight', shape: [vocabulary, width], role: 'embedding', depth: 1 },
  );
  return {
    tensors,
    config: { ...config, hidden_size: width, num_hidden_layers: layers, vocab_size: vocabulary },
  };
}

/**
 * @param {number} elements
 * @returns {Architecture}
 */
function planGpt2(elements) {
  const { layers, width, vocabulary } = fit(elements, 12, 1);
  const positions = Math.min(1024, vocabulary);
  /** @type {Planned[]} */
  const tensors = [
    { name: 'wte.weight', shape: [vocabulary - positions / 2, width], role: 'embedding', depth: 0 },
    { name: 'wpe.weight', shape: [positions / 2, width], role: 'embedding', depth: 0 },
  ];
  /**
   * @param {string} name
   * @param {number} depth
   */
  const addNorm = (name, depth) => {
    tensors.push(
      { name: `${name}.weight`, shape: [width], role: 'norm', depth },
      { name: `${name}.bias`, shape: [width], role: 'bias', depth },
    );
  };
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `h.${layer}`;
    const depth = layer / (layers - 1);
    addNorm(`${prefix}.ln_1`, depth);
    addNorm(`${prefix}.ln_2`, depth);
    for (const [name, from, to] of /** @type {const} */ ([
      ['attn.c_attn', 1, 3],
      ['attn.c_proj', 1, 1],
      ['mlp.c_fc', 1, 4],
      ['mlp.c_proj', 4, 1],
    ]))
      tensors.push(
        { name: `${prefix}.${name}.weight`, shape: [from * width, to * width], role: 'matrix', depth },
        { name: `${prefix}.${name}.bias`, shape: [to * width], role: 'bias', depth },
      );
  }
  addNorm('ln_f', 1);
  return { tensors, config: { model_type: 'gpt2', n_embd: width, n_layer: layers, vocab_size: vocabulary } };
}
