/** Views: what torch has put in another form is the same again; what is refused, and how deep views may go. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  Checkpoint,
  compare,
  loadCheckpoint,
  ModelDiffError,
  type ReadOptions,
  renderReport,
  type TensorView,
  type ViewOperation,
} from 'model-diff';
import { openFiles } from './helpers/open-files.ts';

const FOLDER = join(import.meta.dirname, 'fixtures', 'views');
const APART = join(FOLDER, 'apart.safetensors');
const TOGETHER = join(FOLDER, 'together.pt');
const [HEADS, SIZE, WIDE, EXPERTS] = [4, 6, 20, 3];
const ROWS = HEADS * SIZE;

/** The tensors of `together` in the form that `apart` has them in. */
function takeApart(together: Checkpoint): Record<string, TensorView> {
  const view = (name: string, ...operations: ViewOperation[]): TensorView => together.view(name, operations);
  const rows = (name: string, start: number, end: number): TensorView => view(name, { slice: [[start, end], null] });
  const ofHeads = (at: number): TensorView =>
    view('neox.qkv.weight', { reshape: [HEADS, 3, SIZE, WIDE] }, { slice: [null, [at, at + 1]] }, { reshape: [ROWS, WIDE] });
  const expert = (at: number): [string, TensorView][] => [
    [`experts.${at}.down.weight`, view('experts.down', { slice: [[at, at + 1]] }, { reshape: [WIDE, 10] })],
    ...['gate', 'up'].map((name, half): [string, TensorView] => [
      `experts.${at}.${name}.weight`,
      view(
        'experts.gate_up',
        { slice: [[at, at + 1], null, [half * 10, half * 10 + 10]] },
        { permute: [0, 2, 1] },
        { reshape: [10, WIDE] },
      ),
    ]),
  ];
  return {
    'attn.q.weight': rows('attn.qkv.weight', 0, ROWS),
    'attn.k.weight': rows('attn.qkv.weight', ROWS, ROWS * 1.5),
    'attn.v.weight': rows('attn.qkv.weight', ROWS * 1.5, ROWS * 2),
    'neox.q.weight': ofHeads(0),
    'neox.k.weight': ofHeads(1),
    'neox.v.weight': ofHeads(2),
    'mlp.gate.weight': rows('mlp.gate_up.weight', 0, 10),
    'mlp.up.weight': rows('mlp.gate_up.weight', 10, 20),
    ...Object.fromEntries([0, 1, 2].flatMap(expert)),
    'c_attn.weight': view('c_attn.weight', { permute: [1, 0] }),
    'rotary.weight': view(
      'rotary.weight',
      { reshape: [HEADS, 2, SIZE / 2, WIDE] },
      { permute: [0, 2, 1, 3] },
      { reshape: [ROWS, WIDE] },
    ),
    'norm.weight': view('norm.weight', { add: 1 }),
    'sign.weight': view('sign.weight', { negate: true }),
  };
}

