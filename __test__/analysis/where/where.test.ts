import test from 'ava';
import { classifyTensors } from '../../../src/layer-types/classify.ts';
import { readMembers } from '../../../src/analysis/where/members.ts';
import { selectRows } from '../../../src/analysis/where/select.ts';
import { describeWhere } from '../../../src/analysis/where/where.ts';
import type { Member, Where } from '../../../src/analysis/where/types.ts';
import { build, MODELS } from './models.ts';

type Row = readonly [model: keyof typeof MODELS, changed: RegExp, text: string];

const ROWS: readonly Row[] = [
  ['llama', /[qv]_proj/, 'q_proj and v_proj, in all 6 blocks'],
  ['llama', /embed|o_proj|down_proj/, 'o_proj and down_proj in all 6 blocks, and embed_tokens'],
  ['llama', /layers\.[2-5]\./, 'blocks 2–5'],
  ['llama', /layers\.3\./, 'block 3'],
  ['llama', /^(?!.*layers\.3\.)/, 'everything but block 3'],
  ['llama', /layers\.[14]\./, 'blocks 1 and 4'],
  ['llama', /layers\.[024]\./, 'every other block (0, 2, 4)'],
  ['llama', /layers/, 'all 6 blocks'],
  ['llama', /norm/, 'all norms'],
  ['llama', /layernorm/, 'the norms, in all 6 blocks'],
  ['llama', /lm_head/, 'lm_head'],
  ['llama', /embed/, 'embed_tokens'],
  ['llama', /^(?!.*embed)/, 'everything but embed_tokens'],
  ['llama', /self_attn/, 'attention, in all 6 blocks'],
  ['llama', /mlp/, 'the MLPs, in all 6 blocks'],
  ['llama', /layers\.[45]\.mlp/, 'the MLPs in blocks 4 and 5'],
  ['llama', /layers\.3.*q_proj/, 'q_proj in block 3'],
  ['llama', /layers\.[0-3].*q_proj/, 'q_proj in blocks 0–3'],
  ['llama', /norm|layers\.[45]/, 'all norms, and blocks 4 and 5'],
  ['llama', /q_proj|layers\.4\./, 'q_proj in all 6 blocks, and block 4'],
  ['llama', /./, 'every tensor'],
  ['llama', /^$/, 'no tensor'],
  ['llama', /^model\.norm|lm_head|embed/, 'embed_tokens, norm and lm_head'],
  ['deep', /layers\.([89]|[123]\d)\./, 'blocks 8–31'],
  ['deep', /layers\.([89]|[123]\d)\.|model\.norm|lm_head/, 'blocks 8–31, norm and lm_head'],
  ['deep', /^(?!.*layers\.7\.)/, 'everything but block 7'],
  ['deep', /layers\.(?!7\.)/, 'all blocks but 7'],
  ['deep', /layers\.([0-3]|12)\..*q_proj/, 'q_proj in blocks 0–3 and 12'],
  ['deep', /layers\.(?!7\.).*[qv]_proj/, 'q_proj and v_proj in all blocks but 7'],
  ['deep', /layers\.([89]|[123]\d)\.(?!.*layernorm)/, 'blocks 8–31 except the norms'],
  ['llama', /layers\.\d\.(?!.*layernorm)|lm_head/, 'all 6 blocks except the norms, and lm_head'],
  ['deep', /layers\.(?!20\.mlp\.down_proj)([89]|[123]\d)\./, 'blocks 8–31, except model.layers.20.mlp.down_proj.weight'],
  ['deep', /layers\.(0|3|4|9|11|13|20|27|30)\..*q_proj/, 'q_proj in 9 of 32 blocks (0, 3–4, 9, … 30)'],
  ['deep', /layers\.(2|6|10|14|18)\./, 'every fourth block from 2 to 18'],
  ['pixel', /layers\.(\d?[05])\./, 'every fifth block (0, 5, … 95)'],
  ['pixel', /^(?!.*layers\.(\d?[05])\.)/, 'everything but every fifth block (0, 5, … 95)'],
  ['gpt2', /c_attn/, 'c_attn, in all 12 blocks'],
  ['gpt2', /c_attn.weight/, 'c_attn.weight, in all 12 blocks'],
  ['gpt2', /attn\.c_proj/, 'attn.c_proj, in all 12 blocks'],
  ['gpt2', /ln_|bias/, 'all norms and biases'],
  ['gpt2', /bias/, 'all biases'],
  ['gpt2', /^(?!.*w[tp]e)/, 'everything but the embeddings'],
  ['gpt2', /wpe/, 'wpe'],
  ['gpt2', /h\.(9|10|11)\.|ln_f/, 'blocks 9–11 and ln_f'],
  ['bert', /classifier/, 'the classifier head'],
  ['bert', /^(?!.*classifier)/, 'everything but the classifier head'],
  ['bert', /query|value/, 'query and value, in all 12 blocks'],
  ['bert', /attention\.output\.dense/, 'attention.output.dense, in all 12 blocks'],
  ['bert', /layer\.\d+\.output\.dense/, 'output.dense, in all 12 blocks'],
  ['bert', /intermediate/, 'intermediate.dense, in all 12 blocks'],
  ['bert', /bert\.embeddings/, 'bert.embeddings'],
  ['bert', /LayerNorm|bias/, 'all norms and biases'],
  ['bert', /layer\.1[01]\.|pooler|classifier/, 'blocks 10 and 11, and the heads'],
  ['t5', /^decoder/, 'the decoder'],
  ['t5', /\.[qv]\.weight/, 'q and v, in all blocks'],
  ['t5', /EncDec/, 'EncDecAttention, in all 6 blocks of the decoder'],
  ['t5', /encoder\.block\.[0-2]\./, 'blocks 0–2 of the encoder'],
  ['t5', /encoder\.block\.4\.|decoder\.block\.[15]\./, 'block 4 of the encoder, and blocks 1 and 5 of the decoder'],
  ['t5', /Dense/, 'all MLPs'],
  ['mixtral', /moe\.gate/, 'the routers, in all 4 blocks'],
  ['mixtral', /experts/, 'the experts, in all 4 blocks'],
  ['mixtral', /experts\.[26]\./, 'experts 2 and 6 of every block'],
  ['mixtral', /layers\.1\..*experts\.5\./, 'expert 5 of block 1'],
  ['mixtral', /experts\.[26]\.w2/, 'w2 of experts 2 and 6 of every block'],
  ['mixtral', /moe\.gate|self_attn/, 'attention and the routers, in all 4 blocks'],
  ['mixtral', /^(?!.*experts)/, 'everything but the experts'],
  ['deepseek', /mlp\.gate\./, 'the routers, in all 9 blocks that have them'],
  ['deepseek', /experts\.(2|6|100)\./, 'experts 2, 6 and 100 of every block'],
  ['deepseek', /\.experts\./, 'the experts, in all 9 blocks that have them'],
  ['deepseek', /shared_experts/, 'the shared experts, in all 9 blocks that have them'],
  ['deepseek', /layers\.[3-5]\..*\.experts\.(1|2|3)\./, 'experts 1–3 of blocks 3–5'],
  ['deepseek', /layers\.4\./, 'block 4'],
  ['qwenVl', /^visual/, 'the vision tower'],
  ['qwenVl', /merger/, 'the projector (5 tensors)'],
  ['qwenVl', /^model|lm_head/, 'everything but the vision tower'],
  ['qwenVl', /model\.layers\.[0-2]\./, 'blocks 0–2 of the language model'],
  ['llava', /projector/, 'the projector (2 tensors)'],
  ['llava', /language_model/, 'the language model'],
  ['llava', /^(?!vision)/, 'everything but the vision tower'],
  ['llava', /(q|v)_proj/, 'q_proj and v_proj, in all blocks'],
  ['llava', /language.*(q|v)_proj/, 'q_proj and v_proj, in all 6 blocks of the language model'],
  ['llava', /projector|language_model/, 'everything but the vision tower'],
  ['vit', /head/, 'head'],
  ['vit', /^(?!head)/, 'everything but head'],
  ['vit', /cls_token|pos_embed|patch_embed/, 'the embeddings'],
  ['vit', /mlp\.fc1/, 'fc1, in all 12 blocks'],
  ['vit', /qkv\.bias/, 'qkv.bias, in all 12 blocks'],
  ['vit', /norm/, 'all norms'],
  ['resnet', /^fc/, 'fc'],
  ['resnet', /running|num_batches/, 'the batch statistics'],
  ['resnet', /layer4/, 'blocks 6 and 7 (layer 4.0 to layer 4.1)'],
  ['resnet', /layer3\.1/, 'block 5 (layer 3.1)'],
  ['resnet', /downsample/, 'downsample, in all 3 blocks that have it'],
  ['unet', /attn2/, 'attn2, in all 6 blocks of down_blocks and in all 9 blocks of up_blocks'],
  ['unet', /^up_blocks/, 'all 9 blocks of up_blocks'],
  ['unet', /time_emb/, 'conditioning'],
  ['whisper', /^model\.decoder/, 'the decoder'],
  ['whisper', /encoder_attn/, 'encoder_attn and encoder_attn_layer_norm, in all 4 blocks of the decoder'],
  ['whisper', /^(?!model\.encoder)/, 'everything but the encoder'],
  ['whisper', /model\.encoder\.layers\.3\./, 'block 3 of the encoder'],
  ['jamba', /self_attn/, 'attention, in both blocks that have it'],
  ['jamba', /mamba/, 'the state-space layers, in all 6 blocks that have them'],
  ['jamba', /layers\.[4-7]\./, 'blocks 4–7'],
  ['jamba', /x_proj/, 'x_proj, in all 6 blocks that have it'],
];

