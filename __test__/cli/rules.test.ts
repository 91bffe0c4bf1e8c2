import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { example, ROOT, run } from './cli.ts';
import { allBroken, base, broken, check, folder, grown, half, OLD, tuned, wide, write, zero, type Saved } from './rule-files.ts';
import { writeSafetensors } from './safetensors.ts';

test.after.always(folder.remove);

for (const [rule, passes, fails, message, worst] of [
  ['nan', tuned, broken, 'new NaN or Inf in 1 of 4 tensors', 'block.0.half 1 NaN'],
  ['nonfinite@block.*', tuned, allBroken, 'new NaN or Inf in 1 of 3 tensors', 'block.0.half 1 NaN and 1 Inf'],
  ['structure', tuned, grown, '1 added', 'head.weight added'],
  ['structure@block.*', grown, wide, '1 reshaped', 'block.0.half [2] → [3]'],
  ['dtype', tuned, half, 'another dtype in 1 of 4 tensors', 'block.0.half f32 → f16'],
  ['coverage<100%', tuned, grown, '80% of the elements were compared', null],
  ['change>60%', base, tuned, '1 of 4 tensors, up to 141%', 'block.1.turned 141%'],
  ['change >= .5 @ *half*', base, tuned, '1 of 1 tensor, up to 50%', 'block.0.half 50%'],
  ['change>5%@*norm*', tuned, null, '', null],
  ['changed_elements>0@*same', tuned, null, '', null],
  ['changed_elements>0@*norm*', base, tuned, '1 of 1 tensor, up to 1', 'norm.weight 1'],
  ['min(cosine)<0.98', base, tuned, '0.000 over 4 tensors', 'block.1.turned 0.000'],
  ['max(l2_diff)>2', base, tuned, '2.5 over 4 tensors', 'block.0.half 2.5'],
  ['mean(relative_change)>20%', base, tuned, '48% over 4 tensors', 'block.1.turned 141%'],
  ['total(changed_elements)>4', base, tuned, '5 over 4 tensors', 'block.0.half 2'],
  ['new_norm<=2.5@*half*', base, tuned, '1 of 1 tensor, down to 2.5', 'block.0.half 2.5'],
  ['nan_new>0', base, broken, '1 of 4 tensors, up to 1', 'block.0.half 1'],
  ['nan_new>1', broken, null, '', null],
  ['total(nan_new)>=1', base, broken, '1 over 4 tensors', 'block.0.half 1'],
  ['inf_new>0@block.0.*', broken, allBroken, '1 of 2 tensors, up to 1', 'block.0.half 1'],
  ['one_minus_cos>1e-3@*turned', base, tuned, '1 of 1 tensor, up to 1', 'block.1.turned 1'],
] as const) {
  test(`${rule} passes and fails`, async (t) => {
    const [code, [passed]] = await check(base, passes, '--fail-on', rule);
    t.deepEqual([code, passed?.rule, passed?.status, passed?.broken], [0, rule, 'passed', 0]);
    if (fails === null) return;
    const [status, [failed]] = await check(base, fails, '--fail-on', rule);
    t.deepEqual([status, failed?.status, failed?.message], [1, 'failed', message]);
    if (worst !== null) t.is(`${failed?.worst[0]?.name} ${failed?.worst[0]?.note}`, worst);
  });
}

test('total(change) is the number of the verdict', async (t) => {
  const [base, tuned] = [example('base'), example('sft')];
  const { stdout } = await run([base, tuned, '--json', '--fail-on', 'total(change)>5.8%', '--fail-on', 'total(cosine)<0.99']);
  const { analysis, rules } = JSON.parse(stdout) as Saved & { analysis: { summary: { change: number; cosine: number } } };
  t.deepEqual(
    rules.map(({ value, status }) => [value, status]),
    [
      [analysis.summary.change, 'passed'],
      [analysis.summary.cosine, 'passed'],
    ],
  );
  const [code, [failed]] = await check(base, tuned, '--fail-on', 'total(change)>5.7%');
  t.deepEqual(
    [code, failed?.message],
    [1, '5.71% over 44 tensors'],
    'of the matrices, with the digits that tell it from the limit',
  );
});

