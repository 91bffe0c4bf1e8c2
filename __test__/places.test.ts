/** Where the tensors of a comparison lie: the bytes at the place that the columns name are those of the first element. */
import { closeSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Checkpoint, compare, loadCheckpoint, ModelDiffError, parseReport, renderReport } from 'model-diff';

import { encodeFloats, makeFolder, writeTemporary } from './helpers/safetensors.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const fixture = (name: string): string => join(FIXTURES, name);

/** A tensor with its place: NaN as null. */
interface Place {
  readonly name: string;
  readonly path: string | null;
  readonly offset: number | null;
}

async function listPlaces(checkpoint: Checkpoint): Promise<Place[]> {
  const { columns, old } = await compare(checkpoint, checkpoint, { probes: false });
  const { file, offset } = columns.old;
  const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
  return columns.names.map((name, row) => {
    const at = known(file?.[row]);
    if (at !== null && old.files[at] === undefined) throw new Error(`${name} lies in file ${at} of ${old.files.length}`);
    return { name, path: at === null ? null : (checkpoint.files[at]?.path ?? ''), offset: known(offset?.[row]) };
  });
}

function readAt(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}

/** Whether the file has the first element there; of packed ones in the lowest bits. Of big-endian numbers the bytes are turned. */
async function holdsFirst(checkpoint: Checkpoint, name: string, path: string, offset: number): Promise<boolean> {
  const { data, dtype } = await checkpoint.getTensor(name, { as: 'raw', start: 0, length: 1 });
  const expected = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const found = readAt(path, offset, expected.length);
  const bits = /^(?:f4|f6|quint4|quint2)/u.exec(dtype)?.[0];
  if (bits !== undefined) return ((found[0] ?? 0) & (2 ** Number(bits.replace(/\D/gu, '')) - 1)) === expected[0];
  const part = expected.length / (/^c\d/u.test(dtype) ? 2 : 1);
  const parts = Array.from({ length: expected.length / part }, (_, at) => found.subarray(at * part, (at + 1) * part));
  const turned = Buffer.concat(parts.map((bytes) => Buffer.from(bytes).reverse()));
  return expected.equals(found) || expected.equals(turned);
}

async function openIfPossible(path: string): Promise<Checkpoint | undefined> {
  try {
    return await loadCheckpoint(path, { includeOptimizer: true });
  } catch (error) {
    if (error instanceof ModelDiffError) return undefined;
    throw error;
  }
}

for (const [folder, fewest] of [
  ['numpy', 100],
  ['torch', 500],
  ['objects', 100],
  ['folders', 50],
  ['complex', 2],
] as const) {
  test(`the first element of every tensor lies where the columns say: ${folder}`, async (t) => {
    let checked = 0;
    for (const name of readdirSync(fixture(folder))) {
      const checkpoint = await openIfPossible(fixture(join(folder, name)));
      // Lazy signs are applied to what is read.
      if (checkpoint === undefined || name.endsWith('conj.pt') || name === 'conj_neg.pt') continue;
      for (const place of await listPlaces(checkpoint)) {
        if (place.offset === null) continue;
        if (place.path === null || typeof checkpoint.getInfo(place.name)?.error === 'string') {
          t.fail(`${name}: ${place.name} has an offset of nothing`);
          continue;
        }
        if (!(await holdsFirst(checkpoint, place.name, place.path, place.offset))) t.fail(`${name}: ${place.name} is not there`);
        checked += 1;
      }
      checkpoint.close();
    }
    t.true(checked > fewest, `${checked}`);
  });
}

const readFloat = (path: string, offset: number): number => readAt(path, offset, 4).readFloatLE();

