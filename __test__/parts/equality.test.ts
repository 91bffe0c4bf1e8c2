/** A comparison in parts is the comparison, byte for byte, whatever is compared and however it is cut. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { combineParts, type CompareOptions, partsStatus, planParts } from 'model-diff';
import { compareInParts, compareWhole } from '../helpers/parts.ts';
import { encodeRaw } from '../helpers/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-diff-parts-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

let runs = 0;
const nextRun = (): string => join(folder, `run-${(runs += 1)}`);

const SIZES: Readonly<Record<string, number>> = { BF16: 2, F16: 2, F32: 4, F64: 8, I64: 8, U8: 1, BOOL: 1 };

type Sketch = readonly [name: string, dtype: string, shape: readonly number[]];

/** A file of tensors with heavy tails, NaN and Inf among them: sums in another order would show. */
function writeModel(name: string, sketches: readonly Sketch[], seed: number): string {
  let [state, offset] = [seed, 0];
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const entries = sketches.map(([tensor, dtype, shape]) => {
    const start = offset;
    offset += shape.reduce((product, size) => product * size, SIZES[dtype] ?? 0);
    return [tensor, { dtype, shape, data_offsets: [start, offset] }] as const;
  });
  const data = Buffer.alloc(offset);
  for (const [
    ,
    {
      dtype,
      data_offsets: [start = 0, end = 0],
    },
  ] of entries) {
    for (let at = start; at < end; at += SIZES[dtype] ?? 1) {
      const bits = next();
      const single = at % 99_991 === 1 ? 0x7fc00000 : ((bits & 0x807fffff) | ((117 + (bits >>> 27)) << 23)) >>> 0;
      if (dtype === 'F32') data.writeUInt32LE(single, at);
      else if (dtype === 'BF16') data.writeUInt16LE(single >>> 16, at);
      else if (dtype === 'F16') data.writeUInt16LE((bits >>> 16) & 0xbbff, at);
      else if (dtype === 'F64') data.writeDoubleLE((bits - 2 ** 31) / 3, at);
      else if (dtype === 'I64') data.writeBigInt64LE(BigInt(bits) << BigInt(bits % 20), at);
      else data.writeUInt8(bits & 1, at);
    }
  }
  const file = join(folder, name);
  writeFileSync(file, encodeRaw(JSON.stringify(Object.fromEntries(entries)), data));
  return file;
}

const COMMON: readonly Sketch[] = [
  ['model.layers.0.mlp.up_proj.weight', 'BF16', [64, 300]],
  ['model.layers.0.mlp.down_proj.weight', 'F16', [300, 64]],
  ['model.layers.0.self_attn.q_proj.weight', 'F32', [64, 64]],
  ['model.layers.0.input_layernorm.weight', 'F64', [64]],
  ['model.layers.0.empty', 'F32', [0, 3]],
  ['model.steps', 'I64', [700]],
  ['model.mask', 'BOOL', [33]],
  // Three units of the engine, so that it is larger than a part.
  ['model.large.weight', 'U8', [2 ** 22 + 5]],
];

const mixed = {
  old: writeModel(
    'old.safetensors',
    [
      ...COMMON,
      ['model.gone.weight', 'F32', [40]],
      ['model.shaped.weight', 'F32', [8, 5]],
      ['model.embed_tokens.weight', 'BF16', [50, 16]],
      ['model.cast.weight', 'F32', [90]],
    ],
    1,
  ),
  new: writeModel(
    'new.safetensors',
    [
      ['model.come.weight', 'BF16', [30]],
      ...COMMON.toReversed(),
      ['model.shaped.weight', 'F32', [5, 8]],
      ['model.embed_tokens.weight', 'BF16', [60, 16]],
      ['model.cast.weight', 'BF16', [90]],
    ],
    2,
  ),
};

/** A quantised model beside the dense one that it stands for. */
function placeQuantised(name: string): { readonly old: string; readonly new: string } {
  const place = { old: join(folder, `${name}-dense`), new: join(folder, `${name}-quantised`) };
  for (const made of Object.values(place)) mkdirSync(made);
  cpSync(path(`fixtures/quantised/${name}/values.safetensors`), join(place.old, 'model.safetensors'));
  for (const file of ['model.safetensors', 'config.json'])
    cpSync(path(`fixtures/quantised/${name}/${file}`), join(place.new, file));
  return place;
}

