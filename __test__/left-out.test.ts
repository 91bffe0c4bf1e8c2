/** What is made of folders that hold more than one thing: what is read, what is named, what is refused. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { ModelDiff, loadCheckpoint } from 'model-diff';
import type { Checkpoint } from 'model-diff';

import { refusal } from './helpers/refusal.ts';
import { encodeRaw } from './helpers/safetensors.ts';
import { makeTree } from './helpers/tree.ts';

const codes = (checkpoint: Checkpoint): string[] => checkpoint.findings.map(({ code }) => code);
const left = (checkpoint: Checkpoint): Record<string, string> =>
  Object.fromEntries(checkpoint.leftOut.map(({ name, role }) => [name, role]));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** A pickle of protocol 2: an empty dictionary. */
const NOTHING = hex('80027d2e');
const WEIGHTS = {
  'gguf/model.gguf': 'GGUF\u0003\0\0\0',
  'onnx/model.onnx': hex('08081207707974'),
  'onnx/model.onnx_data': hex('0000803f0000803f'),
  'openvino_model.bin': hex('0000803f'),
  'flax_model.msgpack': hex('81a6706172616d7381a161c0'),
  'tf_model.h5': hex('894844460d0a1a0a00'),
  'coreml/weight.bin': hex('010000000200000000'),
  'weights.tar.gz': hex('1f8b080000000000'),
  'model.tflite': hex('1c00000054464c33'),
  'saved_model/variables/variables.data-00000-of-00001': hex('00ff0000803f'),
  'lfs.safetensors': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
  'sub/deep/other.safetensors': { z: [1] },
  no_extension: { z: [1] },
};
const TEXTS = {
  'openvino_model.xml': '<net/>',
  'tokenizer.json': '{}',
  'tokenizer.model': hex('0a0e0a053c756e6b3e150000000018020a'),
  'spiece.model': hex('0a0e0a053c756e6b3e150000000018020a'),
  'merges.txt': '#version: 0.2\nĠ t\n',
  'logo.png': hex('89504e470d0a1a0a0000'),
  'runs/events.out.tfevents.1.host.0': hex('1800000000000000a37f4b22'),
  'corpus.jsonl.gz': hex('1f8b080000000000'),
  'empty.bin': '',
  'labels.pkl': NOTHING,
  '.git/lfs/objects/aa': { z: [1] },
  'model.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map: { a: 'b.safetensors' } }),
};

test('every file that holds tensors, or could, is named; texts, tokenizers and pictures are not', async (t) => {
  await using checkpoint = await loadCheckpoint(makeTree({ 'model.safetensors': { a: [1] }, ...WEIGHTS, ...TEXTS }));
  t.deepEqual(checkpoint.layerNames, ['a']);
  t.deepEqual(left(checkpoint), Object.fromEntries(Object.keys(WEIGHTS).map((name) => [name, 'weights'])));
  const finding = checkpoint.findings.find(({ code }) => code === 'WeightsNotRead');
  t.is(finding?.severity, 'warning');
  t.regex(finding?.message ?? '', /^model\.safetensors is read; these could be weights too and are not: .* and 5 more$/u);
});

test('states are told by their names, and an optimizer by what is in it', async (t) => {
  const optimizer = { 'state.0.exp_avg': [1], 'state.0.step': [1] };
  const states = {
    'optimizer_1.bin': hex('0000803f'),
    'scheduler_1.bin': NOTHING,
    'dl_state_dict.bin': NOTHING,
    'optim_world_size_8_rank_0.pt': NOTHING,
    'random_states_0.pkl': NOTHING,
    'pytorch_model/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt': NOTHING,
    'mine.safetensors': optimizer,
  };
  await using checkpoint = await loadCheckpoint(makeTree({ 'model.safetensors': { a: [1] }, ...states }));
  t.deepEqual(left(checkpoint), Object.fromEntries(Object.keys(states).map((name) => [name, 'state'])));
  t.deepEqual(codes(checkpoint), ['TrainingStateSkipped']);
  t.is(checkpoint.findings[0]?.severity, 'info');
  const alone = await refusal(makeTree(states));
  t.is(alone.code, 'E_NO_TENSORS');
});