test('unsafe and config pass and fail', async (t) => {
  const torch = (name: string): string => join(ROOT, '__test__', 'fixtures', 'torch', name);
  const hostile = join(ROOT, '__test__', 'fixtures', 'hostile', 'call_os_system.pt');
  const [safe, [kept]] = await check(torch('basic.pt'), torch('basic.pt'), '--fail-on', 'unsafe');
  t.deepEqual([safe, kept?.message], [0, 'no finding']);
  const [unsafe, [found]] = await check(hostile, hostile, '--fail-on', 'unsafe');
  t.deepEqual([unsafe, found?.status], [1, 'failed']);
  t.regex(found?.worst[0]?.note ?? '', /os\.system/);
  const folders = [1, 2].map((layers) => {
    const path = join(folder.path, `config-${layers}`);
    mkdirSync(path);
    writeFileSync(join(path, 'config.json'), JSON.stringify({ layers }));
    writeSafetensors(join(path, 'model.safetensors'), OLD);
    return path;
  });
  const [one = '', two = ''] = folders;
  t.is((await check(one, one, '--fail-on', 'config'))[0], 0);
  const [differs, [keys]] = await check(one, two, '--fail-on', 'config');
  t.deepEqual([differs, keys?.worst], [1, [{ name: 'layers', value: null, note: '1 → 2' }]]);
  const [absent, [nothing]] = await check(one, tuned, '--fail-on', 'config');
  t.deepEqual([absent, nothing?.message], [1, 'not available on the new side, which is a single file']);
});

test('what is not a number breaks a rule on numbers', async (t) => {
  for (const [old, next, rule, note] of [
    [base, broken, 'change>200%', 'new NaN or Inf'],
    [base, grown, 'change>200%', 'added'],
    [grown, base, 'max(change)>200%', 'removed'],
    [base, wide, 'changed_elements>0@*half', 'another shape'],
    [zero, base, 'relative_change>1000%', 'all zeros before'],
    [zero, base, 'min(cosine)<-1', 'all zeros before'],
    [base, broken, 'total(change)>200%', 'new NaN or Inf'],
    [base, grown, 'total(change)>200%', 'added'],
    [base, wide, 'total(cosine)<-1', 'another shape'],
  ] as const) {
    const [code, [result]] = await check(old, next, '--fail-on', rule);
    t.deepEqual(
      [code, result?.status, result?.worst[0]],
      [1, 'failed', { name: old === grown || next === grown ? 'head.weight' : 'block.0.half', value: null, note }],
      rule,
    );
  }
  t.is((await check(zero, base, '--fail-on', 'change>100%'))[0], 0, 'from zero is a change of 1');
  t.is((await check(zero, base, '--fail-on', 'change>=100%'))[0], 1);
});

test('--allow-nonfinite judges by the rest of the elements', async (t) => {
  const [code, [result]] = await check(base, broken, '--fail-on', 'change>5%', '--allow-nonfinite');
  t.deepEqual([code, result?.message], [0, '4 tensors, up to 0%']);
  const [none, [empty]] = await check(base, allBroken, '--fail-on', 'change>5%', '--allow-nonfinite');
  t.deepEqual([none, empty?.worst[0]?.note], [1, 'no finite element']);
  t.is((await check(base, broken, '--fail-on', 'nan', '--allow-nonfinite'))[0], 1);
});

test('a pattern that matches nothing is trouble, and outranks a broken rule', async (t) => {
  const { code, stdout, stderr } = await run([base, tuned, '--fail-on', 'change>5%', '--fail-on', 'change>5%@nope*']);
  t.is(code, 2);
  t.regex(
    stdout,
    /\n2 of 2 rules broken\n {2}FAIL {2}change>5% {8}.*\n.*\n {2}FAIL {2}change>5%@nope\* {2}the pattern matches no tensor\n/,
  );
  t.regex(
    stderr,
    /error\[E_ARGUMENT\]: no tensor matches the pattern of the rule change>5%@nope\*\nhint: names are such as block\.0\.half/,
  );
});

