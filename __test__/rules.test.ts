/** `checkRules` through the package: the same results for the same values, however they came, and reports that tell them. */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { analyze, Checkpoint, checkRules, compare, parseReport, renderReport } from 'model-diff';
import type { Comparison, RuleResult, Rules } from 'model-diff';
import { findSchemaErrors } from './report/schema.ts';

const RULES: Rules = {
  failOn: ['nan', 'structure', 'change>10%', 'min(cosine)<0.9', 'total(change)>1%@layers.1.*', 'changed_elements>0@nope'],
  expect: { may: { add: ['head'] }, identical: ['layers.0.*'] },
};

function make(scale: number, head: readonly string[]): Checkpoint {
  const names = ['layers.0.weight', 'layers.1.weight', ...head];
  return Checkpoint.fromTensors(
    new Map(names.map((name, at) => [name, { data: Float32Array.of(1, 2, 3, 4 * (at === 1 ? scale : 1)), shape: [2, 2] }])),
  );
}

const comparison: Promise<Comparison> = compare(make(1, []), make(1.5, ['head']));

const outcomes = (results: readonly RuleResult[]): string[] => results.map(({ rule, status }) => `${status} ${rule}`);

test('each rule has its result, in their order', async (t) => {
  const results = checkRules(await comparison, RULES);
  t.deepEqual(outcomes(results), [
    'passed nan',
    'failed structure',
    'failed change>10%',
    'failed min(cosine)<0.9',
    'failed total(change)>1%@layers.1.*',
    'unmatched changed_elements>0@nope',
    'passed only head may be added',
    'passed layers.0.* must stay identical',
  ]);
  const change = results[2];
  t.deepEqual([change?.tensors, change?.broken], [3, 2], 'the new tensor has no change');
  t.deepEqual(
    change?.worst.map(({ name, note }) => `${name} ${note}`),
    ['head added', 'layers.1.weight 28%'],
  );
});

test('a clone and a saved comparison give the same', async (t) => {
  const live = await comparison;
  const expected = checkRules(live, RULES);
  t.deepEqual(checkRules(structuredClone(live), RULES), expected);
  t.deepEqual(checkRules(parseReport(renderReport(live, { format: 'json' })), RULES), expected);
});

test('the JSON report holds them, by its schema, and not where there are none', async (t) => {
  const live = await comparison;
  const rules = checkRules(live, RULES);
  const json = JSON.parse(renderReport(live, { format: 'json', rules })) as { rules: unknown };
  t.is(findSchemaErrors(json), null);
  t.deepEqual(json.rules, rules);
  t.false('rules' in (JSON.parse(renderReport(live, { format: 'json' })) as object));
  for (const format of ['text', 'markdown', 'html', 'github'] as const)
    t.regex(renderReport(live, { format, rules }), /min\(cosine\)(?:<|&lt;)0\.9/, format);
  t.throws(() => renderReport(live, { rules: [{}] as never }), {
    code: 'E_ARGUMENT',
    message: /^rules must be what checkRules gave/,
  });
});

test('layers of a filtered comparison and of a pattern have one total', async (t) => {
  const live = await comparison;
  const whole = checkRules(live.filter('layers.*'), { failOn: ['total(change)>0'] });
  const part = checkRules(live, { failOn: ['total(change)>0@layers.*'] });
  t.is(whole[0]?.value, part[0]?.value);
  t.true((part[0]?.value ?? 0) > 0);
});

/** What becomes of rules on tensors that are given as [old, new]. */
async function hold(
  tensors: Readonly<Record<string, readonly [Float64Array | null, Float64Array | null]>>,
  ...failOn: readonly string[]
): Promise<readonly RuleResult[]> {
  const side = (at: 0 | 1): Checkpoint =>
    Checkpoint.fromTensors(
      new Map(
        Object.entries(tensors).flatMap(([name, pair]) => {
          const data = pair[at];
          return data === null
            ? []
            : [[name, { data, shape: name.endsWith('norm') ? [data.length] : [2, data.length / 2] }] as const];
        }),
      ),
    );
  return checkRules(await compare(side(0), side(1)), { failOn: [...failOn] });
}

const f64 = (...values: readonly number[]): Float64Array => Float64Array.from(values);
const words = ({ status, value, message, worst }: RuleResult): unknown[] => [
  status,
  value,
  message,
  ...worst.map(({ name, note }) => `${name} ${note}`),
];

const CHANGED = [f64(1, 2, 3, 4), f64(1, 2, 3, 5)] as const;

test('a total that cannot be worked out is broken, and says of what', async (t) => {
  const still = [f64(1, 2, 3, 4), f64(1, 2, 3, 4)] as const;
  for (const [title, tensors, message] of [
    ['norms beyond f64', { 'a.weight': [f64(1.5e308, 1.5e308), f64(-1.7e308, 1.7e308)] }, 'a.weight no number'],
    [
      'a norm beyond f64 that did not change',
      { 'a.weight': [f64(1.5e308, 1.5e308), f64(1.5e308, 1.5e308)], 'b.weight': CHANGED },
      'a.weight no number',
    ],
    [
      'nothing finite on both sides',
      { 'a.weight': [f64(Number.NaN, Number.NaN), f64(1, 2)], 'b.weight': still },
      'a.weight no finite element',
    ],
    ['a weight reshaped', { 'a.weight': [f64(1, 2, 3, 4), f64(1, 2)], 'b.weight': still }, 'a.weight another shape'],
    ['a weight added', { 'a.weight': [null, f64(1, 2)], 'b.weight': still }, 'a.weight added'],
  ] as const) {
    for (const result of await hold(tensors, 'total(change)>200%', 'total(cosine)<-1')) {
      const count = Object.keys(tensors).length;
      const nouns = `${count} tensor${count === 1 ? '' : 's'}`;
      t.deepEqual(words(result), ['failed', null, `no number: 1 of ${nouns} without one`, message], `${title}: ${result.rule}`);
    }
  }
  const [zero] = await hold({ 'a.weight': [f64(0, 0), f64(1, 2)] }, 'total(cosine)<-1');
  t.deepEqual(words(zero!), ['failed', null, 'no number: it is too large, or a side is all zeros']);
});