test('parts of several ranks under the names of each program', async (t) => {
  const table: readonly (readonly [files: readonly string[], what: RegExp, join: RegExp])[] = [
    [['global_step5/zero_pp_rank_0_mp_rank_00_model_states.pt'], /ZeRO 3/u, /zero_to_fp32/u],
    [['mp_rank_00_model_states.pt', 'mp_rank_01_model_states.pt'], /DeepSpeed, model parallel/u, /zero_to_fp32/u],
  ];
  for (const [files, what, join] of table) {
    const parts = Object.fromEntries(files.map((file) => [file, { a: [1] }]));
    const error = await refusal(makeTree(parts));
    t.is(error.code, 'E_UNSUPPORTED_FORMAT', files[0]);
    t.regex(error.message, what);
    t.regex(error.hint ?? '', join);
    // Beside a whole model they are left out.
    await using whole = await loadCheckpoint(makeTree({ ...parts, 'model.safetensors': { a: [1] } }));
    t.deepEqual(Object.keys(left(whole)).toSorted(), files.toSorted());
  }
  for (const files of [
    ['model_world_size_2_rank_0.pt', 'model_world_size_2_rank_1.pt'],
    ['pytorch_model_fsdp_1_rank0.bin', 'random_states_0.pkl'],
  ]) {
    const parts = Object.fromEntries(files.map((file) => [file, { a: [1] }]));
    await using whole = await loadCheckpoint(makeTree({ ...parts, 'model.safetensors': { a: [1] } }));
    t.deepEqual(Object.keys(left(whole)).toSorted(), files.toSorted());
  }
  // Those of Megatron-LM are joined, by names that are known.
  const ranks = ['mp_rank_00', 'mp_rank_01'].map((folder) => [`${folder}/model_optim_rng.pt`, { 'a.linear_fc2.weight': [1] }]);
  const joined = await loadCheckpoint(makeTree(Object.fromEntries(ranks)));
  t.true(codes(joined).includes('DistributedJoined'));
  // One of one is the whole.
  const alone = await loadCheckpoint(makeTree({ 'consolidated.00.pth': { a: [1] }, 'params.json': '{}' }));
  t.deepEqual([alone.layerNames, codes(alone)], [['a'], []]);
});

test('links: files are followed, folders outside are not', async (t) => {
  const outside = makeTree({ 'inner/x.safetensors': { x: [1] }, 'y.safetensors': { y: [1] } });
  const folder = makeTree({ 'model.safetensors': { a: [1] }, 'sub/b.safetensors': { b: [1] } });
  symlinkSync(join(outside, 'inner'), join(folder, 'away'));
  symlinkSync(join(outside, 'y.safetensors'), join(folder, 'y.safetensors'));
  symlinkSync('sub', join(folder, 'again'));
  symlinkSync('.', join(folder, 'loop'));
  symlinkSync('nowhere', join(folder, 'gone.safetensors'));
  await using checkpoint = await loadCheckpoint(folder);
  t.deepEqual(left(checkpoint), { 'gone.safetensors': 'weights', 'sub/b.safetensors': 'weights', 'y.safetensors': 'weights' });
  t.regex(checkpoint.findings.find(({ code }) => code === 'FolderSkipped')?.message ?? '', /: away\/$/u);
});

test('folders as deep as nobody makes them are said to be skipped', async (t) => {
  const deep = `${'d/'.repeat(14)}x.safetensors`;
  await using checkpoint = await loadCheckpoint(makeTree({ 'model.safetensors': { a: [1] }, [deep]: { x: [1] } }));
  t.deepEqual(codes(checkpoint), ['FolderSkipped']);
});

test('a file that cannot be opened is named all the same', async (t) => {
  const folder = makeTree({ 'model.safetensors': { a: [1] }, 'other.safetensors': { b: [1] } });
  chmodSync(join(folder, 'other.safetensors'), 0);
  await using checkpoint = await loadCheckpoint(folder);
  t.deepEqual(left(checkpoint), { 'other.safetensors': 'weights' });
});

test('the root of a run is its final weights, whatever they are called', async (t) => {
  const run = { 'checkpoint-5/model.safetensors': { a: [2] }, 'checkpoint-10/model.safetensors': { a: [3] } };
  for (const name of ['model.safetensors', 'final.safetensors']) {
    await using checkpoint = await loadCheckpoint(makeTree({ ...run, [name]: { a: [1] } }));
    t.is(checkpoint.getInfo('a')?.max, 1);
    t.deepEqual(codes(checkpoint), ['WeightsNotRead', 'FinalWeightsChosen']);
    t.regex(checkpoint.findings[0]?.message ?? '', /: checkpoint-10\/, checkpoint-5\/$/u);
    t.regex(checkpoint.findings[1]?.message ?? '', /2 checkpoints of its training run.*checkpoint-10 is the last/u);
  }
  const one = await loadCheckpoint(makeTree({ 'checkpoint-5/model.safetensors': { a: [2] }, 'labels.pkl': NOTHING }));
  t.deepEqual([one.layerNames, codes(one)], [['a'], ['CheckpointChosen']]);
});

