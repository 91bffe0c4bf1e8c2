/** A manifest pairs with a checkpoint of another form as the checkpoint that it was made of does. */
import { join } from 'node:path';
import test from 'ava';
import { analyze, Checkpoint, compare, type Comparison, hashCheckpoint, type TensorData } from 'model-diff';

const models = join(import.meta.dirname, 'fixtures/gguf/models');

/** Tensors on both sides, by name. */
const pairs = ({ columns: { names, old, new: fresh } }: Comparison): string[] =>
  names.filter((_, row) => old.dtype[row] !== '' && fresh.dtype[row] !== '');
const codes = ({ old, new: fresh }: Comparison): string[] => [...old.findings, ...fresh.findings].map(({ code }) => code);

/** What hashes cannot undo, where the GGUF file is the manifest and where it is the checkpoint, and tensors that are the same. */
const GGUF: readonly (readonly [
  file: string,
  model: string,
  lost: readonly [manifest: RegExp, checkpoint: RegExp],
  same: readonly [manifest: number, checkpoint: number],
])[] = [
  ['llama-F16.gguf', 'llama', [/^$/, /^$/], [0, 0]],
  ['llama-Q4_K.gguf', 'llama', [/^$/, /^$/], [0, 0]],
  ['gpt2-Q8_0.gguf', 'gpt2', [/^$/, /^$/], [18, 18]],
  ['mamba-F32.gguf', 'mamba', [/^$/, /^$/], [20, 20]],
  // The converter adds 1 to norms, which can be done to a checkpoint and not to a hash.
  ['gemma2-Q8_0.gguf', 'gemma2', [/^$/, /norm\.weight$/], [9, 0]],
  // Hashes of all experts together.
  ['mixtral-Q8_0.gguf', 'mixtral', [/\.experts\.\d/, /^$/], [0, 0]],
];
for (const [file, model, lost, same] of GGUF) {
  test(`${file} and the model that it was made from`, async (t) => {
    const [gguf, other] = [join(models, file), join(models, `${model}.safetensors`)];
    const byValue = await compare(other, gguf, { probes: false });
    for (const [at, [manifest, checkpoint]] of [[gguf, other] as const, [other, gguf] as const].entries()) {
      const comparison = await compare(await hashCheckpoint(manifest), checkpoint);
      const isLost = (name: string): boolean => lost[at]?.test(name) === true;
      t.deepEqual(
        pairs(comparison),
        pairs(byValue).filter((name) => !isLost(name)),
      );
      for (const name of pairs(comparison)) {
        const [found, known] = [comparison.row(name), byValue.row(name)];
        t.is(found?.identical, known?.bitChanged === 0 && !known.dtypeChanged, name);
        const [least, size] = [found?.l2DiffMin ?? 0, known?.l2Diff ?? 0];
        t.true(least <= size, `${name}: ${least} ${size}`);
      }
      t.is(comparison.columns.identical.filter((one) => one === 1).length, same[at] ?? 0);
      const missing = pairs(byValue).filter(isLost);
      t.is(codes(comparison).includes('GgufNotUndone'), missing.length > 0 || codes(byValue).includes('GgufNotUndone'));
      const [change] = comparison.summary.nameChanges ?? [];
      t.like(change, { side: at === 0 ? 'old' : 'new', kind: 'gguf' });
    }
  });
}

const tensor = (shape: readonly number[], start: number): TensorData => ({
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) => start + at),
  shape,
});

test('a fused tensor is hashed in the parts that a manifest has', async (t) => {
  const at = 'model.layers.0.self_attn.';
  const parts = await hashCheckpoint(
    Checkpoint.fromTensors({
      [`${at}q_proj.weight`]: tensor([4, 3], 0),
      [`${at}k_proj.weight`]: tensor([2, 3], 12),
      [`${at}v_proj.weight`]: tensor([2, 3], 18),
    }),
  );
  const fused = (start: number): Checkpoint => Checkpoint.fromTensors({ [`${at}qkv_proj.weight`]: tensor([8, 3], start) });
  for (const comparison of [await compare(parts, fused(0)), await compare(fused(0), parts)])
    t.is(analyze(comparison).summary.verdict, 'Identical: all 3 tensors are equal in every value.');
  const changed = await compare(parts, fused(1));
  t.deepEqual(pairs(changed).length, 3);
  t.is(changed.summary.modifiedTensors, 3);
  t.like(changed.summary.nameChanges?.[0], { side: 'new', kind: 'split', tensors: 1 });
});
