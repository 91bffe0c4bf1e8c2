import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compareCheckpoints, loadCheckpoint } from 'model-diff';
import type { Checkpoint, ErrorCode } from 'model-diff';
import { refusal } from './helpers/refusal.ts';
import { encodeRaw, makeFolder } from './helpers/safetensors.ts';
import { encodeTensors, makeTree } from './helpers/tree.ts';

const codes = (checkpoint: Checkpoint): string[] => checkpoint.findings.map(({ code }) => code);
const index = (weightMap: Readonly<Record<string, string>>): string => JSON.stringify({ metadata: {}, weight_map: weightMap });

test('one file is chosen, in the order in which transformers looks; what is left out is said', async (t) => {
  const folder = makeTree({
    'model.safetensors': { a: [1] },
    'model.safetensors.index.json': index({ a: 'x.safetensors' }),
    'consolidated.safetensors': { b: [1] },
    'original/consolidated.safetensors': { c: [1] },
    'config.json': '{}',
  });
  const checkpoint = await loadCheckpoint(folder);
  t.deepEqual(checkpoint.layerNames, ['a']);
  t.is(checkpoint.format, 'huggingface');
  const finding = checkpoint.findings.find(({ code }) => code === 'WeightsNotRead');
  t.is(finding?.severity, 'warning');
  t.regex(finding?.message ?? '', /: consolidated\.safetensors, original\/consolidated\.safetensors$/u);
});

test('weights that config.json names come first, and stay inside the folder', async (t) => {
  const files = { 'model.safetensors': { a: [1] }, 'sub/other.safetensors': { b: [1] } };
  const named = (name: string): string => makeTree({ ...files, 'config.json': JSON.stringify({ transformers_weights: name }) });
  t.deepEqual((await loadCheckpoint(named('sub/other.safetensors'))).layerNames, ['b']);
  t.is((await refusal(named('../other.safetensors'))).code, 'E_PATH_ESCAPE');
});

test('variants', async (t) => {
  const both = makeTree({ 'model.safetensors': { a: [1] }, 'model.fp16.safetensors': { b: [1] } });
  t.deepEqual((await loadCheckpoint(both)).layerNames, ['a']);
  t.deepEqual((await loadCheckpoint(both, { variant: 'fp16' })).layerNames, ['b']);
  const missing = await refusal(both, { variant: 'bf16' });
  t.is(missing.code, 'E_NO_TENSORS');
  t.regex(missing.hint ?? '', /variants: fp16/u);
  const only = await loadCheckpoint(makeTree({ 'model.fp16.safetensors': { b: [1] } }));
  t.deepEqual([only.layerNames, codes(only)], [['b'], ['VariantChosen']]);
  const several = await refusal(makeTree({ 'model.fp16.safetensors': { b: [1] }, 'model.bf16.safetensors': { b: [1] } }));
  t.is(several.code, 'E_AMBIGUOUS_DIRECTORY');
  t.regex(several.message, /bf16, fp16/u);
  const sharded = makeTree({
    'model.safetensors.index.fp16.json': index({ c: 'model.fp16-00001-of-00001.safetensors' }),
    'model.fp16-00001-of-00001.safetensors': { c: [1] },
  });
  t.deepEqual((await loadCheckpoint(sharded, { variant: 'fp16' })).layerNames, ['c']);
});

test('a pipeline: components become prefixes', async (t) => {
  const folder = makeTree({
    'model_index.json': JSON.stringify({
      _class_name: 'P',
      unet: ['diffusers', 'U'],
      vae: ['diffusers', 'V'],
      scheduler: ['diffusers', 'S'],
      safety_checker: [null, null],
    }),
    'unet/diffusion_pytorch_model.safetensors': { 'conv.weight': [1] },
    'unet/config.json': '{"channels":4}',
    'vae/diffusion_pytorch_model.safetensors': { 'conv.weight': [2] },
    'vae/diffusion_pytorch_model.fp16.safetensors': { 'conv.weight': [3] },
    'scheduler/scheduler_config.json': '{}',
    'safety_checker/model.safetensors': { x: [1] },
  });
  const checkpoint = await loadCheckpoint(folder);
  t.deepEqual(checkpoint.layerNames, ['unet.conv.weight', 'vae.conv.weight']);
  t.deepEqual(checkpoint.configs['unet/config.json'], { channels: 4 });
  const half = await loadCheckpoint(folder, { variant: 'fp16' });
  t.is(half.getInfo('vae.conv.weight')?.max, 3);
  t.true(codes(half).includes('VariantMissing'));
  t.is((await refusal(folder, { variant: 'bf16' })).code, 'E_NO_TENSORS');
  t.is((await refusal(makeTree({ 'model_index.json': '{"../x":["a","b"]}' }))).code, 'E_PATH_ESCAPE');
  t.is((await refusal(makeTree({ 'model_index.json': '{"unet":["a","b"]}' }))).code, 'E_NO_TENSORS');
});

