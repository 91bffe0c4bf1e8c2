import { readFileSync } from 'node:fs';
import test from 'ava';
import { classifyName, classifyTensors } from '../../src/layer-types/classify.ts';
import type { NamedShape } from '../../src/layer-types/surroundings.ts';
import { compileUserPatterns } from '../../src/layer-types/user-patterns.ts';
import { ModelDiffError } from '../../src/errors.ts';
import { readModuleTrees, scoreTrees } from './module-trees.ts';

const table = readFileSync(new URL('../fixtures/analysis/layer_types.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', shape = '', type = ''] = line.split(',');
    return { name, shape: shape === '' ? [] : shape.split('x').map(Number), type };
  });

function matrices(names: readonly string[]): NamedShape[] {
  return names.map((name) => ({ name, shape: [8, 8] }));
}

/** Depths by name, with the stack where there is one. */
function places(names: readonly string[]): string[] {
  return classifyTensors(matrices(names)).map(({ stack, depth }) => (stack === null ? '-' : `${stack} ${depth}`));
}

test('every name of the table has its type', (t) => {
  t.is(table.length, 345);
  const classes = classifyTensors(table);
  t.deepEqual(
    table.filter((row, at) => classes[at]?.type !== row.type).map((row) => row.name),
    [],
  );
});

test('name and shape alone give the type of all but a state-space mixer', (t) => {
  const wrong = table.filter((row) => classifyName(row.name, row.shape).type !== row.type).map((row) => row.name);
  t.deepEqual(
    wrong,
    ['in_proj', 'conv1d', 'out_proj'].map((name) => `backbone.layers.0.mixer.${name}.weight`),
  );
  t.is(classifyName('backbone.layers.0.mixer.out_proj.weight', [8, 8], { siblings: new Set(['a_log', 'dt_proj']) }).type, 'ssm');
});

test('roles within the types', (t) => {
  const roles: readonly (readonly [string, string | null])[] = [
    ['model.layers.0.self_attn.q_proj.weight', 'q'],
    ['transformer.h.0.attn.c_attn.weight', 'qkv'],
    ['transformer.h.0.attn.c_proj.weight', 'o'],
    ['transformer.h.0.mlp.c_proj.weight', 'down'],
    ['bert.encoder.layer.0.intermediate.dense.weight', 'up'],
    ['bert.encoder.layer.0.output.dense.weight', 'down'],
    ['bert.encoder.layer.0.attention.output.dense.weight', 'o'],
    ['model.layers.3.mlp.experts.17.gate_proj.weight', 'expert'],
    ['model.layers.3.mlp.shared_experts.up_proj.weight', 'shared_expert'],
    ['model.layers.3.self_attn.kv_a_proj_with_mqa.weight', 'kv_a'],
    ['model.layers.0.self_attn.sinks', 'sinks'],
    ['model.layers.1.linear_attn.A_log', 'linear'],
    ['rwkv.blocks.0.attention.time_decay', 'time_mix'],
    ['encoder.blocks.0.mlp.0.weight', 'up'],
    ['encoder.blocks.0.mlp.2.weight', 'down'],
    ['model.embed_tokens.weight', 'token'],
    ['bert.embeddings.token_type_embeddings.weight', 'type'],
    ['patch_embed.proj.weight', 'patch'],
    ['cls_token', 'cls'],
    ['bert.pooler.dense.weight', 'pooler'],
    ['score.weight', 'classifier'],
    ['lm_head.weight', 'head'],
    ['text_projection', 'projection'],
    ['encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight', 'rel'],
    ['model.layers.0.input_layernorm.weight', null],
  ];
  for (const [name, role] of roles) t.is(classifyName(name, [8, 8]).role, role, name);
});

test('a bias has the type of its owner, and is told apart', (t) => {
  t.like(classifyName('h.0.attn.c_attn.bias', [8]), { type: 'attention', kind: 'bias' });
  t.like(classifyName('bn1.running_mean', [8]), { type: 'buffer', kind: 'buffer' });
  t.like(classifyName('h.0.attn.bias', [1, 1, 8, 8]), { type: 'buffer', kind: 'buffer' });
  const [weight, bias] = classifyTensors([
    { name: 'layer1.0.downsample.1.weight', shape: [8] },
    { name: 'layer1.0.downsample.1.bias', shape: [8] },
  ]);
  t.is(weight?.type, 'norm');
  t.is(bias?.type, 'norm');
});

