/** Hashes of tensors against those of numpy and the blake3 package (`fixtures/manifests/make.py`), and what a comparison with them says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import {
  analyze,
  Checkpoint,
  compare,
  type Comparison,
  hashCheckpoint,
  loadCheckpoint,
  type ErrorCode,
  type Manifest,
  ModelDiffError,
  parseReport,
  readManifest,
  renderReport,
  writeManifest,
} from 'model-diff';

import { encodeRaw } from './helpers/safetensors.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const EXAMPLES = join(import.meta.dirname, '../examples/tiny-gpt');
const folder = mkdtempSync(join(tmpdir(), 'model-diff-manifests-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

interface Hashes {
  readonly arrays: Readonly<Record<string, string>>;
  readonly complex: Readonly<Record<string, string>>;
  readonly base: Readonly<Record<string, string>>;
  readonly base_whole: string;
  readonly packed: string;
  readonly large: Readonly<Record<string, string>>;
}

const expected = JSON.parse(readFileSync(join(FIXTURES, 'manifests/hashes.json'), 'utf8')) as Hashes;

const listHashes = ({ tensors }: Manifest): Record<string, string | null> =>
  Object.fromEntries(tensors.map(({ name, hash }) => [name, hash]));

const example = (name: string): string => join(EXAMPLES, name);

/** Examples that hold weights. */
const NAMES = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'corpus')
  .map(({ name }) => name);

test('arrays of any byte order, dtype and layout have the hashes of their logical bytes', async (t) => {
  for (const [name, hash] of Object.entries(expected.arrays)) {
    const [tensor] = (await hashCheckpoint(join(FIXTURES, 'numpy', `${name}.npy`))).tensors;
    t.is(tensor?.hash, hash, name);
  }
  t.deepEqual(listHashes(await hashCheckpoint(join(FIXTURES, 'complex/old.npz'))), { ...expected.complex });
});

test('hashes of a checkpoint are those of the bytes in its file, and so is the one over all of them', async (t) => {
  const manifest = await hashCheckpoint(example('base'));
  t.deepEqual(listHashes(manifest), { ...expected.base });
  t.is(manifest.hash, expected.base_whole);
});

test('floats of four bits are hashed as the 8-bit float that holds them', async (t) => {
  const path = join(folder, 'f4.safetensors');
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  writeFileSync(path, encodeRaw('{"w":{"dtype":"F4","shape":[512],"data_offsets":[0,256]}}', bytes));
  t.is((await hashCheckpoint(path)).tensors[0]?.hash, expected.packed);
});

test('a tensor of many units has one hash, for any number of threads', async (t) => {
  for (const [count, hash] of Object.entries(expected.large)) {
    const data = Uint32Array.from({ length: Number(count) }, (_, at) => Math.imul(at, 2654435761));
    using checkpoint = Checkpoint.fromTensors({ w: { data, shape: [data.length] } });
    for (let threads = 1; threads <= 8; threads += 1)
      t.is((await hashCheckpoint(checkpoint, { threads })).tensors[0]?.hash, hash, `${count} ${threads}`);
  }
});

test('the same weights have the same hashes in every container', async (t) => {
  for (const [one, other] of [
    ['base', 'base-pt'],
    ['sft', 'sft-sharded'],
    ['sft', 'sft-pt'],
  ] as const) {
    const [a, b] = [await hashCheckpoint(example(one)), await hashCheckpoint(example(other))];
    t.deepEqual(a.tensors, b.tensors, `${one} ${other}`);
    t.is(a.hash, b.hash);
    t.regex(a.hash ?? '', /^[0-9a-f]{64}$/);
  }
});