test('sentence-transformers: the first module has no prefix', async (t) => {
  const modules = ['', '1_Pooling', '2_Dense'].map((path, idx) => ({ idx, name: String(idx), path, type: 'x' }));
  const folder = makeTree({
    'modules.json': JSON.stringify(modules),
    'model.safetensors': { 'encoder.weight': [1] },
    '1_Pooling/config.json': '{}',
    '2_Dense/model.safetensors': { 'linear.weight': [1] },
  });
  t.deepEqual((await loadCheckpoint(folder)).layerNames, ['encoder.weight', '2_Dense.linear.weight']);
  const escape = makeTree({ 'modules.json': JSON.stringify([{ ...modules[0], path: '../..' }]) });
  t.is((await refusal(escape)).code, 'E_PATH_ESCAPE');
});

test('a run with several checkpoints lists them; one alone is opened', async (t) => {
  const folder = makeTree({
    'checkpoint-10/model.safetensors': { a: [1] },
    'checkpoint-9/model.safetensors': { a: [1] },
    'trainer_state.json': '{}',
  });
  const error = await refusal(folder);
  t.is(error.code, 'E_AMBIGUOUS_DIRECTORY');
  t.regex(error.message, /checkpoint-9, checkpoint-10/u);
  const one = await loadCheckpoint(makeTree({ 'checkpoint-5/model.safetensors': { a: [1] } }));
  t.deepEqual([one.layerNames, codes(one)], [['a'], ['CheckpointChosen']]);
});

test('state of training is left out, and included on request', async (t) => {
  const folder = makeTree({
    'model.safetensors': { a: [1] },
    'optimizer.safetensors': { exp_avg: [2] },
    'training_args.bin': 'x',
    'rng_state_0.pth': 'x',
  });
  const plain = await loadCheckpoint(folder);
  t.deepEqual(plain.layerNames, ['a']);
  t.regex(plain.findings[0]?.message ?? '', /optimizer\.safetensors, rng_state_0\.pth, training_args\.bin/u);
  const whole = makeTree({ 'model.safetensors': { a: [1] }, 'optimizer.safetensors': { exp_avg: [2] } });
  t.deepEqual((await loadCheckpoint(whole, { includeOptimizer: true })).layerNames, ['a', 'optimizer.exp_avg']);
});

test('shards without an index, and files of another name', async (t) => {
  const shards = { 'model-00001-of-00002.safetensors': { a: [1] }, 'model-00002-of-00002.safetensors': { b: [1] } };
  const loose = await loadCheckpoint(makeTree(shards));
  t.deepEqual([loose.layerNames, codes(loose)], [['a', 'b'], ['IndexMissing']]);
  t.is((await refusal(makeTree({ 'model-00002-of-00002.safetensors': { b: [1] } }))).code, 'E_MISSING_SHARD');
  t.is((await refusal(makeTree({ ...shards, 'model-00002-of-00002.safetensors': { a: [2] } }))).code, 'E_DUPLICATE_NAME');
  t.deepEqual((await loadCheckpoint(makeTree({ 'step.safetensors': { a: [1] } }))).layerNames, ['a']);
  const several = await refusal(makeTree({ 'one.safetensors': { a: [1] }, 'two.safetensors': { a: [1] } }));
  t.is(several.code, 'E_AMBIGUOUS_DIRECTORY');
  t.regex(several.message, /one\.safetensors, two\.safetensors/u);
});

test('an index of too many shards, or without a map', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`t${at}`, `s${at}.safetensors`]));
  t.is((await refusal(makeTree({ 'model.safetensors.index.json': index(many) }))).code, 'E_LIMIT_EXCEEDED');
  for (const text of ['{"metadata":{}}', '[]', '{"weight_map":{"a":1}}', '{"weight_map":{"a":', '\u0000']) {
    t.is((await refusal(makeTree({ 'model.safetensors.index.json': text }))).code, 'E_INVALID_HEADER', text);
  }
});