const prepared = Object.fromEntries(Object.entries(MODELS).map(([name, rows]) => [name, readMembers(rows)]));

function describe(model: keyof typeof MODELS, changed: (name: string) => boolean): Where {
  const members = prepared[model] ?? readMembers([]);
  return describeWhere(members, (row) => changed(members.rows[row]?.name ?? ''));
}

test('sets of tensors in words', (t) => {
  t.true(ROWS.length >= 60);
  const wrong = ROWS.flatMap(([model, changed, text]) => {
    const found = describe(model, (name) => changed.test(name));
    return found.text === text && found.exact ? [] : [`${model} ${String(changed)}: ${found.text} (not ${text})`];
  });
  t.deepEqual(wrong, []);
});

test('random product sets are described exactly, whatever the order of the rows', (t) => {
  const random = createRandom(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const models = Object.keys(MODELS) as (keyof typeof MODELS)[];
  const some = <T>(list: readonly T[]): ReadonlySet<T> => new Set(list.filter(() => random() < 0.4));
  for (let round = 0; round < 300; round += 1) {
    const rows: readonly Member[] = MODELS[pick(models)];
    const isInTerm = Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const stack = pick([...new Set(rows.map((row) => row.class.stack))]);
      const own = rows.filter((row) => row.class.stack === stack);
      const from = Math.floor(random() * 10);
      const [size, step] = [1 + Math.floor(random() * 20), pick([1, 1, 1, 2, 3])];
      const by = pick(['key', 'type', 'role', 'kind'] as const);
      const values = some([...new Set(own.map((row) => row.class[by]))]);
      const experts = random() < 0.3 ? some([...new Set(own.map((row) => row.class.expert))]) : null;
      const isEverywhere = random() < 0.4;
      return ({ class: { stack: path, depth, expert, ...other } }: Member): boolean =>
        path === stack &&
        values.has(other[by]) &&
        (isEverywhere || depth === null || (depth >= from && depth < from + size && (depth - from) % step === 0)) &&
        (experts === null || experts.has(expert));
    });
    const isIn = (row: Member): boolean => isInTerm.some((holds) => holds(row));
    const members = readMembers(rows);
    const found = describeWhere(members, (row) => isIn(rows[row] as Member));
    const wanted = rows.map((row) => Number(isIn(row)));
    t.is(found.tensors, wanted.filter((flag) => flag === 1).length);
    if (found.exact) t.deepEqual([...selectRows(members, found)], wanted, found.text);
    else t.true(isInTerm.length > 1, found.text);
    const shuffled = [...rows].sort(() => random() - 0.5);
    t.deepEqual(
      describeWhere(readMembers(shuffled), (row) => isIn(shuffled[row] as Member)),
      found,
    );
  }
});

