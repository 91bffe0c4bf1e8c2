import test from 'ava';
import { Checkpoint, compare as compareAll, ModelDiff } from 'model-diff';
import type { CompareOptions, DiffConfig, DiffSummary } from 'model-diff';
import { matchNames } from '../src/names/match.ts';

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

const everything = { selects: () => true, rules: [] };
const match = (old: readonly string[], newer: readonly string[]): ReturnType<typeof matchNames> =>
  matchNames(old, newer, { old: everything, new: everything, autoPrefix: true });

test('any prefix that all names of one side share and the other side lacks is taken off', async (t) => {
  const plain = ['a.weight', 'a.bias', 'b.weight'];
  for (const prefix of ['net.', 'student.backbone.', 'x.y.z.', 'module.student.', 'model.visual_encoder.']) {
    const long = plain.map((name) => prefix + name);
    const { changes } = match(long, plain);
    t.deepEqual(changes, [{ side: 'old', kind: 'prefix', rule: prefix, tensors: 3 }], prefix);
    t.deepEqual(match(plain, long).changes, [{ side: 'new', kind: 'prefix', rule: prefix, tensors: 3 }]);
    t.deepEqual(common(await compare(plain, long)), [3, 0, 0], prefix);
  }
  t.deepEqual(
    match(['net.a', 'net.b', 'net.c'], ['a', 'b', 'd']).changes.map(({ rule }) => rule),
    ['net.'],
    'most of them match',
  );
  t.deepEqual(common(await compare(['net.module.a', 'net.module.b'], ['a', 'b'])), [2, 0, 0]);
  const wrapped = await compare(['net.layers.0._fsdp_wrapped_module.w', 'net.x'], ['layers.0.w', 'x']);
  t.deepEqual(
    [common(wrapped), wrapped.nameChanges?.map(({ rule }) => rule)],
    [
      [2, 0, 0],
      ['net.', '_fsdp_wrapped_module.'],
    ],
  );
});

test('a prefix stays on where it is not plain that it is one', (t) => {
  const stays = (old: readonly string[], newer: readonly string[], why: string): void => {
    t.deepEqual(match(old, newer).changes, [], why);
    t.deepEqual(match(newer, old).changes, [], why);
  };
  stays(['net.a', 'b'], ['a', 'b'], 'one name does without it');
  stays(['net.a', 'net.b'], ['net.a', 'a'], 'the other side has it too');
  stays(['net.a', 'net.b'], ['c', 'd'], 'nothing matches without it');
  stays(['unet.conv_in', 'unet.a', 'unet.b', 'unet.c'], ['conv_in', 'd', 'e', 'f'], 'less than half match: another model');
  stays(['x.y.a', 'x.y.b'], ['y.a', 'b'], 'two prefixes do equally well');
  stays(['encoder.a', 'encoder.b'], ['decoder.a', 'decoder.b'], 'both sides have one');
  stays(['net.a', 'net.'], ['a', ''], 'a name would be empty');
});

test('hostile names neither crash nor stall the matching', (t) => {
  const begin = performance.now();
  for (const names of [
    ['.'.repeat(100_000), `${'.'.repeat(99_999)}a`],
    ['a.'.repeat(50_000), 'a.'.repeat(40_000)],
    ['', '.'],
    ['__proto__.a', '__proto__.b'],
    ['\ud800.a', '\ud800.b'],
    Array.from({ length: 2000 }, (_, at) => `${'module.'.repeat(200)}${at}`),
  ]) {
    for (const other of [['a', 'b'], [], names.map((name) => name.slice(2)), names.map((name) => `x.${name}`)]) {
      const matched = match(names, other);
      t.is(matched.old.names.length, names.length);
      t.is(matched.new.names.length, other.length);
      t.is(match(other, names).old.names.length, other.length);
    }
  }
  t.true(performance.now() - begin < 5000);
});

test('100,000 names are matched in less than 0.3 s, whatever is taken off', (t) => {
  const plain = Array.from({ length: 100_000 }, (_, at) => `layers.${at >> 3}.mlp.experts.${at & 7}.weight`);
  const measure = (old: readonly string[], newer: readonly string[]): number => {
    // Time of the processor: tests that run beside this one do not count.
    const times = Array.from({ length: 5 }, () => {
      const begin = process.cpuUsage();
      match(old, newer);
      return process.cpuUsage(begin).user / 1000;
    });
    return Math.min(...times);
  };
  for (const [title, names] of [
    ['the same', plain],
    ['a wrapper', plain.map((name) => `module.${name}`)],
    ['any prefix', plain.map((name) => `student.backbone.${name}`)],
    ['nothing in common', plain.map((name) => `a.b.c.${name}.d`)],
  ] as const) {
    const best = measure(names, plain);
    t.log(`${title}: ${best.toFixed(0)} ms`);
    t.true(best < 300, title);
  }
});

test('options of one side', async (t) => {
  const both = make(['ema.a', 'ema.b', 'model.a', 'model.b', 'step']);
  const options: CompareOptions = {
    old: { include: ['ema.*'], stripPrefix: ['ema.'] },
    new: { include: ['model.*'], rename: [String.raw`^model\.=>`] },
  };
  const { summary, old, columns } = await compareAll(both, both, options);
  t.deepEqual([summary.comparedTensors, summary.addedTensors, summary.removedTensors], [2, 0, 0]);
  t.deepEqual(columns.names, ['a', 'b']);
  t.deepEqual(
    summary.nameChanges?.map(({ side, kind, tensors }) => [side, kind, tensors]),
    [
      ['old', 'strip', 2],
      ['new', 'rename', 2],
    ],
  );
  t.deepEqual(old.findings, []);
  const none = await t.throwsAsync(compareAll(both, both, { old: { include: ['zzz*'] } }), {
    message: 'old.include leaves no tensor of the old checkpoint',
  });
  t.is((none as { option?: string } | undefined)?.option, 'old.include');
});

test('a rule that changes no name is told', async (t) => {
  const [old, next] = [make(['net.a', 'b']), make(['a', 'b'])];
  const tell = async (options: CompareOptions): Promise<string[]> => {
    const { old: before, new: after } = await compareAll(old, next, options);
    return [...before.findings, ...after.findings].map(({ code, severity, message }) => `${severity} ${code}: ${message}`);
  };
  t.deepEqual(await tell({ stripPrefix: ['net.'], rename: ['b=>c'] }), []);
  t.deepEqual(await tell({ stripPrefix: ['nett.'] }), ['warning UnusedRule: no name of either checkpoint begins with "nett."']);
  t.deepEqual(await tell({ rename: ['x=>y'] }), ['warning UnusedRule: no name of either checkpoint is changed by "x=>y"']);
  t.deepEqual(await tell({ old: { stripPrefix: ['net.'] }, new: { stripPrefix: ['net.'] } }), [
    'warning UnusedRule: no name of the new checkpoint begins with "net."',
  ]);
});