/** The tensors of `apart` in the form that `together` has them in. */
function putTogether(apart: Checkpoint): Record<string, TensorView> {
  const view = (name: string, ...operations: ViewOperation[]): TensorView => apart.view(name, operations);
  const join = (axis: number, [first = '', ...names]: readonly string[], ...operations: ViewOperation[]): TensorView =>
    view(first, ...operations, { concat: names.map((name) => view(name, ...operations)), axis });
  const experts = Array.from({ length: EXPERTS }, (_, at) => at);
  const gateUp = (at: number): ViewOperation[] => [
    { concat: [view(`experts.${at}.up.weight`)], axis: 0 },
    { permute: [1, 0] },
    { reshape: [1, WIDE, 20] },
  ];
  const qkv = (of: string): string[] => ['q', 'k', 'v'].map((name) => `${of}.${name}.weight`);
  return {
    'attn.qkv.weight': join(0, qkv('attn')),
    'neox.qkv.weight': apart.view('neox.q.weight', [
      { reshape: [HEADS, 1, SIZE, WIDE] },
      { concat: ['k', 'v'].map((name) => view(`neox.${name}.weight`, { reshape: [HEADS, 1, SIZE, WIDE] })), axis: 1 },
      { reshape: [3 * ROWS, WIDE] },
    ]),
    'mlp.gate_up.weight': join(0, ['mlp.gate.weight', 'mlp.up.weight']),
    'experts.down': join(
      0,
      experts.map((at) => `experts.${at}.down.weight`),
      { reshape: [1, WIDE, 10] },
    ),
    'experts.gate_up': view('experts.0.gate.weight', ...gateUp(0), {
      concat: experts.slice(1).map((at) => view(`experts.${at}.gate.weight`, ...gateUp(at))),
      axis: 0,
    }),
    'c_attn.weight': view('c_attn.weight', { permute: [1, 0] }),
    'rotary.weight': view(
      'rotary.weight',
      { reshape: [HEADS, SIZE / 2, 2, WIDE] },
      { permute: [0, 2, 1, 3] },
      { reshape: [ROWS, WIDE] },
    ),
    'sign.weight': view('sign.weight', { negate: true }),
  };
}

/** Every stored tensor that is no view's. */
const rest = (checkpoint: Checkpoint, kept: readonly string[] = []): string[] =>
  checkpoint.layerNames.filter((name) => !kept.includes(name));

test('what is fused, stacked, transposed or permuted is the same taken apart', async (t) => {
  const [apart, together] = [await loadCheckpoint(APART), await loadCheckpoint(TOGETHER)];
  const viewed = together.withViews(takeApart(together), { without: rest(together) });
  for (const [old, newer] of [
    [apart, viewed],
    [viewed, apart],
  ] as const) {
    for (const threads of [1, 2]) {
      const { summary, columns } = await compare(old, newer, { threads });
      t.deepEqual([...columns.names], apart.layerNames.toSorted());
      t.deepEqual([...columns.errors], []);
      t.is(summary.identicalParameters, apart.layerNames.length);
    }
  }
  t.is(viewed.numParameters, apart.numParameters);
});

test('and the other way round', async (t) => {
  const [apart, together] = [await loadCheckpoint(APART), await loadCheckpoint(TOGETHER)];
  const viewed = apart.withViews(new Map(Object.entries(putTogether(apart))), { without: rest(apart, ['norm.weight']) });
  const { summary, columns } = await compare(viewed, together);
  t.deepEqual([...columns.names], together.layerNames.toSorted());
  t.is(summary.identicalParameters, together.layerNames.length - 1);
  const norm = columns.names.indexOf('norm.weight');
  t.is(columns.identical[norm], 0, 'the norm is stored as a distance from one');
  t.true(Math.abs((columns.meanDiff[norm] ?? 0) + 1) < 1e-6);
});