test('an adapter knows the layer that it sits on', (t) => {
  t.like(classifyName('base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight'), {
    type: 'adapter',
    target: 'attention',
    role: 'q',
  });
  t.like(classifyName('lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight'), {
    type: 'adapter',
    target: 'mlp',
    role: 'up',
  });
});

test('a gate routes beside experts and gates beside a projection', (t) => {
  const [router, , gate] = classifyTensors(
    matrices([
      'a.0.mlp.gate.weight',
      'a.0.mlp.experts.0.up_proj.weight',
      'a.1.mlp.gate.weight',
      'a.1.mlp.up.weight',
      'a.1.mlp.down.weight',
    ]),
  );
  t.is(router?.type, 'router');
  t.is(gate?.type, 'mlp');
});

test('hybrids: the mixers of one stack are told apart by what lies beside them', (t) => {
  const mamba = ['A_log', 'D', 'dt_bias', 'in_proj.weight', 'conv1d.weight', 'out_proj.weight'].map(
    (name) => `backbone.layers.0.mixer.${name}`,
  );
  const attention = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) => `backbone.layers.1.mixer.${name}.weight`);
  const classes = classifyTensors(matrices([...mamba, ...attention]));
  t.deepEqual(
    classes.map(({ type }) => type),
    [...mamba.map(() => 'ssm'), ...attention.map(() => 'attention')],
  );
});

test('user patterns decide first, by their own types too', (t) => {
  const user = compileUserPatterns({ special: 'q_PROJ', mlp: [/\.k_proj\./g] });
  const names = matrices([
    'model.layers.0.self_attn.q_proj.weight',
    'model.layers.0.self_attn.k_proj.weight',
    'model.layers.0.self_attn.v_proj.weight',
  ]);
  t.deepEqual(
    classifyTensors(names, user).map(({ type }) => type),
    ['special', 'mlp', 'attention'],
  );
  t.deepEqual(
    classifyTensors(names, user).map(({ type }) => type),
    ['special', 'mlp', 'attention'],
    'a global expression gives the same answer twice',
  );
  const error = t.throws(() => compileUserPatterns({ mlp: '(' }), { instanceOf: ModelDiffError });
  t.is(error?.code, 'E_ARGUMENT');
});

test('depth: one stack, experts and Sequentials do not count', (t) => {
  const names = [
    'model.layers.0.mlp.experts.0.w1.weight',
    'model.layers.0.mlp.experts.7.w1.weight',
    'model.layers.1.mlp.experts.0.w1.weight',
    'model.layers.1.mlp.experts.7.w1.weight',
  ];
  t.deepEqual(places(names), ['model.layers 0', 'model.layers 0', 'model.layers 1', 'model.layers 1']);
  t.deepEqual(
    places([
      'encoder.blocks.0.mlp.0.weight',
      'encoder.blocks.0.mlp.2.weight',
      'encoder.blocks.1.mlp.0.weight',
      'encoder.blocks.1.mlp.2.weight',
    ]),
    [0, 0, 1, 1].map((depth) => `encoder.blocks ${depth}`),
  );
  const [first, second] = classifyTensors(matrices(names));
  t.is(first?.key, 'model.layers.#.mlp.experts.#.w1.weight');
  t.is(second?.key, first?.key);
});

test('depth: the first index counts in T5, whose sub-layers are no blocks', (t) => {
  const block = (index: number): string[] => [
    `encoder.block.${index}.layer.0.SelfAttention.q.weight`,
    `encoder.block.${index}.layer.0.layer_norm.weight`,
    `encoder.block.${index}.layer.1.DenseReluDense.wi.weight`,
    `encoder.block.${index}.layer.1.layer_norm.weight`,
  ];
  t.deepEqual(
    places([...block(0), ...block(1), ...block(2)]),
    [0, 1, 2].flatMap((depth) => Array<string>(4).fill(`encoder.block ${depth}`)),
  );
  t.is(classifyTensors(matrices([...block(0), ...block(1)]))[0]?.key, 'encoder.block.#.layer.0.SelfAttention.q.weight');
});