test('totals of values whose squares f64 does not hold', async (t) => {
  // d = (-10, 2), the longer side (-9, 3): the root of 104 / 90; the cosine of (1, 1) and (-9, 3).
  const [old, fresh] = [f64(1, 1), f64(-9, 3)];
  const of = (size: number): readonly [Float64Array, Float64Array] => [old.map((x) => x * size), fresh.map((x) => x * size)];
  for (const [title, tensors] of [
    ['large', { 'a.weight': of(1e200) }],
    ['small', { 'a.weight': of(1e-200) }],
    ['a fourth power beyond f64', { 'a.weight': of(1e100) }],
    ['beside ordinary ones', { 'a.weight': of(1e300), 'b.weight': CHANGED }],
    ['beside vanishing ones', { 'a.weight': of(1), 'b.weight': of(1e-250) }],
    ['of all sizes', { 'a.weight': of(1e200), 'b.weight': of(1e200), 'c.weight': of(1e-200) }],
  ] as const) {
    const [change, cosine] = await hold(tensors, 'total(change)>200%', 'total(cosine)<-1');
    const close = (found: unknown, wanted: number): boolean => Math.abs((found as number) / wanted - 1) < 1e-12;
    t.true(close(change?.value, Math.sqrt(104 / 90)), `${title}: ${change?.value}`);
    t.true(close(cosine?.value, -6 / Math.sqrt(2 * 90)), `${title}: ${cosine?.value}`);
  }
});

test('a total counts and lists what it is of', async (t) => {
  const matrix = [f64(100, 200, 300, 400), f64(100, 200, 300, 401)] as const;
  const norm = [f64(1, 1), f64(2, 2.1)] as const;
  const same = [f64(Number.NaN, Number.NaN), f64(Number.NaN, Number.NaN)] as const;
  const [both] = await hold({ 'a.weight': matrix, 'b.weight': same, norm }, 'total(change)>5%');
  t.deepEqual(words(both!).slice(2), ['0.18% over 2 tensors', 'a.weight 0.18%', 'b.weight 0%']);
  const [alone] = await hold({ 'a.weight': [matrix[0], matrix[0]], norm }, 'total(change)>5%');
  t.is(alone?.status, 'passed', 'the norm is small against the matrix');
  t.is(alone?.tensors, 2, 'where no matrix changed, all weights');
});

test('results by hand are looked at field by field', async (t) => {
  const live = await comparison;
  const [good] = checkRules(live, { failOn: ['nan'] });
  for (const bad of [
    { status: 'bogus' },
    { worst: [null] },
    { worst: [{ name: 'x', value: null }] },
    { value: '1' },
    { tensors: -1 },
    { broken: undefined },
  ])
    t.throws(() => renderReport(live, { rules: [{ ...good, ...bad }] as never }), { code: 'E_ARGUMENT' }, JSON.stringify(bad));
  t.notThrows(() => renderReport(live, { rules: [good!] }));
});

test('a text of very many rules, and a long rule in full', async (t) => {
  const live = await comparison;
  const [good] = checkRules(live, { failOn: ['nan'] });
  const rule = `nan@{${'layers.*,'.repeat(20)}head}`;
  const text = renderReport(live, {
    format: 'text',
    rules: [{ ...good!, rule }, ...Array.from({ length: 150_000 }, () => good!)],
  });
  t.true(text.includes(`  pass  ${rule}  `));
  t.regex(text, /\n150,001 rules kept\n/);
});

test('Inf in place of NaN is new in rules, in the analysis, and first among the tensors', async (t) => {
  const side = (broken: number, scale: number): Checkpoint =>
    Checkpoint.fromTensors(
      new Map([
        ['b.weight', { data: f64(1, broken, 3, 4), shape: [2, 2] }],
        ['a.weight', { data: f64(1, 2, 3, 4 * scale), shape: [2, 2] }],
      ]),
    );
  const changed = await compare(side(Number.NaN, 1), side(Infinity, 2));
  t.is(checkRules(changed, { failOn: ['nan'] })[0]?.status, 'failed');
  const { insights } = analyze(changed);
  t.true(
    insights.some(({ code }) => code === 'non_finite_appeared'),
    JSON.stringify(insights.map(({ code }) => code)),
  );
  const text = renderReport(changed, { format: 'markdown' });
  t.regex(text, /Most changed[^]*`b\.weight`[^]*`a\.weight`/);
});

test('a total has no number where weights are stored as codes', async (t) => {
  const examples = fileURLToPath(new URL('../examples/tiny-gpt/', import.meta.url));
  const quantised = await compare(`${examples}base`, `${examples}fp8`, { raw: true });
  t.deepEqual(outcomes(checkRules(quantised, { failOn: ['total(change)>5%'] })), ['failed total(change)>5%']);
  const metrics = JSON.parse(renderReport(quantised, { format: 'metrics' })) as Record<string, number>;
  t.deepEqual([metrics['change'], metrics['changed_tensors'] !== undefined], [undefined, true]);
  const same = await compare(`${examples}fp8`, `${examples}fp8`, { raw: true });
  t.deepEqual(outcomes(checkRules(same, { failOn: ['total(change)>5%'] })), ['passed total(change)>5%']);
});
