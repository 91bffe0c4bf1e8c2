/** What is missing, broken, hostile or not readable: each says what, expected, found, where, and what to do. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { Checkpoint, ModelDiff, ModelDiffError, compareCheckpoints, loadCheckpoint } from 'model-diff';
import type { ErrorCode } from 'model-diff';

import { refusal } from './helpers/refusal.ts';
import { encodeFloats, encodeRaw, makeFolder, writeTemporary } from './helpers/safetensors.ts';

const floats = (entries: Record<string, readonly number[]>): Buffer => encodeFloats(new Map(Object.entries(entries)));
const one = floats({ w: [1, 2, 3] });
const entry = (dtype: string, shape: string, from: number, to: number): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${from},${to}]}`;

/** Files that are no checkpoint: content, code, and words that the message and the hint must have. */
const FILES: readonly (readonly [what: string, content: string | Uint8Array, code: ErrorCode, message: RegExp])[] = [
  ['an empty file', '', 'E_EMPTY_FILE', /file is empty/u],
  [
    'a git-LFS pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n',
    'E_GIT_LFS_POINTER',
    /git-LFS pointer/u,
  ],
  ['an HTML page', '<!DOCTYPE html><html><body>Sign in</body></html>', 'E_HTML_INSTEAD_OF_MODEL', /HTML page/u],
  ['an HTML page in small letters', '\n  <html lang="en">', 'E_HTML_INSTEAD_OF_MODEL', /HTML page/u],
  ['a GGUF model cut off', 'GGUF\u0003\0\0\0\0\0\0\0', 'E_UNEXPECTED_EOF', /ends inside its header/u],
  ['a GGUF model turned round', 'FUGG\0\0\0\u0003\0\0\0\0', 'E_UNSUPPORTED_FORMAT', /GGUF/u],
  ['an HDF5 file', Buffer.from('894844460d0a1a0a0000', 'hex'), 'E_UNSUPPORTED_FORMAT', /HDF5/u],
  ['a 7z archive', Buffer.from('377abcaf271c0004', 'hex'), 'E_UNSUPPORTED_ARCHIVE', /7z/u],
  ['a gzip file', Buffer.from('1f8b08000000', 'hex'), 'E_UNSUPPORTED_ARCHIVE', /gzip/u],
  ['JSON text', '{"a": 1}', 'E_UNKNOWN_FORMAT', /JSON/u],
  ['something else', 'just a text of some length', 'E_UNKNOWN_FORMAT', /starts with 6a 75 73 74/u],
  ['a file of three bytes', 'abc', 'E_UNEXPECTED_EOF', /ends inside its header/u],
  [
    'a header longer than the file',
    one.subarray(0, 20),
    'E_UNEXPECTED_EOF',
    /ends inside its header: expected at least \d+ bytes, found 20 bytes/u,
  ],
  ['data that is cut off', one.subarray(0, -4), 'E_UNEXPECTED_EOF', /expected 12 bytes of data, found 8/u],
  ['data that goes on', Buffer.concat([one, Buffer.alloc(2)]), 'E_TRAILING_DATA', /expected 12 bytes of data, found 14/u],
  [
    'a giant header',
    Buffer.concat([Buffer.from('ffffffffffffff7f', 'hex'), Buffer.from('{}')]),
    'E_HEADER_TOO_LARGE',
    /exceeds the cap of 100000000 bytes/u,
  ],
  ['a header that is not JSON', encodeRaw('{"a": '), 'E_INVALID_HEADER', /not valid/u],
  ['a header that is not UTF-8', encodeRaw(Buffer.from('7b22ff223a317d', 'hex')), 'E_INVALID_HEADER', /not valid/u],
  [
    'an entry without a dtype',
    encodeRaw('{"w":{"shape":[1],"data_offsets":[0,4]}}', Buffer.alloc(4)),
    'E_INVALID_HEADER',
    /missing field `dtype`/u,
  ],
  [
    'negative offsets',
    encodeRaw('{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}'),
    'E_INVALID_HEADER',
    /invalid value/u,
  ],
  [
    'offsets that run backwards',
    encodeRaw(`{"w":${entry('F32', '[0]', 4, 0)}}`, Buffer.alloc(4)),
    'E_OUT_OF_BOUNDS',
    /ends before it begins/u,
  ],
  [
    'overlapping tensors',
    encodeRaw(`{"a":${entry('F32', '[2]', 0, 8)},"b":${entry('F32', '[1]', 4, 8)}}`, Buffer.alloc(8)),
    'E_OFFSET_OVERLAP',
    /overlaps/u,
  ],
  [
    'a hole',
    encodeRaw(`{"a":${entry('F32', '[1]', 0, 4)},"b":${entry('F32', '[1]', 8, 12)}}`, Buffer.alloc(12)),
    'E_OFFSET_HOLE',
    /hole/u,
  ],
  [
    'a shape that is too large',
    encodeRaw(`{"w":${entry('F32', '[100]', 0, 4)}}`, Buffer.alloc(4)),
    'E_SIZE_MISMATCH',
    /expected 400 bytes/u,
  ],
  [
    'a shape that overflows',
    encodeRaw(`{"w":${entry('F32', '[2,18446744073709551614]', 0, 4)}}`, Buffer.alloc(4)),
    'E_SHAPE_OVERFLOW',
    /more elements than can be counted/u,
  ],
  [
    'a shape whose bytes overflow',
    encodeRaw(`{"w":${entry('F64', '[2,9223372036854775807]', 0, 4)}}`, Buffer.alloc(4)),
    'E_SHAPE_OVERFLOW',
    /more elements/u,
  ],
  [
    'a shape beyond 64 bits',
    encodeRaw(`{"w":${entry('F32', '[36893488147419103232]', 0, 4)}}`, Buffer.alloc(4)),
    'E_INVALID_HEADER',
    /invalid type/u,
  ],
  [
    'too many dimensions',
    encodeRaw(`{"w":${entry('F32', `[${'1,'.repeat(99)}1]`, 0, 4)}}`, Buffer.alloc(4)),
    'E_LIMIT_EXCEEDED',
    /too many dimensions/u,
  ],
  [
    'two tensors of one name',
    encodeRaw(`{"w":${entry('F32', '[1]', 0, 4)},"w":${entry('F32', '[1]', 4, 8)}}`, Buffer.alloc(8)),
    'E_DUPLICATE_NAME',
    /same name/u,
  ],
  [
    'metadata that is no text',
    encodeRaw(`{"__metadata__":{"a":1},"w":${entry('F32', '[1]', 0, 4)}}`, Buffer.alloc(4)),
    'E_INVALID_HEADER',
    /not valid/u,
  ],
];

