import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { analyze, Checkpoint, compare, type Comparison, detectFormat, loadCheckpoint } from 'model-diff';
import { ARCHITECTURES } from '../src/names/gguf/architectures.ts';
import { listHuggingFaceNames, parseGgufName } from '../src/names/gguf/hugging-face-names.ts';
import { restoreHeads } from '../src/names/gguf/transforms.ts';
import { translateNames } from '../src/names/gguf/translate.ts';
import type { NamedTensors } from '../src/names/named-view.ts';

// What gguf-py, and the converter of llama.cpp, make of small models: fixtures/gguf/models.py.
const path = (name: string): string => fileURLToPath(new URL(`fixtures/gguf/${name}`, import.meta.url));
const read = (name: string): unknown => JSON.parse(readFileSync(path(name), 'utf8'));
const model = (name: string): string => path(`models/${name}`);
type Expected = Record<string, Record<string, { readonly type: string; readonly change: number }>>;
const EXPECTED = read('models/expected.json') as Expected;

const line = (comparison: Comparison): string => analyze(comparison).summary.verdict;
const codes = (comparison: Comparison): string[] =>
  [...comparison.old.findings, ...comparison.new.findings].map(({ code }) => code);
const compareModel = (file: string): Promise<Comparison> =>
  compare(model(`${file.replace(/-.*$/u, '')}.safetensors`), model(file), { precision: 'double' });

test('names are those that gguf-py gives', (t) => {
  const table = read('names.json') as Record<string, Record<string, string>>;
  t.true(Object.keys(table).length >= 12);
  for (const [name, names] of Object.entries(table)) {
    const architecture = ARCHITECTURES.get(name);
    if (architecture === undefined) return t.fail(name);
    for (const [gguf, expected] of Object.entries(names)) {
      const found = listHuggingFaceNames(parseGgufName(gguf), architecture, architecture.roots[0] ?? '');
      t.true(
        found.map((one) => one.replace('.{e}', '')).includes(expected),
        `${name}: ${gguf} is ${expected}, not ${found.join()}`,
      );
    }
  }
});

for (const file of Object.keys(EXPECTED).filter((name) => !name.startsWith('mamba'))) {
  test(`${file} against the model that it was made from`, async (t) => {
    const comparison = await compareModel(file);
    const expected = EXPECTED[file] ?? {};
    const { names, relativeChange, errors, changeType } = comparison.columns;
    t.deepEqual([...names].sort(), Object.keys(expected).sort());
    t.is(errors.size, 0);
    for (const [row, name] of names.entries()) {
      const { type, change } = expected[name] ?? { type: '', change: Number.NaN };
      t.is(comparison.columns.new.dtype[row], type, name);
      t.true(
        Math.abs((relativeChange[row] ?? Number.NaN) - change) <= 1e-9 + 1e-6 * change,
        `${name}: ${relativeChange[row]}, not ${change}`,
      );
    }
    t.true(changeType.length === names.length && comparison.coverage === 1);
    t.deepEqual(
      comparison.summary.nameChanges?.map(({ side, kind }) => [side, kind]),
      [['new', 'gguf']],
    );
  });
}

test('what the converter does to values is undone, and said', async (t) => {
  const told = async (file: string): Promise<string> => {
    const { findings } = (await compareModel(file)).new;
    t.deepEqual(
      findings.map(({ code }) => code),
      ['GgufTransformsUndone'],
    );
    return findings[0]?.message ?? '';
  };
  t.regex(await told('llama-F16.gguf'), /rows of q and k put back .*\(4 tensors\)$/u);
  t.regex(await told('mixtral-Q8_0.gguf'), /\(4 tensors\); stacked experts taken apart \(6 tensors\)$/u);
  t.regex(await told('gemma2-Q8_0.gguf'), /1 added to the other side \(9 tensors\)$/u);
  t.regex(await told('gpt2-Q8_0.gguf'), /other side transposed \(8 tensors\)$/u);
});

test('tensors that no rule knows, or that are not undone, keep their names', async (t) => {
  const comparison = await compareModel('mamba-F32.gguf');
  t.deepEqual(codes(comparison), ['GgufTransformsUndone', 'GgufNotUndone']);
  t.regex(
    comparison.new.findings[1]?.message ?? '',
    /^2 tensors .* converter writes -exp\(A_log\), which is not undone: "blk\.0\.ssm_a", "blk\.1\.ssm_a"$/u,
  );
  const { tensors } = comparison.summary;
  t.is(tensors?.names.filter((name) => name.endsWith('ssm_a')).length ?? 0, 2);
  t.is(comparison.summary.identicalParameters, 20);
  await using other = Checkpoint.fromTensors({ a: { data: new Float32Array(2), shape: [2] } });
  await using unknown = await loadCheckpoint(path('v3.gguf'));
  const none = await compare(other, unknown);
  t.true(codes(none).includes('GgufNamesUnknown'));
});