test('the index itself is a checkpoint', async (t) => {
  const folder = makeTree({
    'model.safetensors.index.json': index({ a: 's.safetensors' }),
    's.safetensors': { a: [1] },
    'config.json': '{"x":1}',
  });
  const checkpoint = await loadCheckpoint(join(folder, 'model.safetensors.index.json'));
  t.deepEqual([checkpoint.layerNames, checkpoint.config], [['a'], { x: 1 }]);
});

/** A hub cache with one model; `link` writes the weights of its snapshot. */
function makeCache(link: (snapshot: string, blobs: string) => void): string {
  const cache = makeTree({
    'models--org--name/refs/main': 'abc123\n',
    'models--org--name/blobs/b1': { a: [1] },
    'models--org--name/snapshots/abc123/config.json': '{}',
  });
  const model = join(cache, 'models--org--name');
  link(join(model, 'snapshots', 'abc123'), join(model, 'blobs'));
  return cache;
}

test.serial('a model in the cache of the hub', async (t) => {
  const before = process.env['HF_HUB_CACHE'];
  t.teardown(() => {
    if (before === undefined) delete process.env['HF_HUB_CACHE'];
    else process.env['HF_HUB_CACHE'] = before;
  });
  const cache = makeCache((snapshot) => symlinkSync('../../blobs/b1', join(snapshot, 'model.safetensors')));
  process.env['HF_HUB_CACHE'] = cache;
  for (const path of [
    'hf://org/name',
    'hf://models/org/name@main',
    'hf://org/name@abc123',
    'hf://org/name/model.safetensors',
    join(cache, 'models--org--name'),
  ]) {
    const checkpoint = await loadCheckpoint(path);
    t.deepEqual([checkpoint.layerNames, codes(checkpoint)], [['a'], []], path);
  }
  process.env['HF_HUB_OFFLINE'] = '1';
  t.teardown(() => delete process.env['HF_HUB_OFFLINE']);
  const missing = await refusal('hf://org/other@v1');
  t.is(missing.code, 'E_NOT_FOUND');
  t.regex(missing.hint ?? '', /hf download org\/other --revision v1$/u);
  t.is((await refusal('hf://org')).code, 'E_ARGUMENT');
  t.is((await refusal('hf://org/name@..%2F..')).code, 'E_ARGUMENT');
  t.is((await refusal('hf://org/name/../../x')).code, 'E_PATH_ESCAPE');

  const elsewhere = join(makeTree({ 'w.safetensors': { a: [1] } }), 'w.safetensors');
  process.env['HF_HUB_CACHE'] = makeCache((snapshot) => symlinkSync(elsewhere, join(snapshot, 'model.safetensors')));
  t.deepEqual(codes(await loadCheckpoint('hf://org/name')), ['SymlinkOutsideCache']);
  process.env['HF_HUB_CACHE'] = makeTree({
    'models--org--name/refs/main': '../../x',
    'models--org--name/snapshots/a/model.safetensors': { a: [1] },
  });
  t.is((await refusal('hf://org/name')).code, 'E_PATH_ESCAPE');
});

test('several snapshots without a main branch', async (t) => {
  const cache = makeTree({
    'models--o--n/snapshots/a/model.safetensors': { a: [1] },
    'models--o--n/snapshots/b/model.safetensors': { a: [1] },
  });
  t.is((await refusal(join(cache, 'models--o--n'))).code, 'E_AMBIGUOUS_DIRECTORY');
});

test('configuration of every kind is part of the result', async (t) => {
  const side = (temperature: number, extra: Record<string, string> = {}): string =>
    makeTree({
      'model.safetensors': { a: [1] },
      'config.json': `{"layers":${temperature}}`,
      'generation_config.json': `{"temperature":${temperature}}`,
      ...extra,
    });
  const { summary } = await compareCheckpoints(side(1), side(2, { 'adapter_config.json': '{"r":8}' }));
  t.deepEqual(summary.configChanges, [
    { key: 'layers', old: 1, new: 2 },
    { key: 'adapter_config.json', old: undefined, new: 'present' },
    { key: 'generation_config.json: temperature', old: 1, new: 2 },
  ]);
  const broken = await loadCheckpoint(makeTree({ 'model.safetensors': { a: [1] }, 'tokenizer_config.json': '{' }));
  t.deepEqual(codes(broken), ['InvalidConfig']);
});

test('tied tensors that were saved once are named', async (t) => {
  const folder = makeTree({
    'model.safetensors': encodeTensors({ 'embed.weight': [1] }, { format: 'pt', 'lm_head.weight': 'embed.weight' }),
  });
  const checkpoint = await loadCheckpoint(folder);
  t.regex(checkpoint.findings.find(({ code }) => code === 'SharedStorage')?.message ?? '', /"lm_head.weight" is "embed.weight"/u);
});

