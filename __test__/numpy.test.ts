/** Arrays of numpy's through the package. Every fixture bit for bit: crates/diff-core/tests/numpy_fixtures.rs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { CheckpointLoader, compareCheckpoints, loadCheckpoint } from 'model-diff';
import type { ErrorCode } from 'model-diff';

import { refusal } from './helpers/refusal.ts';
import { encodeFloats, makeFolder, writeTemporary } from './helpers/safetensors.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures/numpy');
const fixture = (name: string): string => join(FIXTURES, name);

/** An array of version 1.0 from the text of its header. */
function encodeArray(header: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\u0093NUMPY\u0001\u0000', 'latin1'), length, Buffer.from(header, 'latin1'), data]);
}

test('a lone array is the tensor weights', async (t) => {
  const checkpoint = await loadCheckpoint(fixture('f4.npy'));
  t.is(checkpoint.format, 'numpy');
  t.is(await new CheckpointLoader().detectFormat(fixture('savez.npz')), 'numpy');
  t.deepEqual(checkpoint.layerNames, ['weights']);
  t.deepEqual([...(await checkpoint.getTensor('weights')).data], [0, 0.5, 1, 1.5, 2, 2.5]);
});

test('stored and deflated archives, orders of bytes and of axes: the same values', async (t) => {
  const { diffs, summary } = await compareCheckpoints(fixture('savez.npz'), fixture('savez_compressed.npz'));
  t.deepEqual([diffs.length, summary.identicalParameters, summary.failedParameters], [0, 7, 0]);
  const checkpoint = await loadCheckpoint(fixture('savez_compressed.npz'));
  const plain = (await checkpoint.getTensor('layer.0.weight')).data;
  t.deepEqual((await checkpoint.getTensor('be')).data, plain);
  t.deepEqual((await checkpoint.getTensor('fortran')).data, plain);
});

test('an array compares with a file of another format by its values', async (t) => {
  const tensors = writeTemporary(encodeFloats(new Map([['w', [0, 0.5, 1, 1.5, 2, 4.5]]])));
  const array = encodeArray("{'descr': '>f8', 'fortran_order': False, 'shape': (6,)}", Buffer.alloc(48));
  [0, 0.5, 1, 1.5, 2, 2.5].forEach((value, at) => array.writeDoubleBE(value, array.length - 48 + 8 * at));
  const path = join(makeFolder(), 'w.npy');
  writeFileSync(path, array);
  const { diffs } = await compareCheckpoints(path, tensors, { rename: ['^weights$=>w'] });
  t.deepEqual([diffs[0]?.name, diffs[0]?.l2Diff, diffs[0]?.dtypeChanged], ['w', 2, true]);
});

test('fields of a structure are tensors; texts are compared byte by byte', async (t) => {
  const nested = await loadCheckpoint(fixture('structured_nested.npy'));
  t.deepEqual(nested.layerNames, ['weights.a', 'weights.in.x', 'weights.in.y']);
  const text = await compareCheckpoints(fixture('text.npy'), fixture('text.npy'), { includeUnchanged: true });
  t.deepEqual([text.diffs[0]?.identical, text.diffs[0]?.bitChanged, text.diffs[0]?.l2Diff], [true, 0, null]);
});

test('two bytes without a meaning are bf16, and that is said', async (t) => {
  const checkpoint = await loadCheckpoint(fixture('ml_bfloat16.npy'));
  t.deepEqual([...(await checkpoint.getTensor('weights')).data], [0.5, 1, 2]);
  t.deepEqual(
    checkpoint.findings.map(({ code }) => code),
    ['VoidReadAsBf16'],
  );
});

test('objects are never unpickled: an error for a lone array, a finding in an archive', async (t) => {
  const error = await refusal(fixture('object_hostile.npy'));
  t.is(error.code, 'E_UNSUPPORTED_DTYPE');
  t.regex(error.message, /array of Python objects/u);
  t.deepEqual(error.findings.map(({ code }) => code).sort(), ['GlobalDangerous', 'ObjectArraySkipped']);
  const archive = await loadCheckpoint(fixture('bad_object_deflated.npz'));
  t.deepEqual(archive.layerNames, ['w']);
  t.true(archive.findings.some(({ code }) => code === 'GlobalDangerous'));
});

test('an array that is broken is a row of its archive with its error', async (t) => {
  const { diffs, summary } = await compareCheckpoints(fixture('bad_one_of_two.npz'), fixture('bad_one_of_two.npz'));
  t.is(summary.identicalParameters, 1);
  t.regex(diffs.find(({ name }) => name === 'x')?.error ?? '', /array ends before its data do.*entry x\.npy/u);
});

const REFUSED: readonly (readonly [about: string, header: string, code: ErrorCode])[] = [
  ['a call', "{'descr': '<f4', 'fortran_order': False, 'shape': (exit(),)}", 'E_INVALID_HEADER'],
  ['a negative size', "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 'E_INVALID_HEADER'],
  ['more elements than there are bytes', "{'descr': '<f4', 'fortran_order': False, 'shape': (99,)}", 'E_UNEXPECTED_EOF'],
  ['a size that wraps', "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 'E_SHAPE_OVERFLOW'],
  ['too many dimensions', `{'descr': '<f4', 'fortran_order': False, 'shape': (${'1,'.repeat(65)})}`, 'E_LIMIT_EXCEEDED'],
  ['brackets in brackets', `{'descr': '<f4', 'fortran_order': False, 'shape': ${'('.repeat(99)}`, 'E_LIMIT_EXCEEDED'],
  ['a type that does not exist', "{'descr': '<q7', 'fortran_order': False, 'shape': (1,)}", 'E_UNSUPPORTED_DTYPE'],
  ['a key twice', "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 'E_DUPLICATE_NAME'],
];

for (const [about, header, code] of REFUSED) {
  test(`an array with ${about} is refused`, async (t) => {
    const error = await refusal(writeTemporary(encodeArray(header, Buffer.alloc(4)), 'a.npy'));
    t.is(error.code, code, error.message);
    t.regex(error.path ?? '', /a\.npy$/u);
  });
}
