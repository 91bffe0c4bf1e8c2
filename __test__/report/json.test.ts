import { readFileSync } from 'node:fs';
import test from 'ava';
import type { TensorColumns } from '../../src/comparison/columns.ts';
import { Comparison } from '../../src/comparison/comparison.ts';
import { mapProbeMetrics } from '../../src/comparison/metrics.ts';
import { compareCodeUnits } from '../../src/names/order.ts';
import { writeJson } from '../../src/report/json/comparison.ts';
import { toSnakeCase } from '../../src/wording/snake-case.ts';
import { parseReport, readReport } from '../../src/report/json/parse.ts';
import { joinPieces } from '../../src/report/writers/writer.ts';
import { writeText } from '../../src/report/text/comparison.ts';
import { REPORT_SCHEMA_ID, TOOL } from '../../src/tool.ts';
import { alter, buildModel, buildResult, type BuiltResult, prepare } from './build.ts';
import { buildHostile } from './build-hostile.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import { findSchemaErrors } from './schema.ts';

function write(result: BuiltResult): string {
  return joinPieces(writeJson(prepare(result)));
}

type Json = Record<string, unknown>;

function read(result: BuiltResult): Json & { readonly parameters: readonly Json[]; readonly columns: Json } {
  return JSON.parse(write(result)) as Json & { readonly parameters: readonly Json[]; readonly columns: Json };
}

/** The same result with other columns. */
function withColumns({ comparison, analysis }: BuiltResult, columns: Partial<TensorColumns>): BuiltResult {
  return { comparison: Comparison.from({ ...comparison, columns: { ...comparison.columns, ...columns } }), analysis };
}

const ORIGINAL = [
  'name',
  'change_type',
  'l2_diff',
  'l1_diff',
  'max_diff',
  'mean_diff',
  'cosine_sim',
  'relative_change',
  'change_ratio',
  'old_shape',
  'new_shape',
];

test('the original’s keys are there, in snake_case', (t) => {
  const json = read(buildModel());
  t.deepEqual(Object.keys(json), [
    '$schema',
    'schema_version',
    'tool',
    'provenance',
    'options',
    'old',
    'new',
    'summary',
    'analysis',
    'parameters_keys',
    'parameters',
    'columns',
  ]);
  t.is<unknown, unknown>(json['$schema'], REPORT_SCHEMA_ID);
  t.deepEqual(Object.keys(json.parameters[0] ?? {}).slice(0, ORIGINAL.length), ORIGINAL);
  for (const key of ['change_pattern', 'layer_analysis', 'insights', 'summary']) t.true(key in (json['analysis'] as Json), key);
  for (const key of ['total_parameters_old', 'added_parameters', 'most_changed_layers', 'total_l2_diff'])
    t.true(key in (json['summary'] as Json), key);
  const reshaped = json.parameters.find((parameter) => parameter['change_type'] === 'shape_changed');
  t.deepEqual([reshaped?.['old_shape'], reshaped?.['new_shape'], reshaped?.['l2_diff']], [[512, 64], [520, 64], null]);
});

const ROWS = Array.from({ length: 10_001 }, (_, index) => ({ name: `layers.${index}.weight`, change: 0.01 }));
const LONG = buildResult(ROWS);
const HISTOGRAM = withColumns(buildResult([{ name: 'a' }, { name: 'b', type: 'added' }]), {
  rounding: {
    expectedChanged: Float64Array.of(0.5, Number.NaN),
    updateSize: Float64Array.of(1e-3, Number.NaN),
    shape: Uint8Array.of(1, 0),
  },
  probes: mapProbeMetrics((_, { unit }) => Float64Array.of(unit === 'ratio' ? 0.5 : 3, Number.NaN)),
  histogram: { firstExponent: -32, bins: 3, counts: Float64Array.of(1, 2, 29, 0, 0, 0) },
});
const RESULTS: readonly (readonly [string, BuiltResult])[] = [
  ['a fine-tuned model', buildModel()],
  ['unchanged tensors too', alter(buildModel(), { listsUnchanged: true })],
  ['nothing changed', buildResult([{ name: 'a.weight', type: 'unchanged' }], { changePattern: null, pattern: null })],
  ['no tensor', buildResult([])],
  ['hostile names', buildResult(HOSTILE_NAMES.map((name, index) => ({ name, change: 0.01 * index, nanNew: index })))],
  ['everything hostile', buildHostile()],
  [
    'a failed tensor and a zero base',
    buildResult([
      { name: 'a', error: 'cannot be read' },
      { name: 'b', change: null },
    ]),
  ],
  ['a histogram, the rounding model and probes', HISTOGRAM],
  ['a long list', LONG],
];