for (const [what, content, code, message] of FILES) {
  test(`${what} is refused`, async (t) => {
    const path = writeTemporary(content);
    const error = await refusal(path);
    t.is(error.code, code);
    t.regex(error.message, message);
    t.is(error.path, path);
    t.true(error.message.includes(path));
    t.regex(error.hint ?? '', /\w/u, 'what to do');
  });
}

test('a hint says what to do', async (t) => {
  t.regex((await refusal(writeTemporary(FILES[1]?.[1] ?? ''))).hint ?? '', /git lfs pull/u);
  t.regex((await refusal(writeTemporary(one.subarray(0, -4)))).hint ?? '', /fetch or save the file again/u);
});

test('a missing path', async (t) => {
  const error = await refusal('/no/such/model.safetensors');
  t.is(error.kind, 'Io');
  t.is(error.code, 'E_NOT_FOUND');
  t.regex(error.hint ?? '', /spelling/u);
  const storage = await refusal('s3://bucket/model.safetensors');
  t.is(storage.code, 'E_NOT_FOUND');
  t.regex(storage.hint ?? '', /^addresses that can be read begin with https:\/\/, http:\/\/ or hf:\/\//u);
  t.regex((await refusal('file:///no/such')).hint ?? '', /without file:\/\//u);
});

test('a path of the wrong type is a rejection', async (t) => {
  await t.throwsAsync(loadCheckpoint(undefined as unknown as string), { instanceOf: ModelDiffError, code: 'E_ARGUMENT' });
});

test('a directory with nothing to load lists what it holds', async (t) => {
  const folder = makeFolder();
  t.regex((await refusal(folder)).message, /an empty directory/u);
  writeFileSync(join(folder, 'readme.txt'), 'hello');
  const error = await refusal(folder);
  t.is(error.code, 'E_NO_TENSORS');
  t.regex(error.message, /expected .*model\.safetensors.*found readme\.txt/u);
});

function makeSharded(weightMap: Record<string, string>, files: Record<string, Uint8Array>): string {
  const folder = makeFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return folder;
}

test('an index that names a missing shard', async (t) => {
  const error = await refusal(
    makeSharded({ a: 'one.safetensors', b: 'two.safetensors' }, { 'one.safetensors': floats({ a: [1] }) }),
  );
  t.is(error.code, 'E_MISSING_SHARD');
  t.regex(error.message, /two\.safetensors/u);
});

for (const name of ['../outside.safetensors', '/etc/passwd', 'a/../../b', 'C:\\model', '', 'a\0b']) {
  test(`an index that leaves its folder: ${JSON.stringify(name)}`, async (t) => {
    const error = await refusal(makeSharded({ a: name }, {}));
    t.is(error.code, 'E_PATH_ESCAPE');
  });
}

test('an index and shards that do not agree', async (t) => {
  const files = { 'one.safetensors': floats({ a: [1] }), 'two.safetensors': floats({ b: [1] }) };
  const right = { a: 'one.safetensors', b: 'two.safetensors' };
  const copy = { ...files, 'two.safetensors': floats({ b: [1], a: [2] }) };
  for (const [map, shards, finding] of [
    [{ a: 'two.safetensors', b: 'one.safetensors' }, files, /^TensorInOtherShard .*2 tensors, the first is "a"/u],
    [{ ...right, c: 'two.safetensors' }, files, /^IndexedTensorMissing .*1 tensor, the first is "c"/u],
    [right, copy, /^DuplicateTensor .*1 duplicate left out, the first is "a" in two\.safetensors/u],
  ] as const) {
    const checkpoint = await loadCheckpoint(makeSharded(map, shards));
    t.deepEqual(checkpoint.layerNames.toSorted(), ['a', 'b']);
    t.is(checkpoint.getInfo('a')?.max, 1);
    t.deepEqual(
      checkpoint.findings.map(({ severity }) => severity),
      ['warning'],
    );
    t.regex(checkpoint.findings.map(({ code, message }) => `${code} ${message}`).join('; '), finding);
  }
});

test('a tensor that the index leaves out is compared all the same, and noticed', async (t) => {
  const checkpoint = await loadCheckpoint(
    makeSharded({ a: 'one.safetensors' }, { 'one.safetensors': floats({ a: [1], extra: [2] }) }),
  );
  t.deepEqual(checkpoint.layerNames, ['a', 'extra']);
  t.is(checkpoint.findings[0]?.code, 'UnindexedTensor');
});

test('a device is refused at once', async (t) => {
  const error = await refusal(process.platform === 'win32' ? 'NUL' : '/dev/null');
  t.is(error.code, 'E_ARGUMENT');
  t.regex(error.message, /not a regular file/u);
});

test('a directory in place of a file, a loop of links', async (t) => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'model.safetensors'));
  const error = await refusal(folder);
  t.is(error.code, 'E_NO_TENSORS');
  t.regex(error.hint ?? '', /^model\.safetensors is a folder/u);
  const loop = join(makeFolder(), 'loop');
  symlinkSync(loop, loop);
  t.is((await refusal(loop)).kind, 'Io');
});

