/** Folders with more in them than the weights, against what the libraries that wrote them load: everything is read, or named. */
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ModelDiff, ModelDiffError, loadCheckpoint } from 'model-diff';
import type { Checkpoint } from 'model-diff';

import { makeFolder } from './helpers/safetensors.ts';

/** What `make.py` tells of one folder. */
interface Expected {
  readonly about: string;
  /** Absent where one process cannot load it. */
  readonly loaded?: Readonly<Record<string, readonly [shape: readonly number[], sum: number]>>;
  readonly left_out: Readonly<Record<string, string>>;
}

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));
const folder = join(fixtures, 'folders');
const folders = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Readonly<Record<string, Expected>>;
const codes = (checkpoint: Checkpoint): string[] => checkpoint.findings.map(({ code }) => code);

/** What is not yet told of a folder by the two lists: its findings. */
const FINDINGS: Readonly<Record<string, readonly string[]>> = {
  'stale-safetensors': ['WeightsNotRead'],
  'original-beside-shards': ['WeightsNotRead'],
  variant: ['WeightsNotRead'],
  'stray-shard': ['WeightsNotRead'],
  'two-adapters': ['WeightsNotRead'],
  'value-head': [],
  llava: [],
  'adapter-beside-model': [],
  'accelerate-two': ['TrainingStateSkipped'],
  'accelerate-two-pickled': ['TrainingStateSkipped'],
  'trainer-final': ['WeightsNotRead', 'TrainingStateSkipped', 'FinalWeightsChosen'],
  'trainer-checkpoint': ['TrainingStateSkipped', 'CheckpointChosen'],
  router: [],
  'router-shared': [],
  'bge-m3': [],
  'pipeline-beside': ['WeightsNotRead'],
  'shards-old-copy': ['DuplicateTensor'],
  'shards-exchanged': ['TensorInOtherShard'],
  'shards-spelled': [],
  'shards-tied-head': ['IndexedTensorMissing'],
  'ranks-whole': ['IndexMissing'],
};

type Loaded = NonNullable<Expected['loaded']>;

/** With the factors of an adapter as what is listed in their place: the change of a weight, in the shape that follows from theirs. */
function listChanges(loaded: Loaded, folderName: string): Loaded {
  // Beside its model an adapter is read as it is stored.
  if (folderName === 'adapter-beside-model') return loaded;
  const told = Object.entries(loaded).flatMap(([name, entry]): [string, Loaded[string]][] => {
    const plain = name.replace(/^base_model\.model\./u, '');
    if (name.endsWith('.lora_A.weight')) return [];
    const [rows = 0] = entry[0];
    const columns = loaded[name.replace('.lora_B.', '.lora_A.')]?.[0][1] ?? 0;
    return name.endsWith('.lora_B.weight') ? [[plain.replace('.lora_B.', '.'), [[rows, columns], Number.NaN]]] : [[plain, entry]];
  });
  return Object.fromEntries(told);
}

for (const [name, { about, loaded: stored, left_out: left }] of Object.entries(folders)) {
  if (stored === undefined) continue;
  const loaded = listChanges(stored, name);
  test(`${name} (${about}): what the library loads is read, the rest is named`, async (t) => {
    await using checkpoint = await loadCheckpoint(join(folder, name));
    t.deepEqual(checkpoint.layerNames.toSorted(), Object.keys(loaded).toSorted());
    await checkpoint.computeStats();
    for (const info of checkpoint.tensorInfo.values()) {
      const [shape, sum] = loaded[info.name] ?? [[], Number.NaN];
      t.deepEqual(info.shape, shape, info.name);
      if (info.dtype.startsWith('lora')) continue;
      const scale = info.numElements * (Math.abs(info.mean) + info.std);
      t.true(Math.abs(info.mean * info.numElements - sum) <= 1e-6 * scale + Number.EPSILON, info.name);
    }
    const files = checkpoint.leftOut.filter(({ kind }) => kind === 'file');
    t.deepEqual(Object.fromEntries(files.map((one) => [one.name, one.role])), left);
    for (const one of files) t.is(one.bytes, statSync(one.path).size, one.name);
    t.deepEqual(codes(checkpoint), FINDINGS[name] ?? ['?']);
  });
}