test('a foreign file never hides a readable one; several readable ones are listed', async (t) => {
  const foreign = {
    'model.onnx': hex('08081207707974'),
    'openvino_model.bin': hex('0000803f'),
  };
  await using checkpoint = await loadCheckpoint(makeTree({ ...foreign, 'weights_final.safetensors': { a: [1] } }));
  t.deepEqual([checkpoint.layerNames, Object.keys(left(checkpoint))], [['a'], ['model.onnx', 'openvino_model.bin']]);
  const several = await refusal(makeTree({ ...foreign, 'a.safetensors': { a: [1] }, b: { b: [1] } }));
  t.is(several.code, 'E_AMBIGUOUS_DIRECTORY');
  t.regex(several.message, /found a\.safetensors, b /u);
  const inner = await loadCheckpoint(makeTree({ ...foreign, 'pytorch/model.safetensors': { a: [1] } }));
  t.deepEqual([inner.layerNames, codes(inner)], [['a'], ['FolderChosen', 'WeightsNotRead']]);
  t.deepEqual(Object.keys(left(inner)), ['../model.onnx', '../openvino_model.bin']);
  const two = await refusal(makeTree({ 'v1/model.safetensors': { a: [1] }, 'v2/adapter_model.safetensors': { a: [1] } }));
  t.is(two.code, 'E_AMBIGUOUS_DIRECTORY');
  t.regex(two.message, /v1, v2/u);
  t.regex(
    (await refusal(makeTree({ 'openvino_model.xml': '<net/>', 'openvino_model.bin': hex('0000803f') }))).message,
    /OpenVINO/u,
  );
  const deep = await refusal(makeTree({ 'a/b/model.safetensors': { a: [1] } }));
  t.regex(deep.hint ?? '', /can be read: a\/b\/model\.safetensors/u);
});

test('a folder with the name of weights is no weights', async (t) => {
  const folder = makeTree({ 'pytorch_model.bin/inner.safetensors': { b: [1] }, 'adapter_model.safetensors': { a: [1] } });
  await using checkpoint = await loadCheckpoint(folder);
  t.deepEqual([checkpoint.layerNames, left(checkpoint)], [['a'], { 'pytorch_model.bin/inner.safetensors': 'weights' }]);
  const empty = makeTree({ 'config.json': '{}' });
  mkdirSync(join(empty, 'model.safetensors'));
  t.is((await refusal(empty)).code, 'E_NO_TENSORS');
});

test('shards without an index: any width, from 0, with variants', async (t) => {
  const table: readonly (readonly [files: readonly string[], codes: readonly string[]])[] = [
    [['m-1-of-2.safetensors', 'm-2-of-2.safetensors'], ['IndexMissing']],
    [['m-00000-of-00002.safetensors', 'm-00001-of-00002.safetensors'], ['IndexMissing']],
    [['m-0-of-1.safetensors', 'm-1-of-1.safetensors'], ['IndexMissing']],
    [
      ['model.fp16-00001-of-00002.safetensors', 'model.fp16-00002-of-00002.safetensors'],
      ['IndexMissing', 'VariantChosen'],
    ],
    [
      ['model-00001-of-00002.fp16.safetensors', 'model-00002-of-00002.fp16.safetensors'],
      ['IndexMissing', 'VariantChosen'],
    ],
  ];
  for (const [files, expected] of table) {
    await using checkpoint = await loadCheckpoint(
      makeTree(Object.fromEntries(files.map((file, at) => [file, { [`t${at}`]: [at] }]))),
    );
    t.deepEqual([checkpoint.layerNames, codes(checkpoint)], [['t0', 't1'], [...expected]], files[0]);
    const last = files.at(-1) ?? '';
    // One of one is whole.
    if (!last.includes('-of-1.')) t.is((await refusal(makeTree({ [last]: { a: [1] } }))).code, 'E_MISSING_SHARD', last);
  }
  const both = makeTree({
    'model-1-of-1.safetensors': { a: [1] },
    'model.fp16-1-of-1.safetensors': { a: [2] },
    'pytorch_model-1-of-1.safetensors': { a: [3] },
  });
  await using plain = await loadCheckpoint(both);
  t.deepEqual([plain.getInfo('a')?.max, Object.keys(left(plain)).length], [1, 2]);
  await using half = await loadCheckpoint(both, { variant: 'fp16' });
  t.is(half.getInfo('a')?.max, 2);
  const unlike = await refusal(
    makeTree({ 'x-1-of-1.safetensors': { a: [1] }, 'y-1-of-1.safetensors': { a: [1] }, 'z.safetensors': { a: [1] } }),
  );
  t.regex(unlike.message, /1 shard from x-1-of-1\.safetensors on, 1 shard from y-1-of-1\.safetensors on, z\.safetensors/u);
  const huge = await refusal(makeTree({ 'm-1-of-18446744073709551615.safetensors': { a: [1] } }));
  t.is(huge.code, 'E_MISSING_SHARD');
});