/** A file of four bytes of the dtype `odd` and one f32. */
function writeOdd(odd: string, bytes: readonly number[], value: number): string {
  const header = `{"odd":${entry(odd, '[4]', 0, bytes.length)},"w":${entry('F32', '[1]', bytes.length, bytes.length + 4)}}`;
  return writeTemporary(encodeRaw(header, Buffer.concat([Buffer.from(bytes), Buffer.from(new Float32Array([value]).buffer)])));
}

test('an unknown dtype is compared byte by byte', async (t) => {
  const file = writeOdd('Q7', [1, 2, 3, 4], 1);
  const same = await compareCheckpoints(file, writeOdd('Q7', [1, 2, 3, 4], 2), { includeUnchanged: true });
  const other = await compareCheckpoints(file, writeOdd('Q7', [1, 9, 3, 9], 2), { includeUnchanged: true });
  for (const [{ diffs, summary }, identical, bitChanged] of [
    [same, true, 0],
    [other, false, 2],
  ] as const) {
    const odd = diffs.find((diff) => diff.name === 'odd');
    t.deepEqual(
      [odd?.error, odd?.identical, odd?.bitChanged, odd?.changeType],
      [null, identical, bitChanged, identical ? 'unchanged' : 'modified'],
    );
    t.deepEqual(
      [odd?.l2Diff, odd?.cosineSim, odd?.relativeChange, odd?.changedElements, odd?.oldNorm, odd?.nanOld],
      [null, null, null, null, null, null],
    );
    t.is(odd?.oldInfo?.dtype, 'Q7');
    t.is(summary.failedParameters, 0);
    t.is(summary.changedElements, 1);
    t.is(summary.totalL2Diff, 1);
  }
  const checkpoint = await loadCheckpoint(file);
  t.deepEqual([...(await checkpoint.getTensor('odd', { as: 'raw' })).data], [1, 2, 3, 4]);
  t.is(checkpoint.getInfo('odd')?.mean, Number.NaN);
  await t.throwsAsync(checkpoint.getTensor('odd'), { message: /dtype that is not known here/u });
});