test('a view has shape, dtype, statistics and elements', async (t) => {
  const { data } = await (await loadCheckpoint(TOGETHER)).getTensor('c_attn.weight', { as: 'f32' });
  const together = await loadCheckpoint(TOGETHER);
  const view = together.view('c_attn.weight', [{ permute: [1, 0] }, { slice: [[2, 5]] }]);
  t.deepEqual(
    { ...view, mean: 0, std: 0, min: 0, max: 0, sparsity: 0 },
    {
      name: 'c_attn.weight',
      shape: [3, WIDE],
      dtype: 'f32',
      numElements: 3 * WIDE,
      sizeBytes: 4 * 3 * WIDE,
      mean: 0,
      std: 0,
      min: 0,
      max: 0,
      sparsity: 0,
      nanCount: 0,
      infCount: 0,
      error: null,
    },
  );
  const expected = Float32Array.from(
    { length: 3 * WIDE },
    (_, at) => data[(at % WIDE) * 3 * WIDE + 2 + Math.floor(at / WIDE)] ?? 0,
  );
  const whole = await view.read({ as: 'f32' });
  t.deepEqual(whole, { data: expected, shape: [3, WIDE], dtype: 'f32' });
  t.deepEqual((await view.read({ start: WIDE, length: 7 })).data, expected.subarray(WIDE, WIDE + 7));
  t.is(view.max, Math.max(...expected));
  t.is(view.toJSON().max, Math.max(...expected));
  t.is(together.view('c_attn.weight').toJSON().max, null, 'not looked at yet');
  const bits = await together.view('sign.weight', [{ negate: true }]).read({ as: 'raw' });
  const stored = await together.getTensor('sign.weight', { as: 'raw' });
  t.deepEqual(
    bits.data,
    (stored.data as Uint16Array).map((word) => word ^ 0x8000),
    'signs change in the stored type',
  );
  const shifted = together.view('norm.weight', [{ add: 1 }]);
  t.is(shifted.dtype, 'f32');
  t.deepEqual(await shifted.read({ as: 'raw' }), await shifted.read({ as: 'f32' }), 'nothing else is stored of it');
  t.deepEqual(together.view('norm.weight').shape, [WIDE], 'without operations it is the tensor');
});

test('views take the place of stored tensors or stand beside them, and can be viewed again', async (t) => {
  const base = Checkpoint.fromTensors({
    a: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] },
    b: { data: Int32Array.of(1, 2), shape: [2] },
    c: { data: Float32Array.of(7), shape: [1] },
  });
  const first = base.withViews(
    { a: base.view('a', [{ permute: [1, 0] }]), 'a.row': base.view('a', [{ slice: [[1, 2]] }]) },
    { without: ['c'] },
  );
  t.deepEqual(first.layerNames, ['b', 'a', 'a.row']);
  t.deepEqual(first.getInfo('a')?.shape, [3, 2]);
  t.deepEqual(base.getInfo('a')?.shape, [2, 3], 'the checkpoint itself stays as it was');
  const again = first.withViews({ a: first.view('a', [{ reshape: [6] }, { negate: true }]) });
  t.deepEqual((await again.getTensor('a')).data, Float32Array.of(-1, -4, -2, -5, -3, -6));
  await again.computeStats();
  t.is(again.getInfo('a')?.min, -6);
  base.close();
  t.deepEqual((await first.getTensor('a.row')).data, Float32Array.of(4, 5, 6), 'each is closed by itself');
  first.close();
  t.throws(() => first.view('a'), { instanceOf: ModelDiffError, message: /checkpoint is closed/u });
  again.close();
});

test('in reports they are ordinary rows', async (t) => {
  const [apart, together] = [await loadCheckpoint(APART), await loadCheckpoint(TOGETHER)];
  const viewed = together.withViews(takeApart(together), { without: rest(together) });
  const comparison = await compare(apart, viewed, { includeUnchanged: true, provenance: false });
  const report = JSON.parse(renderReport(comparison, { format: 'json' })) as {
    parameters: { name: string; new_shape: number[] }[];
  };
  t.deepEqual(
    report.parameters.map(({ name, new_shape: shape }) => [name, shape]),
    apart.layerNames.toSorted().map((name) => [name, apart.getInfo(name)?.shape]),
  );
});

test('the program of docs/views.md finds the same weights', (t) => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'views.md'), 'utf8');
  const [, program = ''] = /```ts\n(.*?)```/su.exec(page) ?? [];
  // Windows writes paths with backslashes, and a text in a program has two for each.
  const [together, apart] = [TOGETHER, APART].map((path) => path.replaceAll('\\', '\\\\')) as [string, string];
  const placed = program.replace('fused.pt', () => together).replace('apart.safetensors', () => apart);
  const cwd = join(import.meta.dirname, '..');
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', placed], { cwd, encoding: 'utf8' });
  t.is(out, '4 of 4 tensors are identical\n');
});

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

