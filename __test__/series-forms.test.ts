/** Checkpoints of one run in several forms: prefixes of wrappers, fused and transposed tensors, GGUF files. */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Checkpoint, compareSeries, createSeries, type SeriesResult, type TensorData } from 'model-diff';
import { explainSeries } from '../src/series/details.ts';

type Model = Readonly<Record<string, TensorData>>;

let state = 7;
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;

function weights(...shape: number[]): TensorData {
  return { data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, random), shape };
}

const START: Model = {
  'model.embed_tokens.weight': weights(24, 16),
  'model.layers.0.self_attn.q_proj.weight': weights(16, 16),
  'model.layers.0.self_attn.k_proj.weight': weights(8, 16),
  'model.layers.0.self_attn.v_proj.weight': weights(8, 16),
  'model.layers.0.mlp.down_proj.weight': weights(16, 32),
  'model.norm.weight': weights(16),
};

/** A step of about 2%. */
function train(model: Model): Model {
  const change = ([name, { data, shape }]: readonly [string, TensorData]): [string, TensorData] => [
    name,
    { data: (data as Float32Array).map((value) => value + random() / 50), shape },
  ];
  return Object.fromEntries(Object.entries(model).map(change));
}

const renamed = (model: Model, change: (name: string) => string): Model =>
  Object.fromEntries(Object.entries(model).map(([name, tensor]) => [change(name), tensor]));

function fuse(model: Model): Model {
  const at = 'model.layers.0.self_attn.';
  const parts = ['q', 'k', 'v'].map((part) => model[`${at}${part}_proj.weight`]?.data as Float32Array);
  const rest = Object.entries(model).filter(([name]) => !/[qkv]_proj/u.test(name));
  const data = Float32Array.from(parts.flatMap((part) => [...part]));
  return { ...Object.fromEntries(rest), [`${at}qkv_proj.weight`]: { data, shape: [32, 16] } };
}

function turn(model: Model): Model {
  const change = ([name, { data, shape }]: readonly [string, TensorData]): [string, TensorData] => {
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || name.includes('embed')) return [name, { data, shape }];
    const values = data as Float32Array;
    const turned = values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
    return [name, { data: turned, shape: [columns, rows] }];
  };
  return Object.fromEntries(Object.entries(model).map(change));
}

async function follow(models: readonly Model[], autoPrefix = true): Promise<SeriesResult> {
  const checkpoints = models.map((model) => Checkpoint.fromTensors(model));
  try {
    return await compareSeries(checkpoints, { autoPrefix, precision: 'double' });
  } finally {
    for (const checkpoint of checkpoints) checkpoint.close();
  }
}

const FIRST = train(START);
const STATES = [START, FIRST, train(FIRST)];
const FORMS: Readonly<Record<string, (model: Model) => Model>> = {
  plain: (model) => model,
  wrapped: (model) => renamed(model, (name) => `module._orig_mod.${name}`),
  inside: (model) => renamed(model, (name) => name.replace('.self_attn.', '.self_attn._fsdp_wrapped_module.')),
  fused: fuse,
  'fused and wrapped': (model) => renamed(fuse(model), (name) => `module.${name}`),
  transposed: turn,
};

test('whatever form each checkpoint is in, the numbers are those of one form', async (t) => {
  const expected = await follow(STATES);
  t.true((expected.steps[1]?.relativeStep ?? 0) > 0.01);
  const bare = (name: string): string => name.replace(/^(?:module\.|_orig_mod\.)*/u, '').replace('_fsdp_wrapped_module.', '');
  for (const first of Object.keys(FORMS)) {
    for (const second of Object.keys(FORMS)) {
      for (const third of Object.keys(FORMS)) {
        // The first two settle the form: one that is finer than both cannot be reached by the third.
        if (first.startsWith('fused') && second.startsWith('fused') && !third.startsWith('fused')) continue;
        const given = [first, second, third].map((form, at) => FORMS[form]?.(STATES[at] ?? {}) ?? {});
        const series = await follow(given);
        const what = `${first}, ${second}, ${third}`;
        const isFused = first.startsWith('fused') && second.startsWith('fused');
        t.is(series.tensors.names.length, isFused ? 4 : 6, what);
        if (!isFused) t.deepEqual(series.tensors.names.map(bare), expected.tensors.names, what);
        for (const [at, step] of series.steps.entries()) {
          const { relativeStep, relativeDistance, stepCosine, comparedTensors } = expected.steps[at] ?? {};
          const near = (a: number | null, b: number | null | undefined): boolean =>
            t.true(a === b || Math.abs((a ?? Number.NaN) - (b ?? Number.NaN)) < 1e-9, `${what}: ${a} is not ${b}`);
          near(step.relativeStep, relativeStep);
          near(step.relativeDistance, relativeDistance);
          near(step.stepCosine, stepCosine);
          t.is(step.comparedTensors, isFused ? 4 : (comparedTensors ?? 0), what);
          t.is(step.addedTensors + step.removedTensors + step.reshapedTensors, 0, what);
        }
      }
    }
  }
});

