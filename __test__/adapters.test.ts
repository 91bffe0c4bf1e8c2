import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  analyze,
  compare,
  compareSeries,
  createSeries,
  hashCheckpoint,
  loadCheckpoint,
  type Manifest,
  ModelDiffError,
} from 'model-diff';
import { makeFolder, ROOT, run } from './cli/cli.ts';
import { writeSafetensors } from './cli/safetensors.ts';

const ADAPTERS = join(ROOT, '__test__', 'fixtures', 'adapters');
const at = (name: string): string => join(ADAPTERS, name);

const folder = makeFolder();
test.after.always(folder.remove);

/** The first line of a comparison of fixtures. */
async function firstLine(old: string, next: string, options: Parameters<typeof compare>[2] = {}): Promise<string> {
  return analyze(await compare(at(old), at(next), options)).summary.verdict;
}

test('a base with its adapter is what peft merges, bit for bit', async (t) => {
  for (const [name, base] of [
    ['plain', 'f32'],
    ['patterns', 'f32'],
    ['parameters', 'f32'],
    ['plain-bf16', 'bf16'],
    ['embedding-bf16', 'bf16'],
    ['plain-f16', 'f16'],
  ] as const) {
    const merged = await compare(at(`base/${base}`), at(`${name}/merged.safetensors`), {
      old: { adapter: at(`${name}/adapter`) },
    });
    t.like(merged.summary, { identicalTensors: 16, comparedTensors: 16 }, name);
    t.is((await compare(at(`base/${base}`), at(`${name}/merged.safetensors`))).summary.identicalTensors < 16, true);
  }
});

test('a manifest and a list of a base with its adapter are those of what peft merges', async (t) => {
  const [base, adapter, merged] = [at('base/f32'), at('plain/adapter'), at('plain/merged.safetensors')];
  const { hash, tensors } = await hashCheckpoint(merged);
  t.is((await hashCheckpoint(base, { adapter })).hash, hash);
  t.not((await hashCheckpoint(base)).hash, hash);
  const told = await run(['hash', base, '--adapter', adapter]);
  t.is((JSON.parse(told.stdout) as Manifest).hash, hash);
  const listed = await run(['inspect', base, '--adapter', adapter, '--stats', '--json']);
  t.is(listed.code, 0);
  const { layers } = JSON.parse(listed.stdout) as { layers: Record<string, { mean: number }> };
  t.deepEqual(
    Object.fromEntries(Object.entries(layers).map(([name, { mean }]) => [name, mean])),
    Object.fromEntries(tensors.map(({ name, mean }) => [name, mean])),
  );
});

test('a series over adapters with their base is that over what peft merges', async (t) => {
  const base = at('base/f32');
  const [steps, adapters] = [
    ['plain', 'patterns', 'rslora'],
    ['plain/adapter', 'patterns/adapter', 'rslora/adapter'],
  ];
  const ours = await compareSeries([base, ...adapters.map(at)], {}, { base });
  const theirs = await compareSeries([base, ...steps.map((name) => at(`${name}/merged.safetensors`))]);
  t.deepEqual(ours.steps, theirs.steps);
  t.deepEqual(
    ours.checkpoints.map(({ name }) => name),
    ['base/f32', 'plain/adapter', 'patterns/adapter', 'rslora/adapter'],
  );
  using growing = createSeries({ base: join(base, '..', 'f32') });
  for (const path of [base, ...adapters.map(at)]) await growing.add(path);
  t.deepEqual(growing.result().steps, ours.steps);
  // Without the base, steps between what the adapters do.
  const alone = await compareSeries(adapters.map(at));
  t.is(alone.steps.length, 2);
  const { code, stdout } = await run(['series', ...adapters.map(at), '--base', base, '--json']);
  t.is(code, 0);
  t.is((JSON.parse(stdout) as { checkpoints: { tensors: number }[] }).checkpoints[0]?.tensors, 16);
});

test('what only the order of a sum makes is told as rounding', async (t) => {
  t.regex(
    await firstLine('base/f32', 'dora/merged.safetensors', { old: { adapter: at('dora/adapter') } }),
    /are equal up to rounding \(0\.00000\d+%\)\. All else is bit-identical\.$/,
  );
});