for (const [title, result] of RESULTS) {
  test(`what is written is of the schema and reads back as it was: ${title}`, (t) => {
    const text = write(result);
    t.is(findSchemaErrors(JSON.parse(text)), null);
    const { comparison: back, rules } = readReport(text);
    t.deepEqual(rules, result.rules ?? []);
    const { comparison, analysis } = result;
    t.deepEqual(back.columns, comparison.columns);
    t.deepEqual(back.summary, comparison.summary);
    t.deepEqual(back.diffs, comparison.diffs);
    t.deepEqual(back.options, comparison.options);
    t.deepEqual(
      [back.old, back.new],
      [
        { ...comparison.old, name: 'base' },
        { ...comparison.new, name: 'tuned' },
      ],
    );
    t.is(back.provenance, null);
    const report = prepare({ comparison: back, analysis, rules }, back.old.name, back.new.name);
    t.is(joinPieces(writeJson(report)), text);
    t.is(writeText(report), writeText(prepare(result)));
  });
}

test('the schema refuses what is not of its form', (t) => {
  const spoilt: readonly ((json: ReturnType<typeof read>) => unknown)[] = [
    (json) => delete json['summary'],
    (json) => (json['extra'] = 1),
    (json) => (json.parameters[0]!['l2_diff'] = 'NaN'),
    (json) => (json.parameters[0]!['l2Diff'] = 1),
    (json) => delete json.parameters[0]!['old_norm'],
    (json) => ((json['analysis'] as Json)['change_pattern'] = 'diagonal'),
    (json) => ((json.columns['l2_diff'] as Json)['dtype'] = '<f4'),
    (json) => ((json.columns['l2_diff'] as Json)['count'] = 1),
    (json) => (json.columns['l2_diff'] = [1, 2]),
    (json) => delete (json.columns['old'] as Json)['dtype'],
  ];
  for (const spoil of spoilt) {
    const json = read(buildModel());
    spoil(json);
    t.not(findSchemaErrors(json), null, spoil.toString());
  }
});

test('a list of more than 10,000 has the original’s keys alone, and says so; the columns have everything', (t) => {
  const json = read(LONG);
  t.is(json['parameters_keys'], 'original');
  t.is(json.parameters.length, 10_001);
  t.true(json.parameters.every((parameter) => Object.keys(parameter).join() === ORIGINAL.join()));
  const full = read(buildResult(ROWS.slice(1)));
  t.is(full['parameters_keys'], 'all');
  t.true(full.parameters.every((parameter) => Object.keys(parameter).length > ORIGINAL.length));
  t.is(parseReport(write(LONG)).row('layers.7.weight')?.oldNorm, 3.3);
});

test('names that look like keys stay as they are', (t) => {
  const layerAnalysis = Object.fromEntries(
    ['__proto__', 'selfAttention', 'change_type', 'mlp'].map((layerType) => [
      layerType,
      { layerType, count: 1, totalChange: 0.1, avgChange: 0.1, maxChange: 0.1, layers: ['__proto__', 'selfAttention.qProj'] },
    ]),
  );
  const names = ['__proto__', 'selfAttention.qProj.layer_type'];
  const text = write(
    buildResult(
      names.map((name) => ({ name })),
      { layerAnalysis },
    ),
  );
  const { analysis } = JSON.parse(text) as { readonly analysis: { readonly layer_analysis: Json } };
  t.deepEqual(Object.keys(analysis.layer_analysis), ['__proto__', 'selfAttention', 'change_type', 'mlp']);
  const back = parseReport(text);
  t.deepEqual(
    back.diffs.map((diff) => diff.name),
    [...names].sort(compareCodeUnits),
  );
  t.is(back.row('__proto__')?.name, '__proto__');
  t.is(({} as Json)['layerType'], undefined);
});

test('values of configuration files stay as they are, an absent one too', (t) => {
  const configChanges = [
    { key: 'ropeScaling.__proto__', old: { camelCase: [1, null, 'x'], snake_case: true }, new: undefined },
    { key: 'a', old: undefined, new: null },
  ];
  const [first, second] = parseReport(write(alter(buildModel(), { summary: { configChanges } }))).summary.configChanges;
  t.deepEqual(first?.old, configChanges[0]?.old);
  t.true(first !== undefined && 'new' in first && first.new === undefined);
  t.is(second?.new, null);
});

