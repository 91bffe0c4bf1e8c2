/** PyTorch files through the package: which mapping is the model, what is left out, what is suspicious, what is capped. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Checkpoint, ModelDiff, ModelDiffError, loadCheckpoint } from 'model-diff';

import { run } from './cli/cli.ts';

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));
const torch = (name: string): string => join(fixtures, 'torch', name);
const hostile = (name: string): string => join(fixtures, 'hostile', name);
const codes = ({ findings }: Pick<Checkpoint, 'findings'>): string[] => findings.map(({ code }) => code);

test('the mapping that holds the model is found and told; key takes another', async (t) => {
  const found = await loadCheckpoint(torch('params_ema.pt'));
  t.is(found.format, 'pytorch');
  t.deepEqual(found.layerNames, ['0.weight', '0.bias', '2.weight', '2.bias']);
  t.regex(found.findings.find(({ code }) => code === 'ModelKey')?.message ?? '', /taken from "params_ema"; 4 other tensor/u);
  const asked = await loadCheckpoint(torch('params_ema.pt'), { key: 'params' });
  t.deepEqual(asked.layerNames, found.layerNames);
  const { summary } = await new ModelDiff().diff(found, asked);
  t.true(summary.modifiedParameters > 0);
  await t.throwsAsync(loadCheckpoint(torch('params_ema.pt'), { key: 'nothing' }), { instanceOf: ModelDiffError });
});

test('states of optimizers are left out and told, and opened on request', async (t) => {
  const plain = await loadCheckpoint(torch('wrapped_model_state_dict.pt'));
  t.true(codes(plain).includes('OptimizerStateSkipped'));
  const all = await loadCheckpoint(torch('wrapped_model_state_dict.pt'), { includeOptimizer: true });
  t.false(codes(all).includes('OptimizerStateSkipped'));
  t.is(all.layerNames.length, plain.layerNames.length + 12);
});

test('states of an optimizer that knows the names of its parameters bear them, and are no weights', async (t) => {
  const old = await loadCheckpoint(torch('optimizer_named.pt'));
  const { diffs, summary, coverage } = await new ModelDiff().diff(old, await loadCheckpoint(torch('optimizer_later.pt')));
  t.deepEqual([coverage, summary.comparedTensors], [1, 12]);
  t.true(diffs.some(({ name }) => name === 'state.head.weight.exp_avg'));
  const { code, stdout } = await run([torch('optimizer_named.pt'), torch('optimizer_later.pt'), '-q', '--format', 'text']);
  t.is(code, 0);
  t.regex(stdout, /^Optimizer states: step 2 → 5, first moments have a cosine of 1\.00 and changed by \d+%\.$/mu);
  t.regex(stdout, /^state\.fc\.bias\.exp_avg_sq +>99%/mu);
  t.notRegex(stdout, /no known layer type/u);
});

test('of two optimizers only one knows the names of its parameters: nothing in common, and what can be done', async (t) => {
  const files = [torch('optimizer_named.pt'), torch('optimizer.pt')];
  const { code, stderr } = await run([...files, '-q']);
  t.is(code, 2);
  t.regex(stderr, /^hint: only one optimizer knows the names .* --rename-new '\^state\\\.0\\\.=>state\.NAME\.'$/mu);
  t.is((await run([...files, '-q', '--rename-new', '^state\\.2\\.=>state.head.weight.'])).code, 0);
});

test('tied tensors are named', async (t) => {
  const { findings } = await loadCheckpoint(torch('tied.pt'));
  t.regex(findings.find(({ code }) => code === 'SharedStorage')?.message ?? '', /embed\.weight, head\.weight/u);
});

test('a limit names itself and its option', async (t) => {
  const error = await t.throwsAsync(loadCheckpoint(torch('many.pt'), { limits: { tensors: 2 } }), { instanceOf: ModelDiffError });
  t.is(error.code, 'E_LIMIT_EXCEEDED');
  t.is(error.kind, 'Limit');
  t.regex(error.message, /limit tensors: expected at most 2, found 3/u);
  await t.throwsAsync(loadCheckpoint(torch('many.pt'), { limits: { nonsense: 2 } as object }), {
    code: 'E_ARGUMENT',
    message: /^limits has no option "nonsense"$/u,
  });
  await t.throwsAsync(loadCheckpoint(torch('many.pt'), { limits: { tensors: -1 } }), { code: 'E_ARGUMENT' });
});

test('a dangerous global never runs, is a finding with its place, and leaves the tensors comparable', async (t) => {
  const checkpoint = await loadCheckpoint(hostile('call_os_system.pt'));
  const [finding] = checkpoint.findings;
  t.like(finding, { code: 'GlobalDangerous', severity: 'critical', offset: 222 });
  t.regex(finding?.message ?? '', /os\.system/u);
  const { summary } = await new ModelDiff().diff(checkpoint, checkpoint);
  t.is(summary.identicalParameters, 1);
});

test('a sparse tensor whose index claims more than it holds is a row with its error', async (t) => {
  const checkpoint = await loadCheckpoint(hostile('sparse_wide_index.pt'));
  const { diffs, summary } = await new ModelDiff({ includeUnchanged: true }).diff(checkpoint, checkpoint);
  t.is(summary.failedParameters, 1);
  t.regex(diffs.find(({ name }) => name === 'w')?.error ?? '', /not as many places as values/u);
  t.is(diffs.find(({ name }) => name === 'x')?.identical, true);
});

test('sparse tensors that store another number of elements are a row with its error, whichever side has none', async (t) => {
  const none = await loadCheckpoint(hostile('sparse_none.pt'));
  const three = await loadCheckpoint(hostile('sparse_three.pt'));
  for (const [old, newer] of [
    [none, three],
    [three, none],
  ] as const) {
    const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(old, newer);
    const failed = diffs.filter(({ error }) => error !== null);
    t.true(failed.length > 0);
    for (const diff of failed) t.like(diff, { identical: false, l2Diff: null });
  }
});

test('bits of sparse elements that had to be added up are not compared', async (t) => {
  const checkpoint = await loadCheckpoint(torch('sparse_coo.pt'));
  const { diffs } = await new ModelDiff({ includeUnchanged: true }).diff(checkpoint, checkpoint);
  const counts = new Map(diffs.map(({ name, bitChanged }) => [name, bitChanged]));
  t.deepEqual([counts.get('coalesced'), counts.get('uncoalesced')], [0, null]);
  await t.throwsAsync(checkpoint.getTensor('uncoalesced', { as: 'raw' }), { code: 'E_UNSUPPORTED_LAYOUT' });
  t.true((await checkpoint.getTensor('uncoalesced')).data.length > 0);
});

test('what was found before a file broke comes with the error', async (t) => {
  const error = await t.throwsAsync(loadCheckpoint(hostile('broken_after_payload.pt')), { instanceOf: ModelDiffError });
  t.true(error.findings.some(({ code }) => code === 'GlobalDangerous'));
});

test('a deflated archive and views in any order compare with plain tensors by values', async (t) => {
  const native = await loadCheckpoint(torch('basic.pt'));
  const rezipped = await loadCheckpoint(torch('rezip_deflated.pt'));
  const { summary } = await new ModelDiff().diff(native, rezipped);
  t.is(summary.identicalParameters, native.layerNames.length);
  const views = await loadCheckpoint(torch('views.pt'));
  for (const name of views.layerNames) {
    const { data, shape, dtype } = await views.getTensor(name, { as: 'raw' });
    const copy = Checkpoint.fromTensors({ [name]: { data, shape, dtype } });
    t.is((await new ModelDiff({ include: [name] }).diff(views, copy)).summary.identicalParameters, 1, name);
  }
});

test('--fail-on unsafe ends with 1, --security lists, --key and --limit reach the reader', async (t) => {
  const unsafe = await run([hostile('call_os_system.pt'), hostile('call_os_system.pt'), '--fail-on', 'unsafe']);
  t.is(unsafe.code, 1);
  t.regex(unsafe.stderr, /critical\[GlobalDangerous\].*os\.system/u);
  t.is((await run([torch('basic.pt'), torch('basic.pt'), '--fail-on', 'unsafe'])).code, 0);
  const listed = await run(['inspect', '--security', hostile('call_os_system.pt')]);
  t.is(listed.code, 0);
  t.regex(listed.stdout, /GlobalDangerous.*offset 222/u);
  const broken = await run(['inspect', '--security', hostile('broken_after_payload.pt')]);
  t.is(broken.code, 2);
  t.regex(broken.stderr, /GlobalDangerous/u);
  const keyed = await run(['inspect', torch('params_ema.pt'), '--key', 'params', '--json']);
  t.is(keyed.code, 0);
  t.regex(keyed.stdout, /taken from \\"params\\"/u);
  const limited = await run(['inspect', torch('many.pt'), '--limit', 'tensors=2']);
  t.is(limited.code, 2);
  t.regex(limited.stderr, /error\[E_LIMIT_EXCEEDED\]/u);
  t.is((await run(['inspect', torch('many.pt'), '--limit', 'tensors'])).code, 2);
  t.is((await run([torch('basic.pt'), torch('basic.pt'), '--fail-on', 'nonsense'])).code, 2);
});