test('depth: stages of blocks become one stack in order', (t) => {
  const swin = [0, 1].flatMap((stage) =>
    [0, 1].flatMap((block) => ['attn.qkv', 'mlp.fc1'].map((name) => `layers.${stage}.blocks.${block}.${name}.weight`)),
  );
  t.deepEqual(
    places(swin),
    [0, 0, 1, 1, 2, 2, 3, 3].map((depth) => `layers ${depth}`),
  );
  const resnet = [1, 2].flatMap((stage) =>
    [0, 1, 2].flatMap((block) => ['conv1', 'bn1'].map((name) => `layer${stage}.${block}.${name}.weight`)),
  );
  t.deepEqual(
    places(resnet),
    [0, 1, 2, 3, 4, 5].flatMap((depth) => [`layer ${depth}`, `layer ${depth}`]),
  );
  const unet = [0, 1].flatMap((stage) =>
    [0, 1].flatMap((block) => [
      `down_blocks.${stage}.resnets.${block}.conv1.weight`,
      `down_blocks.${stage}.attentions.${block}.transformer_blocks.0.attn1.to_q.weight`,
    ]),
  );
  t.deepEqual(
    places(unet),
    [0, 0, 1, 1, 2, 2, 3, 3].map((depth) => `down_blocks ${depth}`),
  );
});

test('depth: encoder and decoder are two stacks, and indices may be part of a word', (t) => {
  const names = ['encoder', 'decoder'].flatMap((tower) => [0, 1].map((index) => `${tower}.layers.${index}.fc1.weight`));
  t.deepEqual(places(names), ['encoder.layers 0', 'encoder.layers 1', 'decoder.layers 0', 'decoder.layers 1']);
  t.deepEqual(
    places([0, 1, 2].map((index) => `model/layers_${index}/self_attn/q_proj/kernel`)),
    [0, 1, 2].map((index) => `model/layers ${index}`),
  );
  t.deepEqual(
    places([0, 1].map((index) => `encoder.layers.encoder_layer_${index}.mlp.linear_1.weight`)),
    [0, 1].map((index) => `encoder.layers.encoder_layer ${index}`),
  );
  t.deepEqual(
    places([0, 1, 2].map((index) => `model.layer.${index}.weight`)),
    [0, 1, 2].map((index) => `model.layer ${index}`),
  );
});

test('a stack of two kinds of block is one stack', (t) => {
  const jamba = [0, 1, 2, 3].flatMap((block) =>
    (block % 2 === 0 ? ['mamba.in_proj', 'mamba.x_proj', 'norm'] : ['self_attn.q_proj', 'self_attn.k_proj', 'norm']).map(
      (name) => `model.layers.${block}.${name}.weight`,
    ),
  );
  t.deepEqual(
    places(jamba),
    [0, 1, 2, 3].flatMap((depth) => Array<string>(3).fill(`model.layers ${depth}`)),
  );
});

test('towers', (t) => {
  const towers = classifyTensors(
    matrices([
      'vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight',
      'language_model.model.layers.0.mlp.up_proj.weight',
      'model.decoder.layers.0.fc1.weight',
      'model.layers.0.mlp.up_proj.weight',
      'down_blocks.0.resnets.0.conv1.weight',
    ]),
  );
  t.deepEqual(
    towers.map(({ tower }) => tower),
    ['vision', 'text', 'decoder', null, 'unet'],
  );
});

test('names made to hurt are read in linear time or not at all', (t) => {
  const long = `${'a.'.repeat(4096)}q_proj.weight`;
  t.is(classifyName(long, [8, 8]).type, 'other');
  t.is(classifyTensors(matrices([long]), compileUserPatterns({ mlp: '.' }))[0]?.type, 'other', 'user patterns neither');
  const hostile = [
    '_'.repeat(4096),
    `norm${'_'.repeat(4000)}`,
    '1'.repeat(4096),
    `lora_unet_${'_1'.repeat(2000)}`,
    `${'0.'.repeat(2047)}w`,
    'conv'.repeat(1024),
    `attn${'_attn'.repeat(800)}x`,
    'layer_1'.repeat(585),
    '\u0001.\u0001.weight',
    '',
    '.',
    '...',
    '__proto__.constructor.weight',
  ];
  const start = performance.now();
  t.notThrows(() => classifyTensors(matrices([...hostile, ...hostile.map((name) => `${name}.0.weight`)])));
  t.true(performance.now() - start < 1000);
});