test('a pattern that matches is no mistake, even where no tensor has the number', async (t) => {
  const [code, [gone]] = await check(grown, base, '--fail-on', 'nan_new>1@head*');
  t.deepEqual([code, gone?.status, gone?.tensors, gone?.message], [0, 'passed', 0, '0 tensors']);
  t.is((await check(grown, base, '--fail-on', 'max(nan_new)>1@head*'))[0], 1, 'there is no largest of nothing');
});

test('a tensor that could not be read breaks a rule, in a saved comparison too', async (t) => {
  const [old, next] = ['XX', 'YY'].map((dtype) => write(`strange-${dtype}`, [...OLD, { name: 'strange', dtype, shape: [2] }]));
  const json = join(folder.path, 'strange.json');
  t.is((await run([old ?? '', next ?? '', '-q', '-o', json])).code, 2);
  t.is((await run(['report', json, '-q'])).code, 0, 'nothing was asked');
  for (const [rule, message] of [
    ['nan', 'new NaN or Inf in none of 5 tensors, 1 could not be read'],
    ['dtype', 'another dtype in none of 5 tensors, 1 could not be read'],
    ['structure', 'same names and shapes in 4 tensors, 1 could not be read'],
    ['change>5%', '1 of 5 tensors without a number'],
    ['nan_new>1', '1 of 5 tensors without a number'],
    ['total(change)>5%', 'no number: 1 of 5 tensors without one'],
  ] as const) {
    const { code, stdout, stderr } = await run(['report', json, '--json', '--fail-on', rule]);
    const [result] = (JSON.parse(stdout) as Saved).rules;
    t.deepEqual([code, result?.status, result?.broken, result?.message], [2, 'failed', 1, message], rule);
    t.deepEqual(result?.worst[0], { name: 'strange', value: null, note: 'could not be read' }, rule);
    t.true(stderr.endsWith('error: 1 tensor could not be compared; the report says why\n'), stderr);
  }
  t.is((await run(['report', json, '-q', '--fail-on', 'nan@norm*'])).code, 2, 'whatever the pattern');
  const { stdout } = await run(['report', json, '-f', 'github', '--fail-on', 'dtype', '--fail-on', 'nan@norm*']);
  t.regex(stdout, /^::error title=Rule broken%3A dtype::.*\n::error title=1 tensor could not be compared::.*\n::/);
});

test('a malformed rule names the place and the nearest right word, before anything is read', async (t) => {
  for (const [rule, message] of [
    ['chnage>5%', /"chnage" \(character 1\)\nhint: did you mean change\?/],
    ['structur', /"structur" \(character 1\)\nhint: did you mean structure\?/],
    ['min(cosin)<1', /no metric "cosin" \(character 5\)\nhint: did you mean cosine\?/],
    ['mean_of(cosine)<1', /no aggregate "mean_of" \(character 1\)\nhint: there are min, max, mean and total/],
    ['min>5', /min needs a metric in brackets \(character 4\)\nhint: for example 'min\(cosine\)<0\.98'/],
    ['change', /expected > >= < or <= after change, found nothing \(character 7\)\nhint: for example 'change>0\.05'/],
    ['coverage', /after coverage, found nothing \(character 9\)\nhint: for example 'coverage<100%'/],
    ['change=5%', /expected > >= < or <= after change, found "=5%" \(character 7\)/],
    ['change>five', /expected a number such as 0\.05 or 5% after >, found "five" \(character 7\)/],
    ['change>1e999', /expected a number/],
    ['change>5%@', /expected a pattern of tensors after the @ \(character 11\)/],
    ['change>5%@[a', /^error\[E_ARGUMENT\]: --fail-on "change>5%@\[a" has the pattern "\[a" with an open bracket/],
    ['nan>5', /nan stands alone, without >5 \(character 4\)\nhint: to allow some, use nan_new/],
    ['change>5', /change is never more than 2 \(character 7\)\nhint: did you mean 5%\?/],
    ['max(change)>=250%', /max\(change\) is never more than 200% \(character 12\)\n$/],
    ['coverage<100', /coverage is never more than 1 \(character 9\)\nhint: did you mean 100%\?/],
    ['change_ratio>50@*norm*', /hint: did you mean 50%\?/],
    ['cosine<-2', /cosine is never less than -1 \(character 7\)\n$/],
    ['nan_new<-1', /nan_new is never less than 0/],
    ['config@*', /takes no pattern \(character 8\)/],
    ['changed_elements>5%', /is a count, of which >5% means nothing \(character 17\)\nhint: change_ratio/],
    ['total(max_diff)>1', /a total of max_diff means nothing \(character 7\)\nhint: total takes change, /],
    ['', /expected a rule or metric \(character 1\)/],
  ] as const) {
    const { code, stdout, stderr } = await run(['nowhere', 'nowhere-either', '--fail-on', rule]);
    t.deepEqual([code, stdout], [2, ''], rule);
    t.true(stderr.startsWith('error[E_ARGUMENT]: --fail-on '), stderr);
    t.regex(stderr, message);
  }
});