test('copies of a tensor: the index decides, and the other copy is left out with its bytes', async (t) => {
  const side = (copy: number): string =>
    makeTree({
      'model.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map: { a: 's1.safetensors', b: 's2.safetensors' } }),
      's1.safetensors': { a: [1] },
      's2.safetensors': { a: [copy], b: [2] },
    });
  await using old = await loadCheckpoint(side(7));
  await using newer = await loadCheckpoint(side(8));
  t.deepEqual(old.layerNames.toSorted(), ['a', 'b']);
  t.is(old.getInfo('a')?.max, 1);
  t.regex(
    old.findings.find(({ code }) => code === 'DuplicateTensor')?.message ?? '',
    /1 duplicate left out, the first is "a" in s2.*ends with the last copy/u,
  );
  t.deepEqual(
    old.leftOut.map(({ kind, role, name, bytes }) => [kind, role, name, bytes]),
    [['record', 'weights', 's2.safetensors: a', 4]],
  );
  const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(old, newer);
  t.true(diffs.every(({ identical }) => identical));
  const outside = makeTree({ 'model.safetensors.index.json': JSON.stringify({ weight_map: { a: './../x.safetensors' } }) });
  t.is((await refusal(outside)).code, 'E_PATH_ESCAPE');
});

test("numbers of Python's JSON, in both spellings", async (t) => {
  const side = (value: string): string =>
    makeTree({ 'model.safetensors': { a: [1] }, 'config.json': `{"x": ${value}, "text": "NaN"}` });
  await using bare = await loadCheckpoint(side('[Infinity, -Infinity, NaN]'));
  await using tagged = await loadCheckpoint(
    side('[{"__float__": "Infinity"}, {"__float__": "-Infinity"}, {"__float__": "NaN"}]'),
  );
  t.deepEqual(bare.config, tagged.config);
  t.deepEqual(codes(bare), []);
  const { summary } = await new ModelDiff().diff(bare, tagged);
  t.deepEqual(summary.configChanges, []);
  t.deepEqual(codes(await loadCheckpoint(side('Infinite'))), ['InvalidConfig']);
});

test('null metadata is none', async (t) => {
  const header = '{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const path = join(makeTree({ 'model.safetensors': encodeRaw(header, Buffer.alloc(4)) }), 'model.safetensors');
  await using checkpoint = await loadCheckpoint(path);
  t.deepEqual([checkpoint.layerNames, { ...checkpoint.metadata }], [['a'], {}]);
});

test('what belongs to a model but cannot be read is left out, not refused', async (t) => {
  const folder = makeTree({
    'model.safetensors': { a: [1] },
    'value_head.safetensors': { v: [1] },
    'sparse_linear.pt': 'broken',
  });
  await using checkpoint = await loadCheckpoint(folder);
  t.deepEqual([checkpoint.layerNames, left(checkpoint)], [['a', 'value_head.v'], { 'sparse_linear.pt': 'weights' }]);
  // Without the random states of accelerate a number says nothing.
  const numbered = { 'model.safetensors': { a: [1] }, 'model_1.safetensors': { a: [2] } };
  t.deepEqual((await loadCheckpoint(makeTree(numbered))).layerNames, ['a']);
  writeFileSync(join(folder, 'random_states_0.pkl'), NOTHING);
  t.deepEqual((await loadCheckpoint(makeTree({ ...numbered, 'random_states_0.pkl': NOTHING }))).layerNames, ['a', 'model_1.a']);
});