onLinux('a view holds no file, and is not read once its checkpoint is closed', async (t) => {
  const isOpen = (): boolean => openFiles().includes(TOGETHER) || readFileSync('/proc/self/maps', 'utf8').includes(TOGETHER);
  const together = await loadCheckpoint(TOGETHER);
  const view = together.view('c_attn.weight', [{ permute: [1, 0] }]);
  await view.read();
  t.true(Number.isFinite(view.mean));
  together.close();
  t.false(isOpen());
  await t.throwsAsync(view.read(), { instanceOf: ModelDiffError, message: /checkpoint is closed/u });
  t.true(Number.isFinite(view.mean), 'statistics are kept');
});

const CHECKPOINT = Checkpoint.fromTensors({
  w: { data: new Float32Array(6), shape: [2, 3] },
  whole: { data: new Int32Array(6), shape: [2, 3] },
  wide: { data: new Float64Array(6), shape: [2, 3] },
  half: { data: new Uint16Array(6), shape: [2, 3], dtype: 'bf16' },
  empty: { data: new Float32Array(0), shape: [0, 3] },
  scale: { data: new Uint8Array(1), shape: [1], dtype: 'f8_e8m0fnu' },
  fnuz: { data: new Uint8Array(1), shape: [1], dtype: 'f8_e4m3fnuz' },
});
const OTHER = Checkpoint.fromTensors({ w: { data: new Float32Array(6), shape: [2, 3] } });
const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