test('an unknown dtype beside another dtype or size is a row with its error; the other tensors compare', async (t) => {
  const file = writeOdd('Q7', [1, 2, 3, 4], 1);
  for (const [next, message] of [
    [writeOdd('Q8', [1, 2, 3, 4], 2), /dtype is not known here.*"Q7" and "Q8"/u],
    [writeOdd('U8', [1, 2, 3, 4], 2), /dtype is not known here.*"Q7" and "u8"/u],
    [writeOdd('Q7', [1, 2], 2), /the sides differ in size: found 4 and 2 bytes/u],
  ] as const) {
    const { diffs, summary } = await compareCheckpoints(file, next);
    t.is(summary.failedParameters, 1);
    t.is(summary.modifiedParameters, 1);
    const odd = diffs.find((diff) => diff.name === 'odd');
    t.regex(odd?.error ?? '', message);
    t.is(odd?.l2Diff, null);
    t.is(odd?.identical, false);
    t.is(diffs.find((diff) => diff.name === 'w')?.l2Diff, 1);
  }
});

test('a checkpoint compared with itself is identical', async (t) => {
  const path = writeTemporary(floats({ a: [1, Number.NaN, 3], b: [0, -0, Infinity] }));
  const { diffs, summary } = await compareCheckpoints(path, path);
  t.deepEqual(diffs, []);
  t.is(summary.identicalParameters, 2);
  t.is(summary.changedElements, 0);
  t.is(summary.avgCosineSimilarity, 1);
});

test('two checkpoints with nothing in common', async (t) => {
  const { diffs, summary } = await compareCheckpoints(writeTemporary(floats({ a: [1] })), writeTemporary(floats({ b: [1, 2] })));
  t.deepEqual(
    diffs.map((diff) => [diff.name, diff.changeType, diff.l2Diff, diff.newNorm]),
    [
      ['a', 'removed', null, null],
      ['b', 'added', null, Math.sqrt(5)],
    ],
  );
  t.is(summary.totalElements, 0);
});

test('names that are traps', async (t) => {
  const names = ['__proto__', 'constructor', 'a\u001b[31mred', '</script><script>', '', 'x'.repeat(100_000)];
  const tensors = new Map(names.map((name, at) => [name, [at, 1]]));
  const path = writeTemporary(encodeFloats(tensors));
  const checkpoint = await loadCheckpoint(path);
  t.deepEqual([...checkpoint.tensorInfo.keys()], names);
  t.is(checkpoint.getInfo('__proto__')?.max, 1);
  t.is(checkpoint.findings[0]?.code, 'ControlCharsInName');
  t.true(Object.keys(checkpoint.toJSON().layers).includes('__proto__'));
  t.is(({} as { max?: number }).max, undefined);
});

test('metadata called __proto__ changes nothing', async (t) => {
  const path = writeTemporary(encodeRaw(`{"__metadata__":{"__proto__":"x","format":"pt"},"w":${entry('F32', '[0]', 0, 0)}}`));
  const { metadata } = await loadCheckpoint(path);
  t.is(metadata['__proto__'], 'x');
  t.is(metadata['format'], 'pt');
  t.is(Object.getPrototypeOf(metadata), null);
});