test('100,000 names in well under a second, on an idle machine', (t) => {
  const names: string[] = [];
  for (let layer = 0; layer < 61; layer += 1) {
    for (let expert = 0; expert < 512; expert += 1)
      for (const role of ['gate', 'up', 'down']) names.push(`model.layers.${layer}.mlp.experts.${expert}.${role}_proj.weight`);
    for (let extra = 0; extra < 100; extra += 1) names.push(`model.layers.${layer}.unknown_${extra}.weight`);
  }
  const tensors = matrices(names);
  const start = process.cpuUsage();
  const classes = classifyTensors(tensors);
  const { user, system } = process.cpuUsage(start);
  t.true(names.length > 99_000);
  t.is(classes.at(-1)?.type, 'other');
  t.true((user + system) / 1e6 < 2.5, `${(user + system) / 1e6} s of processor time`);
});

test('what a projector holds is the projector, and running statistics are buffers', (t) => {
  const types: readonly (readonly [string, number, string])[] = [
    ['visual.merger.ln_q.weight', 1, 'projector'],
    ['visual.merger.mlp.0.weight', 2, 'projector'],
    ['model.multi_modal_projector.layer_norm.bias', 1, 'projector'],
    ['model.connector.perceiver_resampler.layers.0.self_attn.q_proj.weight', 2, 'projector'],
    ['image_projector.proj.weight', 2, 'projector'],
    ['bn1.running_var', 1, 'buffer'],
    ['bn1.weight', 1, 'norm'],
    ['double_stream_modulation_img.linear.weight', 2, 'conditioning'],
    ['transformer_blocks.0.norm1.linear_1.weight', 2, 'conditioning'],
    ['context_embedder.token_refiner.refiner_blocks.0.attn.to_q.weight', 2, 'attention'],
    ['t_embedder.mlp.0.weight', 2, 'conditioning'],
    ['transformer_blocks.0.audio_ff.net.0.proj.weight', 2, 'mlp'],
    ['encoder.layer.0.output_query.dense.weight', 2, 'mlp'],
    ['cond_type_embed.weight', 2, 'embedding'],
    ['encoder.blocks.0.attn.q_proj.input_min', 0, 'buffer'],
    ['quantizer.layers.0.codebook.cluster_size', 1, 'buffer'],
    ['stages.0.layers.0.layer.2.attention.0.weight', 4, 'conv'],
    ['output_projection.weight', 2, 'output'],
    ['vocab_projector.weight', 2, 'output'],
  ];
  for (const [name, dims, type] of types) t.is(classifyName(name, Array<number>(dims).fill(8)).type, type, name);
});

const architectures = readModuleTrees();
const results = scoreTrees(architectures);

test('real module trees: at least 99% of the tensors have the type that the classes of their modules say', (t) => {
  t.true(architectures.size >= 300, `${architectures.size} architectures`);
  const { tensors, right, patterns, rightPatterns } = results;
  t.true(tensors > 50_000, `${tensors} tensors`);
  t.log(
    `${((100 * right) / tensors).toFixed(2)}% of ${tensors} tensors, ${((100 * rightPatterns) / patterns).toFixed(2)}% of ${patterns} patterns`,
  );
  t.true(right >= 0.99 * tensors, `${tensors - right} of ${tensors} tensors are wrong`);
});

test('real module trees: no type is lost', (t) => {
  const shares = [...results.confusion].map(([type, found]) => {
    const all = [...found.values()].reduce((sum, count) => sum + count, 0);
    return { type, all, share: (found.get(type) ?? 0) / all };
  });
  const [lowest] = shares.filter(({ all }) => all >= 50).sort((a, b) => a.share - b.share);
  t.log(`lowest: ${lowest?.type}, ${(100 * (lowest?.share ?? 0)).toFixed(1)}% of ${lowest?.all}`);
  t.true((lowest?.share ?? 0) >= 0.9, lowest?.type);
});

test('language models: every tensor of the usual decoders has its type', (t) => {
  for (const name of [
    'Llama',
    'Mistral',
    'Qwen2',
    'Qwen3',
    'Qwen3Moe',
    'Mixtral',
    'Gemma2',
    'Phi3',
    'GPTNeoX',
    'OPT',
    'Bloom',
    'Falcon',
    'Olmo2',
    'DeepseekV3',
    'GptOss',
    'Llama4',
    'Jamba',
    'Mamba2',
    'Qwen3Next',
  ]) {
    const patterns = architectures.get(`transformers/${name}ForCausalLM`) ?? [];
    t.true(patterns.length > 8, name);
    const classes = classifyTensors(patterns);
    t.deepEqual(
      patterns.filter(({ type }, at) => type !== '?' && classes[at]?.type !== type).map((pattern) => pattern.name),
      [],
      name,
    );
  }
});