test('a rule about two checkpoints is refused where there is one, or a series', async (t) => {
  for (const args of [
    ['inspect', base],
    ['series', base, tuned],
  ]) {
    const { code, stderr } = await run([...args, '--fail-on', 'nan']);
    t.deepEqual(
      [code, stderr],
      [2, `error[E_ARGUMENT]: --fail-on nan makes no sense for model-diff ${args[0]}\nhint: its only rule is unsafe\n`],
    );
    t.is((await run([...args, '--fail-on', 'unsafe'])).code, 0);
  }
});

test('NaN without a rule ends with 0 and says which rule would catch it', async (t) => {
  const { code, stderr } = await run([base, broken]);
  t.is(code, 0);
  t.regex(stderr, /\nhint: 1 tensor has new NaN or Inf; --fail-on nan would exit with 1\n$/);
  t.regex((await run([base, broken, '--fail-on', 'unsafe'])).stderr, /--fail-on nan would/);
  t.notRegex((await run([base, broken, '--fail-on', 'nan'])).stderr, /would/);
  t.notRegex((await run([broken, broken])).stderr, /would/, 'they were there before');
  t.is((await run([base, broken, '-q'])).stderr, '');
});

test('every report tells every rule, and a saved one again', async (t) => {
  const json = join(folder.path, 'rules.json');
  const rules = ['--fail-on', 'nan', '--fail-on', 'change>60%'];
  const outputs = ['md', 'html', 'txt'].flatMap((ending) => ['-o', join(folder.path, `rules.${ending}`)]);
  const { code, stderr } = await run([base, tuned, '-q', '--histogram', ...rules, '-o', json, ...outputs]);
  t.deepEqual([code, stderr], [1, 'FAIL change>60%: 1 of 4 tensors, up to 141%\n']);
  const read = (ending: string): string => readFileSync(join(folder.path, `rules.${ending}`), 'utf8');
  t.regex(
    read('txt'),
    /\n1 of 2 rules broken\n {2}FAIL {2}change>60% {2}1 of 4 tensors, up to 141%\n {8}block\.1\.turned 141%\n {2}pass {2}nan {9}new NaN or Inf in none of 4 tensors\n/,
  );
  t.regex(read('md'), /\n### 1 of 2 rules broken\n[^#]*\n\| \*\*FAIL\*\* \| `change>60%` \| .*`block\.1\.turned` 141%/);
  t.regex(read('md'), /\n\| pass \| `nan` \|/);
  t.regex(read('html'), /<h2>1 of 2 rules broken<\/h2>[^]*<code>change&gt;60%<\/code>/);
  for (const ending of ['md', 'html', 'txt']) {
    const again = join(folder.path, `again.${ending}`);
    t.is((await run(['report', json, '-q', '-o', again])).code, 0);
    t.is(readFileSync(again, 'utf8'), read(ending), ending);
  }
  const held = await run(['report', json, '--json', '--fail-on', 'change>200%', '--fail-on', 'nan']);
  t.is(held.code, 0);
  t.deepEqual(
    (JSON.parse(held.stdout) as Saved).rules.map(({ status }) => status),
    ['passed', 'passed'],
  );
  t.is((await run(['report', json, '-q', '--fail-on', 'structure', '--fail-on', 'change>1%'])).code, 1);
  t.is((await run(['report', json, '-q', '--fail-on', 'change>1%@nope'])).code, 2);
});