/** Of every fixture that opens: what is read of a tensor, hashed again out of memory. */
test('a hash is that of what getTensor gives', async (t) => {
  let count = 0;
  for (const name of ['torch/dtypes.pt', 'torch/views.pt', 'torch/legacy.pt', 'torch/big_endian.pt', 'torch/conj_neg.pt'])
    count += await hashAgain(join(FIXTURES, name), 'raw');
  for (const name of ['gptq-int4', 'hqq-int2-axis0', 'ct-nvfp4', 'mlx-int3', 'fp8-blocks', 'bnb-nf4-nested'])
    count += await hashAgain(join(FIXTURES, 'quantised', name), 'f32');
  count += await hashAgain(join(FIXTURES, 'gguf/models/llama-Q4_K.gguf'), 'f32');
  const hasScales = /^(?:channel|float_qparams)/;
  // Torch's own quantised tensors are compared in f64, but for those with a scale for each channel.
  count += await hashAgain(join(FIXTURES, 'torch/quantised.pt'), 'f64', (name) => !hasScales.test(name));
  count += await hashAgain(join(FIXTURES, 'torch/quantised.pt'), 'f32', (name) => hasScales.test(name));
  t.true(count > 50, String(count));

  async function hashAgain(
    path: string,
    as: 'raw' | 'f32' | 'f64',
    selects: (name: string) => boolean = () => true,
  ): Promise<number> {
    using checkpoint = await loadCheckpoint(path);
    const { tensors } = await hashCheckpoint(checkpoint);
    let done = 0;
    for (const { name, hash, error } of tensors) {
      const info = checkpoint.getInfo(name);
      const isPlain =
        as === 'raw'
          ? !/^(?:c\d|q|unknown)/.test(info?.dtype ?? '')
          : as === 'f64'
            ? (info?.dtype ?? '').startsWith('q')
            : /^(?:f32|q)/.test(info?.dtype ?? '');
      if (error !== null || !isPlain || !selects(name) || (info?.numElements ?? 0) === 0) continue;
      const { data } = await checkpoint.getTensor(name, { as });
      using again = Checkpoint.fromTensors({ x: { data, shape: [data.length] } });
      t.is((await hashCheckpoint(again)).tensors[0]?.hash, hash, `${path} ${name} ${info?.dtype}`);
      done += 1;
    }
    return done;
  }
});

test('tensors that cannot be read carry their errors, and leave no hash over all', async (t) => {
  const manifest = await hashCheckpoint(join(FIXTURES, 'torch/meta.pt'));
  t.is(manifest.hash, null);
  const broken = manifest.tensors.filter(({ hash }) => hash === null);
  t.true(broken.length > 0);
  for (const { error, norm, nan } of broken) {
    t.regex(error ?? '', /\S/);
    t.deepEqual([norm, nan], [null, null]);
  }
  const path = join(folder, 'broken.json');
  await writeManifest(path, manifest);
  const comparison = await compare(path, join(FIXTURES, 'torch/meta.pt'));
  t.is(comparison.summary.failedTensors, broken.length);
  t.false(comparison.isIdentical);
});

/** As JSON, to six digits: a pair of other dtypes is summed up in another way. */
function spellInfo(info: unknown): string {
  return JSON.stringify(info, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value));
}

/** What both ways of comparing must agree on. */
function checkAgainst(byHash: Comparison, byValue: Comparison, t: { is: (a: unknown, b: unknown, why: string) => void }): void {
  t.is(byHash.columns.names.join(), byValue.columns.names.join(), 'names');
  for (const row of byValue.rows({ unchanged: true })) {
    const found = byHash.row(row.name);
    const isSame = row.bitChanged === 0 || (row.totalElements === 0 && row.identical);
    const isCommon = row.changeType === 'unchanged' || row.changeType === 'modified';
    t.is(found?.changeType, isCommon ? (isSame ? 'unchanged' : 'modified') : row.changeType, row.name);
    t.is(found?.dtypeChanged, row.dtypeChanged, row.name);
    t.is(found?.identical, isCommon && isSame, row.name);
    for (const side of ['old', 'new'] as const) {
      const [own, other] = [found?.[`${side}Info`], row[`${side}Info`]];
      t.is(spellInfo(own), spellInfo(other), `${row.name} ${side}`);
    }
    if (!isCommon || found === undefined) continue;
    if (isSame) {
      const { l2DiffMin, l2DiffMax, ...rest } = found;
      t.is(spellInfo([rest, l2DiffMin, l2DiffMax]), spellInfo([row, null, null]), row.name);
    } else {
      t.is(found.l2Diff ?? found.changedElements ?? found.cosineSim, null, row.name);
      const [least, most, size] = [found.l2DiffMin ?? Number.NaN, found.l2DiffMax ?? Number.NaN, row.l2Diff ?? Number.NaN];
      t.is(least <= size && size <= most, true, `${row.name}: ${least} ${size} ${most}`);
    }
  }
}