test('one step of a type of 16 bits is told as rounding where an adapter was merged', async (t) => {
  const merged = at('plain-bf16/merged.safetensors');
  const bytes = readFileSync(merged);
  const header = Number(bytes.readBigUInt64LE());
  const { data_offsets: offsets } = (
    JSON.parse(bytes.toString('utf8', 8, 8 + header)) as Record<string, { data_offsets: number[] }>
  )['q_proj.weight'] ?? { data_offsets: [] };
  const place = 8 + header + (offsets[0] ?? 0);
  bytes.writeUInt16LE(bytes.readUInt16LE(place) ^ 1, place);
  const path = join(folder.path, 'one-step.safetensors');
  writeFileSync(path, bytes);
  const old = { adapter: at('plain-bf16/adapter') };
  const comparison = await compare(at('base/bf16'), path, { old });
  t.deepEqual(comparison.summary.mergedAdapters, ['old']);
  t.regex(
    analyze(comparison).summary.verdict,
    /^Same weights up to the rounding of the merge: 1 of [\d,]+ elements differs, by one step of bf16\. All else is bit-identical\./,
  );
  // Without a merge it is a change like any other, and so is a larger one.
  t.notRegex(analyze(await compare(merged, path)).summary.verdict, /rounding/);
  bytes.writeUInt16LE(bytes.readUInt16LE(place) ^ 0x40, place);
  writeFileSync(path, bytes);
  t.notRegex(analyze(await compare(at('base/bf16'), path, { old })).summary.verdict, /rounding/);
});

test('two adapters are compared by what they do', async (t) => {
  t.regex(await firstLine('plain/adapter', 'plain/rotated'), /^All tensors are equal up to rounding \(0\.00000\d+%\)\.$/);
  t.regex(await firstLine('plain/adapter', 'plain/alpha'), /^Every ΔW was scaled by 2\.00\. The configuration differs/);
  t.regex(await firstLine('plain/adapter', 'rslora/adapter'), /^No resemblance/);
});

test('an adapter beside whole weights is told as such', async (t) => {
  const base = at('base/f32');
  t.regex(await firstLine('plain/adapter', 'base/f32'), /^The old checkpoint is an adapter, and its ΔW are no whole weights/);
  const { code, stdout } = await run([base, base, '--adapter-new', at('plain/adapter'), '--exit-code']);
  t.is(code, 1);
  t.regex(stdout, /Only q_proj\.weight and k_proj changed, by 91%\. All else is bit-identical\./);
});

test('an adapter lists the changes of weights, and whole tensors as they are', async (t) => {
  using adapter = await loadCheckpoint(at('saved/adapter'));
  t.deepEqual(adapter.layerNames.toSorted(), ['head.bias', 'head.weight', 'q_proj.weight']);
  t.like(adapter.getInfo('q_proj.weight'), { dtype: 'lora_r4', shape: [16, 12] });
  using alone = await loadCheckpoint(join(at('saved/adapter'), 'adapter_model.safetensors'));
  t.deepEqual(alone.findings, []);
});

test('what of an adapter has no place in the base is an error that names it', async (t) => {
  const base = writeSafetensors(join(folder.path, 'base.safetensors'), [{ name: 'k_proj.weight', shape: [12, 16] }]);
  const error = await t.throwsAsync(compare(base, base, { new: { adapter: at('plain/adapter') } }), {
    instanceOf: ModelDiffError,
  });
  t.like(error, { kind: 'Argument', code: 'E_ARGUMENT', tensor: 'q_proj.weight' });
  const { code, stderr } = await run([base, base, '--adapter-new', at('plain/adapter')]);
  t.is(code, 2);
  t.regex(stderr, /adapter changes a tensor that the base does not have \(tensor q_proj\.weight/);
});

test('a kind of adapter that is not known is named, and so is a lost configuration', async (t) => {
  const other = join(folder.path, 'ia3');
  cpSync(at('plain/adapter'), other, { recursive: true });
  const file = join(other, 'adapter_config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, peft_type: 'IA3' }));
  await t.throwsAsync(loadCheckpoint(at('base/f32'), { adapter: other }), {
    message: /expected LORA, LOHA, LOKR or TRAINABLE_TOKENS, found IA3/,
  });
  // Factors that began as a part of the base are no change of it.
  writeFileSync(file, JSON.stringify({ ...config, init_lora_weights: 'pissa_niter_16' }));
  await t.throwsAsync(loadCheckpoint(at('base/f32'), { adapter: other }), { message: /found init_lora_weights: pissa_niter_16/ });
  using begun = await loadCheckpoint(other);
  t.deepEqual(
    begun.findings.map(({ code, severity }) => [code, severity]),
    [['AdapterNeedsBase', 'warning']],
  );
  const lost = join(folder.path, 'lost.safetensors');
  cpSync(join(at('plain/adapter'), 'adapter_model.safetensors'), lost);
  await t.throwsAsync(loadCheckpoint(at('base/f32'), { adapter: lost }), { message: /adapter_config\.json is missing/ });
  using alone = await loadCheckpoint(lost);
  t.deepEqual(
    alone.findings.map(({ code }) => code),
    ['AdapterScaleUnknown'],
  );
});