test('of shards each tensor has its own', async (t) => {
  const folder = makeFolder();
  const weights = [
    [
      'model-00001-of-00002.safetensors',
      new Map([
        ['a', [1, 2]],
        ['b', [3]],
      ]),
    ],
    [
      'model-00002-of-00002.safetensors',
      new Map([
        ['c', [4]],
        ['d', []],
        ['e', [5]],
      ]),
    ],
  ] as const;
  for (const [name, tensors] of weights) writeFileSync(join(folder, name), encodeFloats(tensors));
  const other = Checkpoint.fromTensors({
    a: { data: new Float32Array([1, 2]), shape: [2] },
    new: { data: new Float32Array(1), shape: [1] },
  });
  const { columns, old, new: fresh } = await compare(folder, other);
  t.deepEqual(columns.names, ['a', 'b', 'c', 'd', 'e', 'new']);
  const { file, offset } = columns.old;
  t.deepEqual([...(file ?? [])], [0, 0, 1, 1, 1, Number.NaN]);
  t.deepEqual(
    old.files.map(({ path }) => path),
    weights.map(([name]) => name),
  );
  const numbers = [0, 1, 2, 4].map((row) => readFloat(join(folder, old.files[file?.[row] ?? 0]?.path ?? ''), offset?.[row] ?? 0));
  t.deepEqual(numbers, [1, 3, 4, 5]);
  t.deepEqual(
    [fresh.files, ...(columns.new.file ?? []), ...(columns.new.offset ?? [])],
    [[], ...Array<number>(12).fill(Number.NaN)],
  );
});

test('what is compressed, encoded or sparse has a file and no offset', async (t) => {
  const places = async (name: string): Promise<Place[]> => listPlaces(await loadCheckpoint(fixture(name)));
  for (const name of [
    'numpy/savez_compressed.npz',
    'torch/rezip_deflated.pt',
    'torch/pickle_numpy_proto0.pkl',
    'torch/sparse_coo.pt',
  ]) {
    const found = await places(name);
    t.true(
      found.some(({ path }) => path === fixture(name)),
      name,
    );
    t.deepEqual(
      found.filter(({ offset }) => offset !== null),
      [],
      name,
    );
  }
  for (const name of ['numpy/savez.npz', 'torch/basic.pt', 'torch/rezip_stored.pt', 'torch/legacy.pt', 'numpy/structured.npy']) {
    const found = await places(name);
    t.true(found.length > 0, name);
    t.deepEqual(
      found.filter(({ name: own, path, offset }) => path !== fixture(name) || (offset === null) !== (own === 'empty')),
      [],
      name,
    );
  }
});

test('views and fields begin where their first element lies', async (t) => {
  const views = await listPlaces(await loadCheckpoint(fixture('torch/views.pt')));
  t.true(new Set(views.map(({ offset }) => offset)).size > 1);
  const fields = await listPlaces(await loadCheckpoint(fixture('numpy/structured_nested.npy')));
  t.deepEqual(
    fields.map(({ name }) => name),
    ['weights.a', 'weights.in.x', 'weights.in.y'],
  );
  const [first = 0, ...others] = fields.map(({ offset }) => offset ?? 0);
  t.deepEqual(
    others.map((offset) => offset - first),
    [4, 8],
  );
});

test('a report keeps the places, and one of before is read without them', async (t) => {
  const path = writeTemporary(
    encodeFloats(
      new Map([
        ['a', [1]],
        ['b', [2]],
      ]),
    ),
  );
  const comparison = await compare(path, path);
  const json = renderReport(comparison, { format: 'json' });
  const { columns } = parseReport(json);
  t.deepEqual([columns.old.file, columns.new.offset], [comparison.columns.old.file, comparison.columns.new.offset]);
  t.is(renderReport(parseReport(json), { format: 'json' }), json);

  const before = JSON.parse(json) as { columns: Record<'old' | 'new', Record<string, unknown>> };
  for (const side of ['old', 'new'] as const) {
    Reflect.deleteProperty(before.columns[side], 'file');
    Reflect.deleteProperty(before.columns[side], 'offset');
  }
  const read = parseReport(JSON.stringify(before));
  t.deepEqual([read.columns.old.file, read.columns.old.offset], [undefined, undefined]);
  t.deepEqual(JSON.parse(renderReport(read, { format: 'json' })), before);
});

test('a filtered comparison tells of no files', async (t) => {
  const path = writeTemporary(
    encodeFloats(
      new Map([
        ['a', [1]],
        ['b', [2]],
      ]),
    ),
  );
  const { columns, old } = (await compare(path, path)).filter('a');
  t.deepEqual([columns.old.file, columns.old.offset, old.files], [undefined, undefined, []]);
});