test('a manifest says of every example which tensors are the same, as their values do', async (t) => {
  t.true(NAMES.length > 25);
  const path = join(folder, 'base.json');
  await writeManifest(path, await hashCheckpoint(example('base')));
  for (const name of NAMES) {
    const [byHash, byValue] = [
      await compare(path, example(name)),
      await compare(example('base'), example(name), { probes: false }),
    ];
    checkAgainst(byHash, byValue, t);
    const isIdentical = byValue.columns.names.every((_, row) => byValue.columns.bitChanged[row] === 0);
    t.is(byHash.isIdentical, isIdentical, name);
    t.deepEqual(byHash.summary.configChanges, byValue.summary.configChanges, name);
    t.deepEqual(byHash.summary.resized, undefined);
  }
});

test('NaN, Inf, -0 and empty tensors', async (t) => {
  const make = (values: readonly number[]): Checkpoint =>
    Checkpoint.fromTensors({
      w: { data: Float32Array.from(values), shape: [values.length] },
      none: { data: new Float32Array(), shape: [0, 3] },
      scalar: { data: Float64Array.of(2), shape: [] },
    });
  const cases: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [1, Number.NaN, 2],
      [1, Number.NaN, 2],
    ],
    [
      [1, 2, 3],
      [1, Number.NaN, 3],
    ],
    [
      [1, Number.POSITIVE_INFINITY, 3],
      [1, 2, 3],
    ],
    [
      [0, 1],
      [-0, 1],
    ],
    [
      [0, 0],
      [0, 0],
    ],
    [
      [0, 0],
      [1, 2],
    ],
    [
      [Number.NaN, Number.NaN],
      [Number.NaN, Number.NaN],
    ],
  ];
  for (const [before, after] of cases) {
    using old = make(before);
    using newer = make(after);
    checkAgainst(await compare(await hashCheckpoint(old), newer), await compare(old, newer), t);
  }
});

test('the first line is true of hashes, and nothing that needs values is said', async (t) => {
  const manifest = await hashCheckpoint(example('base'));
  const say = async (other: string | Manifest): Promise<string> => analyze(await compare(manifest, other)).summary.verdict;
  t.is(await say(example('base-pt')), 'Identical: all 57 tensors are equal in every value.');
  t.is(await say(manifest), 'Identical: all 57 tensors are equal in every value.');
  t.regex(
    await say(example('attention-only')),
    /^24 of 57 common tensors differ \(attention, in all 6 blocks\), by at least 0\.\d+% in all; how much exactly was not measured, as a manifest holds hashes and no values\.$/,
  );
  t.regex(
    await say(example('sft-f32')),
    /^All 57 common tensors differ in dtype; whether the values differ too was not measured/,
  );
  t.regex(await say(example('diverge-6')), /NaN/);
  const comparison = await compare(manifest, example('sft'));
  const analysis = analyze(comparison);
  t.deepEqual(
    [analysis.pattern, analysis.summary.band, analysis.summary.change, analysis.summary.cosine, analysis.explanations.length],
    [null, null, null, null, 0],
  );
  t.deepEqual(
    analysis.insights.map(({ code }) => code),
    [],
  );
  const { changedElements, totalL2Diff, avgCosineSimilarity, relativeChange, mostChangedLayers } = comparison.summary;
  t.deepEqual([changedElements, totalL2Diff, avgCosineSimilarity, relativeChange], [null, null, null, null]);
  t.deepEqual(mostChangedLayers, []);
});

test('what could be weights and was left out is not called identical', async (t) => {
  const path = join(FIXTURES, 'torch/gan.pt');
  const [comparison, whole] = [await compare(await hashCheckpoint(path), path), await compare(path, path)];
  t.true(whole.isIdentical);
  t.true(comparison.summary.leftOut.length > 0);
  t.false(comparison.isIdentical);
  t.notRegex(analyze(comparison).summary.verdict, /^Identical/);
});

test('a report of hashes is read back as it was', async (t) => {
  const comparison = await compare(await hashCheckpoint(example('base')), example('attention-only'));
  const json = renderReport(comparison, { format: 'json' });
  t.is(renderReport(parseReport(json), { format: 'json' }), json);
  t.deepEqual(parseReport(json).columns.bounds, comparison.columns.bounds);
  const filtered = comparison.filter('*.q_proj.*');
  t.is(filtered.columns.bounds?.l2DiffMin.length, 6);
  t.is(structuredClone(comparison.columns).bounds?.l2DiffMax.length, 57);
});