test('what was done is told of the checkpoint that it was done to', async (t) => {
  const [first = {}, second = {}, third = {}] = STATES;
  const series = await follow([fuse(first), renamed(second, (name) => `module.${name}`), turn(third)]);
  t.deepEqual(
    series.checkpoints.map(({ nameChanges }) => nameChanges),
    [
      [{ kind: 'split', rule: 'qkv_proj into q_proj, k_proj and v_proj', tensors: 1 }],
      [{ kind: 'prefix', rule: 'module.', tensors: 6 }],
      [{ kind: 'transpose', rule: 'rows are columns', tensors: 4 }],
    ],
  );
  t.regex(
    explainSeries(series),
    / 1 tensor taken apart: qkv_proj into q_proj, k_proj and v_proj in checkpoint 1\. 6 names read without the prefix module\. in checkpoint 2\. 4 tensors transposed: rows are columns in checkpoint 3\.$/u,
  );
  // The first two have a prefix for good that the third is given.
  const wrapped = (model: Model): Model => renamed(model, (name) => `student.${name}`);
  const given = await follow([wrapped(first), wrapped(second), third]);
  t.deepEqual(given.checkpoints[2]?.nameChanges, [
    { kind: 'rename', rule: 'model.embed_tokens.weight=>student.model.embed_tokens.weight', tensors: 6 },
  ]);
  t.is(given.steps[1]?.comparedTensors, 6);
});

test('what can be followed only in part is told first', async (t) => {
  const [first = {}, second = {}, third = {}] = STATES;
  const other = (model: Model): Model =>
    renamed(model, (name) => (name.includes('norm') || name.includes('v_proj') ? name : `other.${name.replaceAll('.', '_')}`));
  const series = await follow([first, second, other(third)]);
  t.regex(
    series.verdict,
    /^Only 10% of the elements could be followed to step 2 \(checkpoint 3\): names or shapes differ; steady: /u,
  );
  const none = await follow([first, second, renamed(third, (name) => `other.${name.replaceAll('.', '_')}`)], false);
  t.is(none.verdict, 'Nothing in common: no tensor is in every checkpoint with one shape.');
  const equal = await follow([first, first, { ...first, 'model.more.weight': weights(4) }]);
  t.is(equal.verdict, 'No change in what all 3 checkpoints have; other tensors come or go.');
});

test('a checkpoint that cannot be brought into form leaves the series as it was', async (t) => {
  const [first = {}, second = {}, third = {}] = STATES;
  const series = createSeries({ rename: ['[qk]_proj=>one'] });
  // The rule makes one name of two.
  await t.throwsAsync(series.add(first), { message: /after rename .* two tensors/u });
  series.close();
  const good = createSeries();
  await good.add(fuse(first));
  const aborted = AbortSignal.abort(new Error('no more'));
  const stopped = createSeries({ signal: aborted });
  await t.throwsAsync(stopped.add(first), { message: 'no more' });
  await t.throwsAsync(good.add('nowhere.safetensors'));
  await good.add(second);
  await good.add(turn(third));
  t.is(good.result().steps[1]?.comparedTensors, 6);
  good.close();
});

const model = (name: string): string => fileURLToPath(new URL(`fixtures/gguf/models/${name}`, import.meta.url));

for (const name of ['llama', 'gemma2', 'gpt2', 'mixtral']) {
  test(`the ${name} of Hugging Face and its GGUF file, in either order`, async (t) => {
    const [plain, gguf] = [model(`${name}.safetensors`), model(`${name}-Q8_0.gguf`)];
    for (const paths of [
      [plain, gguf, plain, gguf],
      [gguf, plain, gguf, plain],
    ]) {
      const series = await compareSeries(paths, { precision: 'double' });
      const names = series.tensors.names;
      t.false(names.some((one) => one.startsWith('blk.')));
      for (const step of series.steps) {
        t.is(step.comparedTensors, names.length);
        t.true((step.relativeStep ?? 1) < 0.01, 'rounding to eight bits, and nothing else');
      }
      t.true((series.steps[1]?.relativeDistance ?? 1) < 1e-9, 'back at the start');
      // Norms are stored as they are; in Gemma's 1 was added to them, and is taken off.
      const norms = [...names.entries()].filter(([, one]) => /norm|ln_/u.test(one)).map(([row]) => row);
      t.true(norms.length > 0);
      for (const row of norms) t.true((series.tensors.stepSize[row * series.steps.length] ?? 1) < 1e-6, names[row]);
      const changed = paths.map((path) => (path.endsWith('.gguf') ? 1 : 0));
      t.deepEqual(
        series.checkpoints.map(({ nameChanges }) => nameChanges.filter(({ kind }) => kind === 'gguf').length),
        changed,
      );
    }
  });
}