test('first lines', async (t) => {
  const same = 'Same weights, rounded to';
  t.regex(
    line(await compareModel('llama-Q8_0.gguf')),
    new RegExp(`^${same} Q8_0: error 0\\.53%, worst .* 0\\.54%; 7 tensors kept in f16 and f32\\.`, 'u'),
  );
  t.regex(
    line(await compareModel('llama-Q4_K.gguf')),
    new RegExp(`^${same} Q4_K and Q8_0: error 6\\.9%, worst layers\\.1\\.self_attn\\.v_proj 8%; 7 `, 'u'),
  );
  t.regex(
    line(await compare(model('llama-Q4_K.gguf'), model('llama.safetensors'))),
    /^Same weights: the old ones are rounded to Q4_K and Q8_0, the new ones are not: error 6\.9%/u,
  );
  t.regex(
    line(await compare(model('llama-Q8_0.gguf'), model('llama-Q4_K.gguf'))),
    /^Equal within rounding to Q8_0 before and to Q4_K now: error 7\.8%, worst blk\.1\.attn_v 8%; a smaller change cannot be seen; /u,
  );
  t.regex(line(await compareModel('llama-F16.gguf')), /^Same weights, rounded from bf16 to f16/u);
});

test('training is not told as rounding', async (t) => {
  await using old = await loadCheckpoint(model('llama.safetensors'));
  const trained: Record<string, { data: Float32Array; shape: readonly number[] }> = {};
  for (const name of old.layerNames) {
    const { data, shape } = await old.getTensor(name, { as: 'f32' });
    trained[name] = { data: data.map((value, at) => value * (1 + 0.05 * Math.sin(at))), shape };
  }
  const verdict = line(await compare(trained, model('llama-Q8_0.gguf')));
  t.notRegex(verdict, /[Ss]ame weights/u);
});

test('two GGUF files keep their names, and their keys are compared', async (t) => {
  const comparison = await compare(model('llama-Q8_0.gguf'), model('llama-Q4_K.gguf'));
  t.true(comparison.columns.names.includes('blk.0.attn_q.weight'));
  t.is(comparison.summary.nameChanges, undefined);
  const [type, tokens, ...rest] = comparison.summary.configChanges;
  t.deepEqual([type, rest], [{ key: 'general.file_type', old: 7, new: 15 }, []]);
  t.is(tokens?.key, 'tokenizer.ggml.tokens');
  t.regex(String(tokens?.old), /^900 texts, hash [\da-f]{16}$/u);
  t.deepEqual((await compare(model('llama-Q8_0.gguf'), model('llama-Q8_0.gguf'))).summary.configChanges, []);
});

test('one file is a checkpoint as any other', async (t) => {
  t.is(await detectFormat(model('llama-Q4_K.gguf')), 'gguf');
  await using checkpoint = await loadCheckpoint(model('llama-Q4_K.gguf'));
  const info = checkpoint.getInfo('blk.0.ffn_gate.weight');
  t.deepEqual([info?.dtype, info?.shape, info?.sizeBytes], ['q4_k', [32, 256], 32 * 144]);
  t.is(checkpoint.metadata['general.architecture'], 'llama');
  const error = await t.throwsAsync(checkpoint.getTensor('blk.0.ffn_gate.weight', { as: 'raw' }));
  t.is((error as { code?: string } | undefined)?.code, 'E_UNSUPPORTED_LAYOUT');
});

test('no two tensors get one name, and no file makes a million of them', (t) => {
  const tensors = (shapes: Record<string, readonly number[]>): NamedTensors => {
    const names = Object.keys(shapes);
    const find = (name: string): number | undefined => (names.includes(name) ? names.indexOf(name) : undefined);
    return { names, find, shape: (row) => shapes[names[row] ?? ''] ?? [], isReadable: () => true };
  };
  const translate = (architecture: string, shapes: Record<string, readonly number[]>): [string[], number[]] => {
    const metadata = { 'general.architecture': architecture };
    const { views, unknown } = translateNames(tensors(shapes), metadata, tensors({ 'model.norm.weight': [1] }));
    return [views.map(({ name }) => name), [...unknown]];
  };
  const norm = 'model.layers.0.post_attention_layernorm.weight';
  t.deepEqual(translate('olmo2', { 'blk.0.ffn_norm.weight': [1], 'blk.0.post_attention_norm.weight': [1] }), [[norm], [1]]);
  t.deepEqual(translate('qwen2', { 'output_norm.weight': [1], 'model.norm.weight': [1] }), [[], [0, 1]]);
  t.deepEqual(translate('qwen2', { 'blk.0.attn_v.weight': [1], 'blk.00.attn_v.weight': [1] })[0].length, 2);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`blk.${i}.ffn_up_exps.weight`, [4096, 0]]));
  t.is(translate('qwen3moe', many)[1].length, 300 - 256);
});

test('heads that do not fit the rows are not guessed', (t) => {
  t.deepEqual(restoreHeads([8, 3], 2), [
    { operation: 'reshape', numbers: [2, 2, 2, 3] },
    { operation: 'permute', numbers: [0, 2, 1, 3] },
    { operation: 'reshape', numbers: [8, 3] },
  ]);
  for (const heads of [0, 3, -1, 0.5, Number.NaN, 16]) t.is(restoreHeads([8, 3], heads), null, `${heads}`);
});