test('directories of formats that are not read say what they are', async (t) => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['.metadata', /DCP/u],
    ['_CHECKPOINT_METADATA', /Orbax/u],
    ['saved_model.pb', /SavedModel/u],
    ['model.ckpt.index', /tensor bundle/u],
    ['zero_to_fp32.py', /DeepSpeed/u],
    ['latest_checkpointed_iteration.txt', /Megatron/u],
    ['flax_model.msgpack', /Flax/u],
    ['tf_model.h5', /Keras/u],
    ['model.onnx', /ONNX/u],
    ['model.nemo', /NeMo/u],
  ];
  for (const [file, message] of table) {
    const error = await refusal(makeTree({ [file]: 'x' }));
    t.is(error.code, 'E_UNSUPPORTED_FORMAT', file);
    t.regex(error.message, message);
    t.truthy(error.hint);
  }
  t.is((await refusal(makeFolder())).code, 'E_NO_TENSORS');
});

test('files of formats that are not read say what they are', async (t) => {
  const table: readonly (readonly [string, Uint8Array | string, RegExp, ErrorCode])[] = [
    ['m.ggml', 'tjgg\u0003\0\0\0', /GGML/u, 'E_UNSUPPORTED_FORMAT'],
    ['m.h5', Buffer.from('894844460d0a1a0a00', 'hex'), /HDF5/u, 'E_UNSUPPORTED_FORMAT'],
    ['m.onnx', Buffer.from('08081207707974', 'hex'), /ONNX/u, 'E_UNSUPPORTED_FORMAT'],
    ['m.msgpack', Buffer.from('81a6706172616d7381a161c0', 'hex'), /msgpack/u, 'E_UNSUPPORTED_FORMAT'],
    ['m.7z', Buffer.from('377abcaf271c0004', 'hex'), /7z/u, 'E_UNSUPPORTED_ARCHIVE'],
    ['m.gz', Buffer.from('1f8b080000000000', 'hex'), /gzip/u, 'E_UNSUPPORTED_ARCHIVE'],
    ['m.tar', Buffer.concat([Buffer.alloc(257, 97), Buffer.from('ustar'), Buffer.alloc(250)]), /tar/u, 'E_UNSUPPORTED_ARCHIVE'],
    ['m.npz', Buffer.concat([Buffer.from('504b0506', 'hex'), Buffer.alloc(18)]), /empty zip/u, 'E_NO_TENSORS'],
  ];
  for (const [name, content, message, code] of table) {
    const error = await refusal(join(makeTree({ [name]: content }), name));
    t.is(error.code, code, name);
    t.regex(error.message, message);
  }
});

test('floats of four and six bits, and complex numbers', async (t) => {
  const entry = (dtype: string, shape: number[], from: number, to: number): object => ({
    dtype,
    shape,
    data_offsets: [from, to],
  });
  const header = JSON.stringify({
    f4: entry('F4', [4], 0, 2),
    f6a: entry('F6_E2M3', [4], 2, 5),
    f6b: entry('F6_E3M2', [4], 5, 8),
    c: entry('C64', [1], 8, 16),
  });
  const complex = Buffer.from(new Float32Array([3, -4]).buffer);
  const path = join(
    makeTree({ 'm.safetensors': encodeRaw(header, Buffer.concat([Buffer.from([0x21, 0xf7, 0x1f, 0, 0, 0x1f, 0, 0]), complex])) }),
    'm.safetensors',
  );
  const checkpoint = await loadCheckpoint(path);
  t.deepEqual([...(await checkpoint.getTensor('f4')).data], [0.5, 1, 6, -6]);
  t.deepEqual([...(await checkpoint.getTensor('f6a')).data], [7.5, 0, 0, 0]);
  t.deepEqual([...(await checkpoint.getTensor('f6b')).data], [28, 0, 0, 0]);
  t.deepEqual([...(await checkpoint.getTensor('c')).data], [3, -4]);
  t.deepEqual(
    ['f4', 'f6a', 'f6b', 'c'].map((name) => checkpoint.getInfo(name)?.dtype),
    ['f4_e2m1', 'f6_e2m3', 'f6_e3m2', 'c64'],
  );
  const { diffs } = await compareCheckpoints(path, path, { includeUnchanged: true });
  t.true(diffs.every((diff) => diff.identical && diff.error === null));
});
