import test from 'ava';
import { Checkpoint, ModelDiff } from 'model-diff';
import type { DiffConfig, DiffSummary } from 'model-diff';

function make(names: readonly string[]): Checkpoint {
  return Checkpoint.fromTensors(new Map(names.map((name, at) => [name, { data: new Float32Array([at]), shape: [1] }])));
}

async function compare(old: readonly string[], newer: readonly string[], config: DiffConfig = {}): Promise<DiffSummary> {
  return (await new ModelDiff(config).diff(make(old), make(newer))).summary;
}

const common = ({ addedParameters, removedParameters, identicalParameters }: DiffSummary): number[] => [
  identicalParameters,
  addedParameters,
  removedParameters,
];

test('prefixes of wrappers are taken off by themselves, and said', async (t) => {
  const plain = ['a.weight', 'b.weight'];
  for (const prefix of ['module.', '_orig_mod.', 'base_model.model.', 'model.', 'transformer.']) {
    const wrapped = plain.map((name) => prefix + name);
    const summary = await compare(plain, wrapped);
    t.deepEqual(common(summary), [2, 0, 0], prefix);
    t.deepEqual(summary.nameChanges, [{ side: 'new', kind: 'prefix', rule: prefix, tensors: 2 }]);
    t.deepEqual(common(await compare(wrapped, plain)), [2, 0, 0]);
    t.deepEqual(summary.tensors?.names, plain);
  }
});

test('wrappers in wrappers, and inside of names', async (t) => {
  const nested = await compare(['layers.0.weight', 'x'], ['module._orig_mod.layers.0.weight', 'module._orig_mod.x']);
  t.deepEqual(common(nested), [2, 0, 0]);
  t.deepEqual(
    nested.nameChanges?.map(({ rule }) => rule),
    ['module.', '_orig_mod.'],
  );
  const inside = await compare(
    ['layers.0.mlp.weight', 'x'],
    ['_fsdp_wrapped_module.layers.0._fsdp_wrapped_module.mlp._checkpoint_wrapped_module.weight', 'x'],
  );
  t.deepEqual(common(inside), [2, 0, 0]);
});

test('what both sides have, or helps nothing, stays on', async (t) => {
  const shared = await compare(['model.a', 'lm_head'], ['model.a', 'model.lm_head']);
  t.deepEqual([common(shared), shared.nameChanges], [[1, 1, 1], undefined]);
  const useless = await compare(['a'], ['module.b']);
  t.deepEqual([common(useless), useless.nameChanges], [[0, 1, 1], undefined]);
  const off = await compare(['a'], ['module.a'], { autoPrefix: false });
  t.deepEqual([common(off), off.nameChanges], [[0, 1, 1], undefined]);
  t.deepEqual((await compare(['model.a', 'b'], ['a', 'b'])).nameChanges?.length, 1);
});

test('a prefix whose loss would make two names one stays on', async (t) => {
  t.deepEqual(common(await compare(['a', 'b', 'c'], ['module.a', 'a', 'module.b'])), [0, 2, 2]);
});

test('rename and stripPrefix', async (t) => {
  const renamed = await compare(['net.0.w', 'net.1.w'], ['blocks.0.weight', 'blocks.1.weight'], {
    rename: [String.raw`^net\.(\d+)=>blocks.$1`, 'w$=>weight'],
  });
  t.deepEqual(common(renamed), [2, 0, 0]);
  t.deepEqual(
    renamed.nameChanges?.map(({ side, kind, tensors }) => [side, kind, tensors]),
    [
      ['old', 'rename', 2],
      ['old', 'rename', 2],
    ],
  );
  const stripped = await compare(['net.a', 'net.b'], ['a', 'b'], { stripPrefix: ['net.'], include: ['a'] });
  t.deepEqual(common(stripped), [1, 0, 0]);
  const long = `x${'a'.repeat(5000)}`;
  t.deepEqual(common(await compare([long], [long.slice(1)], { rename: ['^x=>'] })), [0, 1, 1]);
});

test('rules that make no sense', async (t) => {
  for (const rule of ['no arrow', '=>x', '(=>x']) t.throws(() => new ModelDiff({ rename: [rule] }), { message: /rule/u });
  await t.throwsAsync(compare(['a.x', 'b.x'], ['c'], { rename: ['^.=>z'] }), {
    message: /two tensors of the old checkpoint are called z\.x/u,
  });
});