test('a scattered set is counted', (t) => {
  const random = createRandom(3);
  const found = describe('deep', () => random() < 0.3);
  t.false(found.exact);
  t.is(found.size, Infinity);
  t.regex(found.text, /^\d+ of 291 tensors, in \d+ of 32 blocks \(attention \d+ of 128, MLPs \d+ of 96, norms \d+ of 65/);
});

test('two halves for a verb, and its number', (t) => {
  const half = (model: keyof typeof MODELS, changed: RegExp): readonly [string, string, boolean] => {
    const { subject, place, isPlural } = describe(model, (name) => changed.test(name));
    return [subject, place, isPlural];
  };
  t.deepEqual(half('llama', /[qv]_proj/), ['q_proj and v_proj', 'in all 6 blocks', true]);
  t.deepEqual(half('llama', /layers\.3\..*q_proj/), ['q_proj', 'in block 3', false]);
  t.deepEqual(half('deep', /layers\.7\./), ['block 7', '', false]);
  t.deepEqual(half('deep', /layers\.[78]\./), ['blocks 7 and 8', '', true]);
  t.deepEqual(half('mixtral', /moe\.gate/), ['the routers', 'in all 4 blocks', true]);
  t.deepEqual(half('bert', /classifier/), ['the classifier head', '', false]);
});

test('names made to hurt are cut, and told apart', (t) => {
  const names = [
    'a'.repeat(5000),
    `${'b.'.repeat(500)}weight`,
    `x.${'c'.repeat(300)}.weight`,
    '',
    '.',
    '\u0001.\u0001.weight',
    'w',
  ];
  const rows = classifyTensors(names.map((name) => ({ name, shape: [8, 8] }))).map((own, at) => ({
    name: names[at] ?? '',
    class: own,
  }));
  const members = readMembers(rows);
  for (let row = 0; row < rows.length; row += 1) {
    const found = describeWhere(members, (at) => at === row);
    t.true(found.exact, found.text);
    t.true(found.text.length < 80, found.text);
    t.is(selectRows(members, found).indexOf(1), row);
  }
});

test('60 blocks of 128 experts, in time linear in the tensors', (t) => {
  const rows = build(
    'model.embed_tokens.weight',
    'model.layers.{0-59}.self_attn.{q_proj,k_proj,v_proj,o_proj}.weight',
    'model.layers.{0-59}.mlp.gate.weight',
    'model.layers.{0-59}.mlp.experts.{0-127}.{gate_proj,up_proj,down_proj}.weight',
    'lm_head.weight',
  );
  const start = process.cpuUsage();
  const members = readMembers(rows);
  const found = describeWhere(members, (row) => /experts\.(2|6)\./.test(rows[row]?.name ?? ''));
  const { user, system } = process.cpuUsage(start);
  t.is(found.text, 'experts 2 and 6 of every block');
  t.true((user + system) / 1e6 < 1, `${(user + system) / 1e6} s of processor time`);
});

/** The same numbers from 0 to 1 for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('blocks of several stacks are not counted together', (t) => {
  const rows = MODELS.unet;
  const found = describeWhere(readMembers(rows), (row) => row % 7 === 3 || row % 11 === 5);
  t.false(found.exact);
  t.notRegex(found.text, / blocks/);
});
