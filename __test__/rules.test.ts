/** `checkRules` through the package: the same results for the same values, however they came, and reports that tell them. */
import test from 'ava';
import { Checkpoint, checkRules, compare, parseReport, renderReport } from 'model-diff';
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
