/** One side stores as one tensor what the other has in parts. */
import test from 'ava';
import { analyze, compare, compareStructure, type Comparison, type TensorData } from 'model-diff';

type Model = Record<string, TensorData>;

let state = 1;
function weights(...shape: number[]): TensorData {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  for (let at = 0; at < data.length; at += 1) data[at] = (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  return { data, shape };
}

/** Tensors one after the other along the first axis. */
function stack(parts: readonly TensorData[], shape: readonly number[]): TensorData {
  return { data: Float32Array.from(parts.flatMap(({ data }) => [...(data as Float32Array)])), shape };
}

function transpose({ data, shape: [rows = 0, columns = 0] }: TensorData): TensorData {
  const values = data as Float32Array;
  const turned = Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
  return { data: turned, shape: [columns, rows] };
}

const [q, k, v, bias] = [weights(8, 6), weights(4, 6), weights(4, 6), weights(8)];
const [gate, up] = [weights(10, 6), weights(10, 6)];
const separate: Model = {
  'model.layers.0.self_attn.q_proj.weight': q,
  'model.layers.0.self_attn.k_proj.weight': k,
  'model.layers.0.self_attn.v_proj.weight': v,
  'model.layers.0.mlp.gate_proj.weight': gate,
  'model.layers.0.mlp.up_proj.weight': up,
  'model.norm.weight': bias,
};
const fused: Model = {
  'model.layers.0.self_attn.qkv_proj.weight': stack([q, k, v], [16, 6]),
  'model.layers.0.mlp.gate_up_proj.weight': stack([gate, up], [20, 6]),
  'model.norm.weight': bias,
};

const names = ({ columns }: Comparison): readonly string[] => columns.names;
const rules = ({ summary }: Comparison): readonly string[] =>
  (summary.nameChanges ?? []).map(({ side, kind, rule, tensors }) => `${side} ${kind} ${rule}: ${tensors}`);

test('queries, keys and values, gate and up, on either side', async (t) => {
  const split = ['split gate_up_proj into gate_proj and up_proj: 1', 'split qkv_proj into q_proj, k_proj and v_proj: 1'];
  for (const [old, fresh, side] of [
    [separate, fused, 'new'],
    [fused, separate, 'old'],
  ] as const) {
    const comparison = await compare(old, fresh);
    t.true(comparison.isIdentical);
    t.deepEqual([...names(comparison)], Object.keys(separate).sort());
    t.deepEqual(
      [...rules(comparison)].sort(),
      split.map((rule) => `${side} ${rule}`),
    );
  }
  // Two fused sides are compared as they are.
  const same = await compare(fused, fused);
  t.deepEqual([names(same).length, rules(same).length], [3, 0]);
});

test('a change lands in its part', async (t) => {
  const changed = { ...separate, 'model.layers.0.self_attn.k_proj.weight': weights(4, 6) };
  const { columns, summary } = await compare(fused, changed);
  t.deepEqual(
    columns.names.filter((_, row) => columns.identical[row] === 0),
    ['model.layers.0.self_attn.k_proj.weight'],
  );
  t.is(summary.identicalTensors, 5);
});

test('a prefix of a wrapper does not hide the parts', async (t) => {
  const wrapped = Object.fromEntries(Object.entries(fused).map(([name, tensor]) => [`module.${name}`, tensor]));
  t.true((await compare(separate, wrapped)).isIdentical);
  const bare = Object.fromEntries(Object.entries(fused).map(([name, tensor]) => [name.replace(/^model\./, ''), tensor]));
  t.true((await compare(separate, bare)).isIdentical);
  const deep = Object.fromEntries(Object.entries(separate).map(([name, tensor]) => [`module._orig_mod.${name}`, tensor]));
  const inside = Object.fromEntries(
    Object.entries(separate).map(([name, tensor]) => [name.replace('.self_attn.', '.self_attn._fsdp_wrapped_module.'), tensor]),
  );
  for (const parts of [deep, inside]) {
    t.true((await compare(fused, parts)).isIdentical);
    t.true((await compare(parts, fused)).isIdentical);
  }
});

test("the projections of torch's MultiheadAttention", async (t) => {
  const parts = { weight: [weights(4, 4), weights(4, 4), weights(4, 4)], bias: [weights(4), weights(4), weights(4)] };
  const old: Model = { 'attn.in_proj_weight': stack(parts.weight, [12, 4]), 'attn.in_proj_bias': stack(parts.bias, [12]) };
  const fresh: Model = {};
  for (const leaf of ['weight', 'bias'] as const)
    for (const [at, part] of parts[leaf].entries()) fresh[`attn.${'qkv'[at]}_proj.${leaf}`] = part;
  const comparison = await compare(old, fresh);
  t.true(comparison.isIdentical);
  t.deepEqual(rules(comparison), ['old split in_proj into q_proj, k_proj and v_proj: 2']);
});

test('experts of a block, either way round', async (t) => {
  const experts = Array.from({ length: 3 }, () => ({ gate: weights(6, 4), up: weights(6, 4), down: weights(4, 6) }));
  const at = 'model.layers.0.mlp.experts';
  const old: Model = {};
  for (const [expert, parts] of experts.entries())
    for (const part of ['gate', 'up', 'down'] as const) old[`${at}.${expert}.${part}_proj.weight`] = parts[part];
  const both = experts.map((one) => stack([one.gate, one.up], [12, 4]));
  const down = experts.map((one) => one.down);
  const direct: Model = { [`${at}.gate_up_proj`]: stack(both, [3, 12, 4]), [`${at}.down_proj`]: stack(down, [3, 4, 6]) };
  const turned: Model = {
    [`${at}.gate_up_proj`]: stack(both.map(transpose), [3, 4, 12]),
    [`${at}.down_proj`]: stack(down.map(transpose), [3, 6, 4]),
  };
  for (const fresh of [direct, turned]) {
    const comparison = await compare(old, fresh);
    t.true(comparison.isIdentical);
    t.deepEqual([...rules(comparison)].sort(), [
      'new split experts.down_proj into down_proj of each expert: 1',
      'new split experts.gate_up_proj into gate_proj and up_proj of each expert: 1',
    ]);
  }
});

test('what does not fit stays as it is', async (t) => {
  const other = (changes: Model): Promise<Comparison> => compare(separate, { ...fused, ...changes });
  for (const changes of [
    { 'model.layers.0.self_attn.qkv_proj.weight': weights(15, 6) },
    { 'model.layers.0.self_attn.qkv_proj.weight': weights(16, 5) },
    // The part is there already.
    { 'model.layers.0.self_attn.k_proj.weight': k },
  ]) {
    const comparison = await other(changes);
    t.true(names(comparison).includes('model.layers.0.self_attn.qkv_proj.weight'));
    t.deepEqual(rules(comparison), ['new split gate_up_proj into gate_proj and up_proj: 1']);
  }
  // Two experts of three, and three of two.
  const expert = (at: number): Model => ({ [`experts.${at}.down_proj.weight`]: weights(4, 6) });
  for (const count of [2, 4]) {
    const comparison = await compare({ ...expert(0), ...expert(1), ...expert(2) }, { 'experts.down_proj': weights(count, 4, 6) });
    t.deepEqual([names(comparison).length, rules(comparison).length], [4, 0]);
  }
});

test('structure and words', async (t) => {
  const structure = await compareStructure(separate, fused);
  t.true(structure.isSame);
  t.is(structure.nameChanges.length, 2);
  t.is(analyze(await compare(separate, fused)).summary.verdict, 'Identical: all 6 tensors are equal in every value.');
});

test('matrices whose rows are columns, square ones among them', async (t) => {
  const old: Model = {
    'h.0.attn.c_attn.weight': weights(12, 36),
    'h.0.attn.c_proj.weight': weights(12, 12),
    'h.0.attn.same.weight': weights(12, 12),
  };
  const fresh = Object.fromEntries(
    Object.entries(old).map(([name, tensor]) => [name, name.includes('c_') ? transpose(tensor) : tensor]),
  );
  const comparison = await compare(old, fresh);
  t.true(comparison.isIdentical);
  t.deepEqual(rules(comparison), ['new transpose rows are columns: 2']);
  // Another matrix of the other shape is another matrix.
  const other = await compare(old, { ...fresh, 'h.0.attn.c_attn.weight': weights(36, 12) });
  t.is(other.summary.reshapedTensors, 1);
  t.deepEqual(rules(other), []);
});

test('names that libraries gave up', async (t) => {
  const old: Model = {
    'bert.LayerNorm.gamma': weights(6),
    'bert.LayerNorm.beta': weights(6),
    'conv.weight_g': weights(4, 1),
    'conv.weight_v': weights(4, 3),
    'layers.0.block_sparse_moe.gate.weight': weights(3, 4),
  };
  const fresh: Model = {};
  for (const [name, tensor] of Object.entries(old)) {
    const newer = name
      .replace('gamma', 'weight')
      .replace('beta', 'bias')
      .replace('weight_g', 'parametrizations.weight.original0')
      .replace('weight_v', 'parametrizations.weight.original1')
      .replace('block_sparse_moe', 'mlp');
    fresh[newer] = tensor;
  }
  for (const [one, other] of [
    [old, fresh],
    [fresh, old],
  ] as const) {
    const comparison = await compare(one, other);
    t.true(comparison.isIdentical);
    t.is(rules(comparison).filter((rule) => rule.includes('synonym')).length, 5);
    t.deepEqual([...names(comparison)], Object.keys(fresh).sort());
  }
  // Both names on one side are two tensors.
  const both = await compare({ ...old, 'bert.LayerNorm.weight': weights(6) }, fresh);
  t.true(names(both).includes('bert.LayerNorm.gamma'));
});