test('parts that are known to be one model are joined', async (t) => {
  for (const name of ['dcp', 'dcp-accelerate', 'fsdp-local', 'ranks-pieces']) {
    await using joined = await loadCheckpoint(join(folder, name));
    t.true(codes(joined).includes('DistributedJoined'), name);
    await joined.computeStats();
    for (const info of joined.tensorInfo.values()) t.true(Number.isFinite(info.mean), `${name} ${info.name}`);
  }
});

test('a part that is opened alone says so', async (t) => {
  for (const [file, message] of [
    ['fsdp-local/pytorch_model_fsdp_rank1.bin', /FSDP.*rank0\.bin/u],
    ['ranks-whole/shard-00001-model-00001-of-00002.safetensors', /one of 2 shards/u],
    ['original-beside-shards/model-00001-of-00004.safetensors', /model\.safetensors\.index\.json names 4 shards/u],
  ] as const) {
    const checkpoint = await loadCheckpoint(join(folder, file)).catch((error: unknown) => error as ModelDiffError);
    // Local parts of FSDP may hold nothing that is read.
    if (checkpoint instanceof ModelDiffError) t.not(checkpoint.code, 'E_INTERNAL', file);
    else t.regex(checkpoint.findings.find(({ code }) => code === 'PartOpenedAlone')?.message ?? '', message, file);
  }
  const whole = await loadCheckpoint(join(folder, 'stale-safetensors', 'model.safetensors'));
  t.deepEqual([codes(whole), whole.leftOut], [[], []]);
});

/** Every folder of the fixtures that opens as one checkpoint. */
function* everyFolder(): Generator<string> {
  for (const name of Object.keys(folders)) if (folders[name]?.loaded !== undefined) yield join(folder, name);
  for (const entry of readdirSync(join(fixtures, 'huggingface'), { withFileTypes: true }))
    if (entry.isDirectory()) for (const side of ['old', 'new']) yield join(entry.parentPath, entry.name, side);
}

/** Files that are no text. */
function binaries(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(
    (file) => statSync(join(path, file)).isFile() && !/\.(?:json|txt|md|jinja)$/u.test(file),
  );
}

test('the bytes of files that hold tensors are those that were read and those that are named', async (t) => {
  for (const path of everyFolder()) {
    await using checkpoint = await loadCheckpoint(path);
    const left = checkpoint.leftOut.filter(({ kind }) => kind === 'file');
    const counted = [...checkpoint.files, ...left].reduce((sum, { bytes }) => sum + bytes, 0);
    t.is(
      counted,
      binaries(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0),
      path,
    );
  }
});

/** Where data of a tensor, or any payload, begins. */
function dataOffset(bytes: Buffer): number {
  if (bytes.readUInt32LE(0) !== 0x04034b50) return bytes.length - 1;
  // The last record of torch's archives that has data.
  for (let at = bytes.length - 4; at >= 0; at--) {
    if (bytes.readUInt32LE(at) !== 0x04034b50) continue;
    const length = bytes.readUInt16LE(at + 26);
    const name = bytes.toString('latin1', at + 30, at + 30 + length);
    if (/\/data\/\d+$/u.test(name)) return at + 30 + length + bytes.readUInt16LE(at + 28);
  }
  return Math.floor(bytes.length / 2);
}

test('a change of any file is seen in a tensor, or the file is named', async (t) => {
  for (const path of everyFolder()) {
    const copy = join(makeFolder(), 'copy');
    cpSync(path, copy, { recursive: true });
    for (const file of binaries(copy)) {
      const bytes = readFileSync(join(copy, file));
      const changed = Buffer.from(bytes);
      const at = dataOffset(changed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(join(copy, file), changed);
      await using old = await loadCheckpoint(path);
      await using newer = await loadCheckpoint(copy);
      const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(old, newer);
      const isNamed = newer.leftOut.some((one) => one.path === join(copy, file) || one.path.endsWith(`/${file}`));
      t.true(diffs.some(({ identical }) => !identical) || isNamed, `${path}: ${file}`);
      writeFileSync(join(copy, file), bytes);
    }
  }
});