const REFUSED: readonly (readonly [title: string, operations: unknown, message: RegExp])[] = [
  ['no list', { permute: [1, 0] }, /^the operations of a view must be an array, not \{"permute":\[…\]\}$/u],
  ['a number', [5], /^operation 1 of the view of tensor w must be an object, not 5$/u],
  [
    'an unknown operation',
    [{ transpose: [1, 0] }],
    /must be one of permute, reshape, slice, concat, negate, add, not \{"transpose"/u,
  ],
  ['a name of every object', [{ toString: 1 }], /must be one of permute/u],
  ['nothing', [{}], /must be one of permute.*, not \{\}$/u],
  ['two in one', [{ negate: true, add: 1 }], /must be one of permute/u],
  ['an axis where none belongs', [{ permute: [1, 0], axis: 0 }], /must be one of permute/u],
  ['axes that are no array', [{ permute: 1 }], /must have an array of axes, as \{ permute: \[1, 0\] \}, not 1$/u],
  [
    'an axis twice',
    [{ permute: [0, 0] }],
    /^cannot permute f32 \[2, 3\]: expected each axis once, found \[0, 0\] \(tensor w\)$/u,
  ],
  ['too few axes', [{ permute: [0] }], /cannot permute f32 \[2, 3\]/u],
  ['an axis beyond', [{ permute: [0, 2] }], /cannot permute f32 \[2, 3\]/u],
  ['the largest whole number', [{ permute: [0, 2 ** 53 - 1] }], /cannot permute f32 \[2, 3\]/u],
  ['a number above those that are counted', [{ permute: [0, 2 ** 53] }], /must have an array of axes/u],
  ['a million axes', [{ permute: many(1e6, 0) }], /must have an array of axes.*, not \[0,0,0,0,…\]$/u],
  ['NaN', [{ reshape: [2, Number.NaN] }], /must have a shape of at most 64 whole numbers.*, not \[2,NaN\]$/u],
  ['-1 as in torch', [{ reshape: [-1] }], /must have a shape of at most 64 whole numbers/u],
  ['a half', [{ reshape: [1.5, 4] }], /must have a shape/u],
  ['a text', [{ reshape: '23' }], /must have a shape/u],
  [
    'another number of elements',
    [{ reshape: [2, 2] }],
    /^cannot reshape f32 \[2, 3\]: expected 6 elements, found \[2, 2\] \(tensor w\)$/u,
  ],
  ['more elements than can be counted', [{ reshape: [2 ** 40, 2 ** 40] }], /cannot reshape f32 \[2, 3\]/u],
  ['65 dimensions', [{ reshape: many(65, 1) }], /must have a shape of at most 64/u],
  [
    'a range beyond',
    [{ slice: [[0, 3]] }],
    /^cannot slice f32 \[2, 3\]: expected a range inside each axis, found \[0\.\.3, 0\.\.3\] \(tensor w\)$/u,
  ],
  ['a range from its end', [{ slice: [[1, 0]] }], /cannot slice f32 \[2, 3\]/u],
  ['a negative start', [{ slice: [[-1, 2]] }], /must have an array of \[start, end\] or null for each axis/u],
  ['a start alone', [{ slice: [[0]] }], /must have an array of \[start, end\]/u],
  ['a number for a range', [{ slice: [0] }], /must have an array of \[start, end\]/u],
  ['more ranges than axes', [{ slice: [null, null, [0, 0]] }], /cannot slice f32 \[2, 3\]/u],
  ['a tensor that is no view', [{ concat: ['w'], axis: 0 }], /must have an array of views and an axis, as .*, not \["w"\]$/u],
  ['no axis', [{ concat: [CHECKPOINT.view('w')] }], /must have an array of views and an axis/u],
  ['a negative axis', [{ concat: [CHECKPOINT.view('w')], axis: -1 }], /must have an array of views and an axis/u],
  [
    'an axis that is not there',
    [{ concat: [CHECKPOINT.view('w')], axis: 2 }],
    /^cannot concatenate f32 \[2, 3\]: expected one of its axes, found 2/u,
  ],
  [
    'another dtype',
    [{ concat: [CHECKPOINT.view('half')], axis: 0 }],
    /^cannot concatenate f32 \[2, 3\]: .*, found half bf16 \[2, 3\]/u,
  ],
  [
    'another shape',
    [{ concat: [CHECKPOINT.view('w', [{ permute: [1, 0] }])], axis: 0 }],
    /cannot concatenate.*, found w f32 \[3, 2\]/u,
  ],
  [
    'a view of another checkpoint',
    [{ concat: [OTHER.view('w')], axis: 0 }],
    /^the view of tensor w is one of another checkpoint$/u,
  ],
  ['false', [{ negate: false }], /must have true, as \{ negate: true \}, not false$/u],
  ['a number that is none', [{ add: Number.NaN }], /must have a finite number of f32/u],
  ['a number above f32', [{ add: 1e300 }], /must have a finite number of f32, as \{ add: 1 \}, not 1e\+300$/u],
  ['the second of two', [{ negate: true }, { add: '1' }], /^operation 2 of the view of tensor w/u],
  ['65 operations', many(65, { negate: true }), /^the view of tensor w has 65 operations: at most 64 are taken$/u],
];

for (const [title, operations, message] of REFUSED) {
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => CHECKPOINT.view('w', operations as ViewOperation[]), { instanceOf: ModelDiffError });
    t.is(error?.kind, 'Argument');
    t.regex(error?.message ?? '', message);
  });
}

test('reading is refused as that of a tensor is', async (t) => {
  const view = CHECKPOINT.view('w', [{ slice: [[0, 1]] }]);
  for (const [options, message] of [
    [{ start: 1, length: 3 }, /^start 1 and length 3 lie outside the tensor w of 3 elements$/u],
    [{ lenght: 1 }, /^read has no option "lenght"$/u],
  ] as const) {
    await t.throwsAsync(view.read(options as ReadOptions), { instanceOf: ModelDiffError, code: 'E_ARGUMENT', message });
  }
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await t.throwsAsync(view.read({ signal: controller.signal }), { message: 'enough' });
});