test('manifests are read as they were written, and by their content alone', async (t) => {
  const manifest = await hashCheckpoint(example('base'), { provenance: false });
  const path = join(folder, 'of-base.anything');
  await writeManifest(path, manifest);
  const read = await readManifest(path);
  t.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(manifest)));
  const error = await t.throwsAsync(loadCheckpoint(path), { instanceOf: ModelDiffError });
  t.regex(error.message, /manifest of hashes, which holds no tensors/);
  // Spelled by another program.
  writeFileSync(path, `\uFEFF ${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 4)}`);
  t.true((await compare(path, example('base'))).isIdentical);
});

test('writing replaces a manifest and nothing else', async (t) => {
  const manifest = await hashCheckpoint(example('base'));
  const path = join(folder, 'twice.json');
  await writeManifest(path, manifest);
  await writeManifest(path, manifest);
  const weights = join(folder, 'weights.json');
  writeFileSync(weights, readFileSync(join(example('base'), 'config.json')));
  await t.throwsAsync(writeManifest(weights, manifest), { code: 'E_ARGUMENT', message: /is not overwritten/ });
  t.is(readFileSync(weights, 'utf8'), readFileSync(join(example('base'), 'config.json'), 'utf8'));
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.model-diff')),
    [],
  );
});

test('quantised weights are hashed in the way of the manifest', async (t) => {
  const path = join(FIXTURES, 'quantised/gptq-int4');
  const [values, codes] = [await hashCheckpoint(path), await hashCheckpoint(path, { raw: true })];
  t.notDeepEqual(Object.keys(listHashes(values)), Object.keys(listHashes(codes)));
  for (const manifest of [values, codes]) {
    const { identical } = (await compare(manifest, path)).columns;
    t.true(identical.length > 0 && identical.every((flag) => flag === 1));
  }
  await t.throwsAsync(compare(values, path, { raw: true }), { message: /made without raw/ });
  await t.throwsAsync(compare(values, codes), { message: /two ways/ });
  await t.throwsAsync(compare(values, path, { old: { key: 'model' } }), { message: /the old side is a manifest/ });
});

type Json = Record<string, unknown>;
type Tensors = Json[];

/** What is done to a manifest, and what is said of it. */
const HOSTILE: readonly (readonly [
  what: string,
  change: (data: Json, tensors: Tensors) => unknown,
  code: ErrorCode,
  message: RegExp,
])[] = [
  [
    'another version',
    (data) => ({ ...data, $schema: 'urn:model-diff:schema:manifest:2' }),
    'E_UNSUPPORTED_VERSION',
    /version 2: expected 1/,
  ],
  ['no tensors', ({ tensors: _, ...rest }) => rest, 'E_INVALID_HEADER', /tensors: expected a list, found nothing/],
  ['tensors of another kind', (data) => ({ ...data, tensors: { length: 1e9 } }), 'E_INVALID_HEADER', /tensors: expected a list/],
  ['one name twice', (_, tensors) => void tensors.push({ ...tensors[0] }), 'E_DUPLICATE_NAME', /two tensors are called/],
  [
    'another hash',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { hash: '0'.repeat(64) }),
    'E_INVALID_HEADER',
    /its hash is not that of its tensors/,
  ],
  [
    'a renamed tensor',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { name: 'other' }),
    'E_INVALID_HEADER',
    /its hash is not/,
  ],
  ['a tensor less', (_, tensors) => void tensors.pop(), 'E_INVALID_HEADER', /its hash is not/],
  [
    'a short hash',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { hash: 'abc' }),
    'E_INVALID_HEADER',
    /64 hexadecimal digits/,
  ],
  [
    'no hash and no error',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { hash: null }),
    'E_INVALID_HEADER',
    /either a hash or an error/,
  ],
  [
    'a negative dimension',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { shape: [-1, 4] }),
    'E_INVALID_HEADER',
    /shape of whole numbers/,
  ],
  [
    'half a dimension',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { shape: [0.5] }),
    'E_INVALID_HEADER',
    /shape of whole numbers/,
  ],
  [
    'too many elements',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { num_elements: 1e15 }),
    'E_INVALID_HEADER',
    /more elements than its shape/,
  ],
  [
    'a text for a number',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { norm: '1' }),
    'E_INVALID_HEADER',
    /norm: expected a number/,
  ],
  [
    'a negative norm',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { norm: -1 }),
    'E_INVALID_HEADER',
    /norm and a deviation of 0 or more/,
  ],
  [
    'counts beyond its elements',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { nan: 1e9 }),
    'E_INVALID_HEADER',
    /counts of its elements/,
  ],
  [
    'a range turned round',
    (_, tensors) => void Object.assign(tensors[0] ?? {}, { min: 2, max: 1 }),
    'E_INVALID_HEADER',
    /smallest element/,
  ],
  ['an unknown format', (data) => ({ ...data, format: 'exe' }), 'E_INVALID_HEADER', /format: expected one of/],
  ['configurations that are a list', (data) => ({ ...data, configs: [] }), 'E_INVALID_HEADER', /configs: expected an object/],
];