test('zero-dimensional and empty tensors', async (t) => {
  const old = Checkpoint.fromTensors({
    scalar: { data: new Float32Array([1]), shape: [] },
    empty: { data: new Float32Array(), shape: [0, 4] },
  });
  const newer = Checkpoint.fromTensors({
    scalar: { data: new Float32Array([3]), shape: [] },
    empty: { data: new Float32Array(), shape: [0, 4] },
  });
  const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(old, newer);
  t.like(diffs[0], {
    name: 'empty',
    changeType: 'unchanged',
    identical: true,
    totalElements: 0,
    changeRatio: 0,
    cosineSim: 1,
    relativeChange: 0,
  });
  t.like(diffs[1], { name: 'scalar', changeType: 'modified', l2Diff: 2, meanDiff: 2, relativeChange: 2, cosineSim: 1 });
});

test('data that does not fit its shape, and a dtype that does not fit its array', (t) => {
  const data = new Float32Array(3);
  t.throws(() => Checkpoint.fromTensors({ w: { data, shape: [2] } }), { code: 'E_ARGUMENT', message: /shape does not fit/u });
  t.throws(() => Checkpoint.fromTensors({ w: { data, shape: [-3] } }), { code: 'E_ARGUMENT' });
  t.throws(() => Checkpoint.fromTensors({ w: { data, shape: [3], dtype: 'bf16' } }), {
    code: 'E_ARGUMENT',
    message: /Float32Array holds f32, not "bf16"/u,
  });
});

test('options that make no sense are named', (t) => {
  t.throws(() => new ModelDiff({ changeThreshold: -1 }), { code: 'E_ARGUMENT', message: /changeThreshold/u });
  t.throws(() => new ModelDiff({ threads: 0 }), { code: 'E_ARGUMENT', message: /threads/u });
  t.throws(() => new ModelDiff({ topKLayers: 1.5 }), { code: 'E_ARGUMENT', message: /topKLayers/u });
});

test('options of a wrong type or name are refused, and not taken for something else', async (t) => {
  const wrong = (config: object): ModelDiff => new ModelDiff(config);
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ include: '*.weight' }, /^include must be an array of strings, not "\*\.weight"$/u],
    [{ exclude: [3] }, /^exclude must be an array of strings, not \[3\]$/u],
    [{ rename: 'a=>b' }, /^rename must be an array of strings/u],
    [{ stripPrefix: 'model.' }, /^stripPrefix must be an array of strings, not "model\."$/u],
    [{ includeUnchanged: 'yes' }, /^includeUnchanged must be true or false, not "yes"$/u],
    [{ includ: ['a'] }, /^ModelDiff has no option "includ"$/u],
    [{ toString: 1 }, /^ModelDiff has no option "toString"$/u],
  ];
  for (const [config, message] of refused)
    t.throws(() => wrong(config), { instanceOf: ModelDiffError, code: 'E_ARGUMENT', message });
  const path = writeTemporary(one);
  const load = (options: object): Promise<unknown> => loadCheckpoint(path, options);
  await t.throwsAsync(load({ keys: 'model' }), { code: 'E_ARGUMENT', message: 'loadCheckpoint has no option "keys"' });
  await t.throwsAsync(load({ key: 5 }), { code: 'E_ARGUMENT', message: 'key must be a string, not 5' });
  await t.throwsAsync(load({ onProgress: 5 }), { code: 'E_ARGUMENT', message: 'onProgress must be a function, not 5' });
  await t.throwsAsync(load({ signal: {} }), { code: 'E_ARGUMENT', message: 'signal must be an AbortSignal, not {}' });
  const checkpoint = await loadCheckpoint(path);
  await t.throwsAsync(checkpoint.getTensor('w', { as: 'i8' as 'f32' }), {
    code: 'E_ARGUMENT',
    message: /^as must be "f32", "f64" or "raw", not "i8"$/u,
  });
  t.throws(() => checkpoint.getLayersByPattern('('), { code: 'E_ARGUMENT', message: /^"\(" is no regular expression: / });
});
