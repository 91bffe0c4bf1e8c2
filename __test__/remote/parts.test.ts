/** Checkpoints of servers in parts: every part reads the version that was planned, or none. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { combineParts, comparePart, ModelDiffError, planParts, renderReport } from 'model-diff';
import { compareWhole } from '../helpers/parts.ts';
import { makeFolder } from '../helpers/safetensors.ts';
import { type Answer, hub, sendRange, serve, type TestServer } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

const [OLD, NEW, OTHER] = [1, 2, 3].map((seed) => encodeTensors({ a: [seed, 2, 3], b: [seed, 5] })) as [Buffer, Buffer, Buffer];

async function using(t: ExecutionContext, answer: Answer, folder: string | null = null): Promise<TestServer> {
  const server = await serve(folder, answer);
  t.teardown(server.close);
  return server;
}

async function refused(t: ExecutionContext, work: () => Promise<unknown>): Promise<ModelDiffError> {
  const error = await t.throwsAsync(work, { instanceOf: ModelDiffError });
  return error ?? t.fail();
}

test('a URL is planned without its query, and held to its tag', async (t) => {
  let [served, tag] = [NEW, '"one"'];
  const server = await using(t, (request, response) => sendRange(request, response, served, { etag: tag }));
  const old = join(makeTree({ 'old.safetensors': OLD }), 'old.safetensors');
  const run = makeFolder();
  const address = `${server.url}/new.safetensors`;
  await planParts(old, `${address}?signature=SECRET`, run, { parts: 2 });
  const text = readFileSync(join(run, 'plan.json'), 'utf8');
  t.false(text.includes('SECRET'));
  t.true(text.includes(JSON.stringify(address)));
  for (const part of [1, 2]) await comparePart(run, part);
  t.is(renderReport(await combineParts(run, { provenance: false }), { format: 'json' }), await compareWhole(old, address));
  // Of the same size, so that nothing but the tag tells.
  [served, tag] = [OTHER, '"two"'];
  for (const work of [() => comparePart(run, 1, { force: true }), () => combineParts(run)]) {
    const error = await refused(t, work);
    t.is(error.code, 'E_PLAN_MISMATCH');
    t.regex(error.message, /new\.safetensors of the new checkpoint is version "two", and was planned as "one"/);
  }
});

test('a file whose server tells no version of it is not planned', async (t) => {
  const server = await using(t, (request, response) => sendRange(request, response, NEW, { etag: 'W/"weak"' }));
  const address = `${server.url}/m.safetensors`;
  const error = await refused(t, () => planParts(address, address, makeFolder(), { parts: 2 }));
  t.is(error.code, 'E_ARGUMENT');
  t.regex(error.message, /m\.safetensors cannot be compared in parts: its server gives neither a strong ETag nor a date/);
  t.is(error.hint, 'download it, and plan the copy');
});

test.serial('a model of the hub is planned at its commit, wherever its branch goes', async (t) => {
  const [first, second] = ['1', '2'].map((digit) => digit.repeat(40)) as [string, string];
  const at = (weights: Buffer, sha: string): Answer =>
    hub({ folder: makeTree({ 'model.safetensors': weights }), names: ['model.safetensors'], sha });
  let answer = at(NEW, first);
  const server = await using(t, (...asked) => answer(...asked));
  const before = { HF_ENDPOINT: process.env['HF_ENDPOINT'], HF_HUB_CACHE: process.env['HF_HUB_CACHE'] };
  t.teardown(() => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  Object.assign(process.env, { HF_ENDPOINT: server.url, HF_HUB_CACHE: makeFolder() });
  const old = join(makeTree({ 'old.safetensors': OLD }), 'old.safetensors');
  const run = makeFolder();
  await planParts(old, 'hf://org/name', run, { parts: 2 });
  await comparePart(run, 1);
  // The branch moves on to other weights of the same sizes.
  const moved = at(OTHER, second);
  answer = (request, response, count) =>
    (request.url?.includes(first) === true ? at(NEW, first) : moved)(request, response, count);
  await comparePart(run, 2);
  const combined = renderReport(await combineParts(run, { provenance: false }), { format: 'json' });
  t.is(combined, await compareWhole(old, `hf://org/name@${first}`));
  const plan = { old, new: 'hf://org/name', options: { parts: 2 } };
  const error = await refused(t, () => comparePart(run, 2, { plan, force: true }));
  t.is(error.code, 'E_PLAN_MISMATCH');
  t.regex(error.message, new RegExp(`of the new checkpoint is version ${second}, and was planned as ${first}`));
});