test('keys of evidence are ours; what is below them is not', (t) => {
  const evidence = { changedShare: 0.5, byLayer: { 'model.selfAttn': 1, snake_key: 2 }, list: [{ camelCase: 1 }] };
  const insights = [
    { code: 'size' as const, category: 'magnitude' as const, title: 't', description: 'd', severity: 'info' as const, evidence },
  ];
  t.true(
    write(alter(buildModel(), { analysis: { insights } })).includes(
      '"evidence":{"changed_share":0.5,"by_layer":{"model.selfAttn":1,"snake_key":2},"list":[{"camelCase":1}]}',
    ),
  );
});

test('field names turn into snake_case', (t) => {
  t.is(toSnakeCase('oneMinusCos'), 'one_minus_cos');
  t.is(toSnakeCase('l2Diff'), 'l2_diff');
  t.is(toSnakeCase('avgCosineSimilarity'), 'avg_cosine_similarity');
});

test('what is not a number is null, never NaN or Infinity', (t) => {
  const built = buildResult([{ name: 'a', change: null }]);
  const summary = { ...built.analysis.summary, cosine: Number.NaN, unchangedShare: Number.POSITIVE_INFINITY };
  const json = read(alter(built, { analysis: { summary } }));
  const saved = (json['analysis'] as { readonly summary: Json }).summary;
  t.is(saved['cosine'], null);
  t.is(saved['unchanged_share'], null);
  t.is(json.parameters[0]?.['relative_change'], null);
});

test('the infinities and -0 are in the columns as they are', (t) => {
  const l2Diff = Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0);
  const built = withColumns(buildResult([{ name: 'a' }, { name: 'b' }, { name: 'c' }]), { l2Diff });
  t.deepEqual(parseReport(write(built)).columns.l2Diff, l2Diff);
  for (const value of [...l2Diff, Number.NaN, 0.1]) {
    const same = Float64Array.of(value, value, value);
    t.deepEqual(parseReport(write(withColumns(built, { l2Diff: same }))).columns.l2Diff, same);
  }
});

test('whole numbers take as few bytes as hold them', (t) => {
  const built = buildResult([{ name: 'a' }, { name: 'b' }]);
  for (const [largest, dtype] of [
    [255, '|u1'],
    [256, '<u2'],
    [65_536, '<u4'],
    [2 ** 32, '<f8'],
    [0.5, '<f8'],
    [-1, '<f8'],
    [Number.NaN, '<f8'],
  ] as const) {
    const changedElements = Float64Array.of(1, largest);
    const text = write(withColumns(built, { changedElements }));
    const { columns } = JSON.parse(text) as { readonly columns: { readonly changed_elements: Json } };
    t.is(columns.changed_elements['dtype'], dtype);
    t.is(findSchemaErrors(JSON.parse(text)), null);
    t.deepEqual(parseReport(text).columns.changedElements, changedElements);
  }
});

test('where nearly all elements are equal, the others are listed', (t) => {
  const rows = 1000;
  const built = buildResult(Array.from({ length: rows }, (_, index) => ({ name: `a${index}` })));
  for (const [usual, others, isShort] of [
    [Number.NaN, 1, true],
    [Number.NaN, 300, true],
    [Number.NaN, 400, false],
    [0, 50, true],
    [-0, 5, false],
    [Number.POSITIVE_INFINITY, 5, false],
  ] as const) {
    const l2Diff = Float64Array.from({ length: rows }, (_, index) => ((index * others) % rows < others ? index + 0.5 : usual));
    const text = write(withColumns(built, { l2Diff }));
    const saved = (JSON.parse(text) as { readonly columns: { readonly l2_diff: Json } }).columns.l2_diff;
    t.is('at' in saved, isShort, `${usual} ${others}`);
    t.is(findSchemaErrors(JSON.parse(text)), null);
    t.deepEqual(parseReport(text).columns.l2Diff, l2Diff);
  }
});

test('the same result gives the same bytes, whatever the order of its keys', (t) => {
  const built = buildModel();
  const turn = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).reverse()) as T;
  const { comparison, analysis } = built;
  const turned = {
    comparison: Comparison.from({ ...comparison, columns: turn(comparison.columns), summary: turn(comparison.summary) }),
    analysis: turn(analysis),
  };
  t.is(write(turned), write(built));
});

test('hand-made totals that are no numbers do not spoil the file', (t) => {
  const comparison = Comparison.fromRows([{ name: 'a', changeType: 'modified', oldInfo: { shape: [2] } as never }], {
    totalL2Diff: Number.NaN,
    addedParameters: 5,
  });
  const text = write({ comparison, analysis: buildModel().analysis });
  t.is(findSchemaErrors(JSON.parse(text)), null);
  t.like(parseReport(text).summary, { totalL2Diff: 0, addedParameters: 5, addedTensors: 5 });
});

test('the version is that of package.json', (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  t.is(TOOL.version, version);
});