for (const [what, change, code, message] of HOSTILE)
  test(`a manifest with ${what} is refused`, async (t) => {
    const path = join(folder, `hostile-${what.replaceAll(' ', '-')}.json`);
    await writeManifest(path, await hashCheckpoint(example('base')));
    const data = JSON.parse(readFileSync(path, 'utf8')) as Json;
    const changed = change(data, data['tensors'] as Tensors) ?? data;
    writeFileSync(path, JSON.stringify(changed));
    const error = await t.throwsAsync(compare(path, example('base')), { instanceOf: ModelDiffError });
    t.is(error.code, code);
    t.regex(error.message, message);
    t.true(error.message.includes(path) && error.hint !== undefined, error.message);
    await t.throwsAsync(readManifest(path), { message });
  });

test('what is cut off, no JSON, infinite or endlessly nested is refused', async (t) => {
  const path = join(folder, 'cut.json');
  await writeManifest(path, await hashCheckpoint(example('base')));
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.slice(0, -20));
  await t.throwsAsync(compare(path, example('base')), { code: 'E_INVALID_HEADER', message: /cut off or damaged/ });
  writeFileSync(path, text.replace(/"norm":[\d.]+/, '"norm":1e999'));
  await t.throwsAsync(compare(path, example('base')), { code: 'E_INVALID_HEADER', message: /norm: expected a number/ });
  writeFileSync(path, text.replace(/"config": \{[^\n]*\}/, `"config": ${'['.repeat(1e5)}${']'.repeat(1e5)}`));
  await t.throwsAsync(compare(path, example('base')), { code: 'E_INVALID_HEADER', message: /levels of nesting/ });
  await t.throwsAsync(readManifest(join(example('base'), 'config.json')), { code: 'E_UNKNOWN_FORMAT' });
  await t.throwsAsync(readManifest(join(example('base'), 'model.safetensors')), { code: 'E_UNKNOWN_FORMAT' });
  await t.throwsAsync(readManifest(join(folder, 'nowhere.json')), { code: 'E_NOT_FOUND' });
});

test('names of prototypes are names like any other', async (t) => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
  const header = names.map((name, at) => `"${name}":{"dtype":"F32","shape":[1],"data_offsets":[${at * 4},${at * 4 + 4}]}`);
  const weights = join(folder, 'prototypes.safetensors');
  writeFileSync(weights, encodeRaw(`{${header.join()}}`, new Uint8Array(16)));
  const path = join(folder, 'prototypes.json');
  await writeManifest(path, await hashCheckpoint(weights));
  writeFileSync(
    path,
    readFileSync(path, 'utf8')
      .replace('"configs": {}', '"configs": {"__proto__":{"polluted":1},"constructor":{}}')
      .replace('"has_folder": false', '"has_folder": true'),
  );
  const comparison = await compare(path, example('base'));
  t.is(comparison.summary.removedTensors, 4);
  t.is(({} as Json)['polluted'], undefined);
  t.true(comparison.summary.configChanges.some(({ key }) => key === '__proto__'));
  t.true((await compare(path, weights)).columns.identical.every((flag) => flag === 1));
});
