import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { ModelDiffError } from '../../src/errors.ts';
import { toCamelCase, toSnakeCase } from '../../src/report/json/keys.ts';
import { ANALYSIS_SHAPE, OVERVIEW_SHAPE, PARAMETER_SHAPE, SUMMARY_SHAPE } from '../../src/report/json/comparison-schema.ts';
import { writeJson } from '../../src/report/json/comparison.ts';
import { parseReport } from '../../src/report/json/parse.ts';
import { prepareReport } from '../../src/report/report.ts';
import { writeText } from '../../src/report/text/comparison.ts';
import { REPORT_SCHEMA_ID, TOOL } from '../../src/report/tool.ts';
import { buildModel, buildResult, type BuiltResult } from './build.ts';
import { HOSTILE_NAMES } from './hostile.ts';
import { close, schemaOf, strip, type Schema } from './schema-of.ts';

const schema = JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')) as Schema;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(close(schema) as Schema);

function write(result: BuiltResult, includeRawData = false): string {
  return writeJson(prepareReport(result, result.analysis, 'old', 'new'), { includeRawData });
}

test('the original’s keys are there, in snake_case', (t) => {
  const json = JSON.parse(write(buildModel())) as Record<string, Record<string, unknown>> & {
    parameters: Record<string, unknown>[];
  };
  t.deepEqual(Object.keys(json), [
    '$schema',
    'schema_version',
    'tool',
    'old_name',
    'new_name',
    'summary',
    'overview',
    'analysis',
    'parameters',
  ]);
  t.is<unknown, unknown>(json['$schema'], REPORT_SCHEMA_ID);
  const original = [
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
  t.deepEqual(Object.keys(json.parameters[0] ?? {}).slice(0, original.length), original);
  for (const key of ['change_pattern', 'layer_analysis', 'insights', 'summary']) t.true(key in (json['analysis'] ?? {}), key);
  for (const key of ['total_parameters_old', 'added_parameters', 'most_changed_layers', 'total_l2_diff'])
    t.true(key in (json['summary'] ?? {}), key);
  const reshaped = json.parameters.find((parameter) => parameter['change_type'] === 'shape_changed');
  t.deepEqual([reshaped?.['old_shape'], reshaped?.['new_shape'], reshaped?.['l2_diff']], [[512, 64], [520, 64], null]);
});

for (const [title, result] of [
  ['a fine-tuned model', buildModel()],
  ['nothing changed', buildResult([{ name: 'a.weight', type: 'unchanged' }], { changePattern: null, pattern: null })],
  ['hostile names', buildResult(HOSTILE_NAMES.map((name) => ({ name })))],
  [
    'a failed tensor and a zero base',
    buildResult([
      { name: 'a', error: 'cannot be read' },
      { name: 'b', change: null },
    ]),
  ],
] as const) {
  for (const raw of [false, true]) {
    test(`schema: ${title}${raw ? ', with raw data' : ''}`, (t) => {
      t.true(validate(JSON.parse(write(result, raw))), JSON.stringify(validate.errors?.slice(0, 3)));
    });
  }
}

test('the schema refuses what is not of its form', (t) => {
  for (const spoil of [
    (json: Record<string, unknown>) => delete json['summary'],
    (json: Record<string, unknown>) => (json['extra'] = 1),
    (json: Record<string, unknown>) => ((json['parameters'] as Record<string, unknown>[])[0]!['l2_diff'] = 'NaN'),
    (json: Record<string, unknown>) => ((json['parameters'] as Record<string, unknown>[])[0]!['l2Diff'] = 1),
    (json: Record<string, unknown>) => ((json['analysis'] as Record<string, unknown>)['change_pattern'] = 'diagonal'),
  ]) {
    const json = JSON.parse(write(buildModel())) as Record<string, unknown>;
    spoil(json);
    t.false(validate(json));
  }
});

test('the schema says what the writer and the reader say', (t) => {
  const definitions = strip(schema['$defs'], schema) as Record<string, Schema>;
  for (const [name, shape] of [
    ['summary', SUMMARY_SHAPE],
    ['overview', OVERVIEW_SHAPE],
    ['analysis', ANALYSIS_SHAPE],
  ] as const)
    t.deepEqual(definitions[name], schemaOf(shape), name);
  const parameter = schemaOf(PARAMETER_SHAPE) as { properties: Schema; required: string[] };
  const {
    old_shape: _old,
    new_shape: _new,
    ...properties
  } = (definitions['parameter'] as { readonly properties: Schema }).properties;
  t.deepEqual(properties, parameter.properties);
});

for (const raw of [false, true]) {
  test(`what is written reads back as it was${raw ? ', columns too' : ''}`, (t) => {
    for (const result of [
      buildModel(),
      buildResult(HOSTILE_NAMES.map((name, index) => ({ name, change: 0.01 * index, nanNew: index }))),
    ]) {
      const read = parseReport(write(result, raw));
      t.deepEqual(read.diffs, [...result.diffs]);
      const { tensors: _, ...totals } = result.summary;
      t.deepEqual(read.summary, raw ? result.summary : totals);
      t.deepEqual(read.analysis, result.analysis);
      t.deepEqual([read.oldName, read.newName], ['old', 'new']);
      t.is(
        writeJson(prepareReport(read, read.analysis, read.oldName, read.newName, read), {
          includeRawData: raw,
        }),
        write(result, raw),
      );
    }
  });
}

test('names that look like keys stay as they are', (t) => {
  const layerAnalysis = Object.fromEntries(
    ['__proto__', 'selfAttention', 'change_type', 'mlp'].map((layerType) => [
      layerType,
      { layerType, count: 1, totalChange: 0.1, avgChange: 0.1, maxChange: 0.1, layers: ['__proto__', 'selfAttention.qProj'] },
    ]),
  );
  const result = buildResult([{ name: '__proto__' }, { name: 'selfAttention.qProj.layer_type' }], { layerAnalysis });
  const text = write(result);
  const read = parseReport(text);
  t.deepEqual(Object.keys(read.analysis.layerAnalysis), ['__proto__', 'selfAttention', 'change_type', 'mlp']);
  t.is(Object.getPrototypeOf(read.analysis.layerAnalysis), Object.prototype);
  t.deepEqual(
    read.diffs.map((diff) => diff.name),
    ['__proto__', 'selfAttention.qProj.layer_type'],
  );
  t.is(({} as Record<string, unknown>)['layerType'], undefined);
});

test('values of configuration files stay as they are, an absent one too', (t) => {
  const built = buildModel();
  const configChanges = [
    { key: 'ropeScaling.__proto__', old: { camelCase: [1, null, 'x'], snake_case: true }, new: undefined },
    { key: 'a', old: undefined, new: null },
  ];
  const read = parseReport(write({ ...built, summary: { ...built.summary, configChanges } }));
  t.deepEqual(read.summary.configChanges[0]?.old, configChanges[0]?.old);
  t.true(read.summary.configChanges[0] !== undefined && read.summary.configChanges[0].new === undefined);
  t.is(read.summary.configChanges[1]?.new, null);
});

test('keys of evidence are ours; what is below them is not', (t) => {
  const built = buildModel();
  const evidence = { changedShare: 0.5, byLayer: { 'model.selfAttn': 1, snake_key: 2 }, list: [{ camelCase: 1 }] };
  const insights = [{ category: 'magnitude' as const, title: 't', description: 'd', severity: 'info' as const, evidence }];
  const text = write({ ...built, analysis: { ...built.analysis, insights } });
  t.true(
    text.includes('"evidence":{"changed_share":0.5,"by_layer":{"model.selfAttn":1,"snake_key":2},"list":[{"camelCase":1}]}'),
  );
  t.deepEqual(parseReport(text).analysis.insights[0]?.evidence, evidence);
});

test('field names turn into snake_case and back', (t) => {
  for (const key of ['name', 'l2Diff', 'oneMinusCos', 'nanOld', 'totalParametersOld', 'avgCosineSimilarity'])
    t.is(toCamelCase(toSnakeCase(key)), key);
  t.is(toSnakeCase('oneMinusCos'), 'one_minus_cos');
});

test('what is not a number is null, never NaN or Infinity', (t) => {
  const built = buildResult([{ name: 'a', change: null }]);
  const analysis = {
    ...built.analysis,
    summary: { ...built.analysis.summary, cosine: Number.NaN, unchangedShare: Number.POSITIVE_INFINITY },
  };
  const json = JSON.parse(write({ ...built, analysis }, true)) as {
    analysis: { summary: Record<string, unknown> };
    parameters: Record<string, unknown>[];
  };
  t.is(json.analysis.summary['cosine'], null);
  t.is(json.analysis.summary['unchanged_share'], null);
  t.is(json.parameters[0]?.['relative_change'], null);
});

test('the same result gives the same bytes, whatever the order of its keys', (t) => {
  const built = buildModel();
  const turned = {
    ...built,
    diffs: built.diffs.map((diff) => Object.fromEntries(Object.entries(diff).reverse()) as unknown as typeof diff),
  };
  t.is(write(turned), write(built));
});

test('a report of the saved result is the report of the result', (t) => {
  const built = buildModel();
  const report = prepareReport(built, built.analysis, 'old', 'new');
  const read = parseReport(writeJson(report));
  t.is(writeText(prepareReport(read, read.analysis, read.oldName, read.newName, read)), writeText(report));
});

for (const [title, text, code, pattern] of [
  ['no JSON', '<html>', 'E_UNKNOWN_FORMAT', /expected JSON/],
  ['another JSON', '{"a": 1}', 'E_UNKNOWN_FORMAT', /expected the keys/],
  ['null', 'null', 'E_UNKNOWN_FORMAT', /expected the keys/],
  ['a later version', '{"schema_version": 99, "parameters": []}', 'E_UNSUPPORTED_VERSION', /99/],
  ['a hole', write(buildModel()).replace('"l2_diff":', '"l2":'), '', /^$/],
  [
    'a string for a number',
    write(buildModel()).replace(/"l2_diff":[\d.]+/, '"l2_diff":"\\u001b[31mhuge"'),
    'E_INVALID_HEADER',
    /^parameters\[0\]\.l2_diff: expected a number, found "\\u001b\[31mhuge"$/,
  ],
  [
    'no summary',
    write(buildModel()).replace('"summary": {\n    "total', '"sum": {\n    "total'),
    'E_INVALID_HEADER',
    /^summary: expected an object, found nothing$/,
  ],
] as const) {
  test(`a file that is ${title} is refused with its place`, (t) => {
    if (code === '') {
      t.is(parseReport(text).diffs[0]?.l2Diff, null, 'a field that may be null may be missing');
      return;
    }
    const error = t.throws(() => parseReport(text), { instanceOf: ModelDiffError });
    t.is(error?.code, code);
    t.regex(error?.message ?? '', pattern);
    t.truthy(error?.hint);
  });
}

test('the version is that of package.json', (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  t.is(TOOL.version, version);
});