test('what a dtype cannot do is unsupported', (t) => {
  for (const [name, operation] of [
    ['whole', { negate: true }],
    ['whole', { add: 1 }],
    ['wide', { add: 1 }],
    ['scale', { negate: true }],
    ['fnuz', { negate: true }],
  ] as const) {
    const error = t.throws(() => CHECKPOINT.view(name, [operation]), { instanceOf: ModelDiffError });
    t.deepEqual([error?.kind, error?.code, error?.tensor], ['Unsupported', 'E_UNSUPPORTED_DTYPE', name]);
  }
});

const fixture = (path: string): Promise<Checkpoint> => loadCheckpoint(join(FOLDER, '..', path));

test('what cannot be read, sparse tensors and unknown types take a name and little else', async (t) => {
  const meta = await fixture('torch/meta.pt');
  t.regex(meta.view('m').error ?? '', /tensor has no data/u);
  t.throws(() => meta.view('m', [{ negate: true }]), { code: 'E_NO_DATA' });
  t.regex(meta.withViews({ n: meta.view('m') }).getInfo('n')?.error ?? '', /tensor has no data/u);

  const unknown = await fixture('hostile/st_dtype_unknown.safetensors');
  t.is((await unknown.view('a').read({ as: 'raw' })).data.length, 16);
  await t.throwsAsync(unknown.view('a').read(), { code: 'E_ARGUMENT' });
  const sparse = await fixture('torch/sparse_coo.pt');
  for (const [checkpoint, name] of [
    [unknown, 'a'],
    [sparse, 'coalesced'],
  ] as const) {
    for (const operation of [
      { permute: checkpoint === sparse ? [1, 0] : [0] },
      { reshape: [4, 4] },
      { slice: [null] },
      { concat: [], axis: 0 },
    ] satisfies ViewOperation[])
      t.throws(() => checkpoint.view(name, [operation]), { code: 'E_UNSUPPORTED_LAYOUT' });
  }
  t.deepEqual(
    (await sparse.view('coalesced', [{ negate: true }]).read()).data,
    (await sparse.getTensor('coalesced')).data.map((x) => -x) as Float32Array,
  );
});

test('of quantised tensors forms keep the codes, and signs and sums are values', async (t) => {
  const quantised = await fixture('torch/quantised.pt');
  const codes = (await quantised.getTensor('channel', { as: 'raw' })).data as Uint8Array;
  const values = (await quantised.getTensor('channel', { as: 'f32' })).data;
  const turned = quantised.view('channel', [{ permute: [1, 0] }]);
  t.is(turned.dtype, 'qint8');
  t.deepEqual(
    (await turned.read({ as: 'raw' })).data,
    Uint8Array.from([0, 3, 1, 4, 2, 5], (at) => codes[at] ?? 0),
  );
  t.deepEqual(
    (await turned.read({ as: 'f32' })).data,
    Float32Array.from([0, 3, 1, 4, 2, 5], (at) => values[at] ?? 0),
  );
  const negated = quantised.view('channel', [{ negate: true }]);
  t.deepEqual(await negated.read({ as: 'raw' }), { data: values.map((x) => -x), shape: [2, 3], dtype: 'f32' });
});

test('views inside each other are bounded, in depth and in number', (t) => {
  const deeper = (checkpoint: Checkpoint): Checkpoint =>
    checkpoint.withViews({ w: checkpoint.view('w', many(8, { negate: true })) });
  let nested = CHECKPOINT;
  for (let depth = 0; depth < 64; depth += 8) nested = deeper(nested);
  t.deepEqual(nested.getInfo('w')?.max, 0, 'the deepest can be read');
  t.throws(() => deeper(nested), {
    code: 'E_ARGUMENT',
    message: /^view is made of too many others: expected at most 64 operations/u,
  });

  let doubled = CHECKPOINT.view('empty');
  const double = (): unknown => {
    for (let times = 0; times < 64; times += 1) doubled = CHECKPOINT.view('empty', [{ concat: [doubled, doubled], axis: 0 }]);
    return doubled;
  };
  t.throws(double, { code: 'E_ARGUMENT', message: /expected at most 65536 tensors in all/u });
});