const tiny = { old: path('../examples/tiny-gpt/base'), new: path('../examples/tiny-gpt/sft') };

interface Case {
  readonly pair: { readonly old: string; readonly new: string };
  readonly parts: readonly number[];
  readonly options?: CompareOptions;
}

const CASES: Readonly<Record<string, Case>> = {
  'a model of bf16': { pair: tiny, parts: [1, 2, 7, 64] },
  'mixed dtypes, NaN, added, removed, reshaped and resized tensors': { pair: mixed, parts: [1, 2, 3, 4, 5, 8, 13, 33, 64] },
  'in double, with a threshold and exact histograms': {
    pair: mixed,
    parts: [3],
    options: { precision: 'double', changeThreshold: 0.5, histogram: 'exact' },
  },
  'without counts': { pair: tiny, parts: [4], options: { computeElementWise: false } },
  'chosen and renamed tensors': {
    pair: tiny,
    parts: [3],
    options: { include: ['*attn*', '*renamed*'], exclude: ['*.bias'], rename: ['mlp=>renamed'], old: { include: ['*layers*'] } },
  },
  'quantised weights': { pair: placeQuantised('gptq-int4'), parts: [1, 2, 5] },
  'weights in blocks': { pair: placeQuantised('mxfp4'), parts: [2] },
  'a GGUF file and the model that it was made from': {
    pair: { old: path('fixtures/gguf/models/llama.safetensors'), new: path('fixtures/gguf/models/llama-Q4_K.gguf') },
    parts: [1, 3, 10],
  },
  'stacks of experts beside the experts': {
    pair: { old: path('fixtures/gguf/models/mixtral.safetensors'), new: path('fixtures/gguf/models/mixtral-Q8_0.gguf') },
    parts: [3],
  },
  'what several processes wrote, and the whole': {
    pair: { old: path('fixtures/distributed/fsdp-2.safetensors'), new: path('fixtures/distributed/fsdp-2') },
    parts: [4],
  },
  'an adapter in its base': {
    pair: { old: path('fixtures/adapters/base/f32'), new: path('fixtures/adapters/base/f32') },
    parts: [1, 5],
    options: { new: { adapter: path('fixtures/adapters/plain/adapter') } },
  },
  'two adapters, each in its base': {
    pair: { old: path('fixtures/adapters/base/f32'), new: path('fixtures/adapters/base/f32') },
    parts: [3],
    options: {
      old: { adapter: path('fixtures/adapters/lokr/adapter') },
      new: { adapter: path('fixtures/adapters/dora/adapter') },
    },
  },
  'a checkpoint of torch': {
    pair: { old: path('fixtures/torch/dtypes.pt'), new: path('fixtures/torch/dtypes.pt') },
    parts: [2],
  },
};

for (const [name, { pair, parts, options = {} }] of Object.entries(CASES)) {
  test(name, async (t) => {
    const expected = await compareWhole(pair.old, pair.new, options);
    for (const count of parts)
      t.is(await compareInParts(pair.old, pair.new, nextRun(), count, options), expected, `${count} parts`);
  });
}

test('a tensor may be larger than a part, and a part may have nothing', async (t) => {
  const directory = nextRun();
  const { parts } = await planParts(mixed.old, mixed.new, directory, { parts: 64 });
  t.is(parts.length, 64);
  t.true(parts.some(({ bytes }) => bytes === 0));
  t.true(Math.max(...parts.map(({ bytes }) => bytes)) < 2 * 2 ** 22, 'less than the large tensor');
  const { bytes, bytesDone } = await partsStatus(directory);
  t.is(
    bytes,
    parts.reduce((sum, part) => sum + part.bytes, 0),
  );
  t.is(bytesDone, 0);
});

test('what a plan does not fix is asked for when parts are combined', async (t) => {
  const directory = nextRun();
  const parts = await compareInParts(tiny.old, tiny.new, directory, 2);
  t.is(parts, await compareWhole(tiny.old, tiny.new));
  const listed = await combineParts(directory, { includeUnchanged: true, topKLayers: 2, probes: false, provenance: false });
  t.is(listed.options.includeUnchanged, true);
  t.is(listed.summary.mostChangedLayers.length, 2);
  t.is(listed.summary.probedTensors, 0);
});
