/** Checkpoints of servers in parts: every part reads the version that was planned, or none. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { combineParts, comparePart, ModelDiffError, planParts, renderReport } from 'model-diff';
import { compareWhole } from '../helpers/parts.ts';
import { encodeRaw, makeFolder } from '../helpers/safetensors.ts';
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

const [FIRST, SECOND] = ['1', '2'].map((digit) => digit.repeat(40)) as [string, string];

/** Sets the environment of the hub for one test, which must be serial. */
function environment(t: ExecutionContext, endpoint: string): void {
  const before = ['HF_ENDPOINT', 'HF_HUB_CACHE'].map((name) => [name, process.env[name]] as const);
  t.teardown(() => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  Object.assign(process.env, { HF_ENDPOINT: endpoint, HF_HUB_CACHE: makeFolder() });
}

/** A cache of the hub as huggingface_hub fills it, at a time of its own. */
function makeCache(commits: Readonly<Record<string, Readonly<Record<string, Uint8Array | string>>>>, main: string): string {
  const model = join(makeFolder(), 'models--org--name');
  for (const [commit, files] of Object.entries(commits))
    for (const [name, content] of Object.entries(files)) {
      const link = join(model, 'snapshots', commit, name);
      const blob = join(model, 'blobs', createHash('sha256').update(content).digest('hex'));
      for (const path of [link, blob]) mkdirSync(dirname(path), { recursive: true });
      writeFileSync(blob, content);
      utimesSync(blob, (caches += 1), caches);
      symlinkSync(relative(dirname(link), blob), link);
    }
  mkdirSync(join(model, 'refs'));
  writeFileSync(join(model, 'refs/main'), main);
  return dirname(model);
}

let caches = 1_700_000_000;

const asJson = async (run: string): Promise<string> =>
  renderReport(await combineParts(run, { provenance: false }), { format: 'json' });

test.serial('a model of the hub is planned at its commit, wherever its branch goes', async (t) => {
  const at = (weights: Buffer, sha: string): Answer =>
    hub({ folder: makeTree({ 'model.safetensors': weights }), names: ['model.safetensors'], sha });
  let answer = at(NEW, FIRST);
  const server = await using(t, (...asked) => answer(...asked));
  environment(t, server.url);
  const old = join(makeTree({ 'old.safetensors': OLD }), 'old.safetensors');
  const run = makeFolder();
  await planParts(old, 'hf://org/name', run, { parts: 2 });
  await comparePart(run, 1);
  // The branch moves on to other weights of the same sizes.
  const moved = at(OTHER, SECOND);
  answer = (request, response, count) =>
    (request.url?.includes(FIRST) === true ? at(NEW, FIRST) : moved)(request, response, count);
  await comparePart(run, 2);
  t.is(await asJson(run), await compareWhole(old, `hf://org/name@${FIRST}`));
  const plan = { old, new: 'hf://org/name', options: { parts: 2 } };
  const error = await refused(t, () => comparePart(run, 2, { plan, force: true }));
  t.is(error.code, 'E_PLAN_MISMATCH');
  t.regex(error.message, new RegExp(`of the new checkpoint is version ${SECOND}, and was planned as ${FIRST}`));
});

test.serial('a commit of the hub is the same checkpoint in every cache, and in none', async (t) => {
  const config = { 'config.json': '{"model_type":"llama"}', 'generation_config.json': '{"top_k":3}' };
  const files = { ...config, 'model.safetensors': NEW };
  const server = await using(t, hub({ folder: makeTree(files), names: Object.keys(files), sha: FIRST }));
  environment(t, server.url);
  const old = join(makeTree({ 'old.safetensors': OLD }), 'old.safetensors');
  const { 'generation_config.json': _, ...few } = files;
  const places: readonly (readonly [name: string, cache: string])[] = [
    ['a cache', makeCache({ [FIRST]: files }, FIRST)],
    ['another, where the branch is at another commit', makeCache({ [FIRST]: files, [SECOND]: files }, SECOND)],
    ['one with less of the configuration', makeCache({ [FIRST]: few }, FIRST)],
    ['no cache', makeFolder()],
  ];
  const reports = new Set<string>();
  for (const [name, cache] of [places[0], places[3]] as typeof places) {
    process.env['HF_HUB_CACHE'] = cache;
    const run = makeFolder();
    const { new: side } = await planParts(old, 'hf://org/name', run, { parts: places.length });
    t.is(side.path, `hf://org/name@${FIRST}`, name);
    t.deepEqual(side.files, [{ name: 'model.safetensors', bytes: NEW.length, modified: null, version: FIRST }]);
    for (const [at, [elsewhere, other]] of places.entries()) {
      process.env['HF_HUB_CACHE'] = other;
      t.false((await comparePart(run, at + 1)).wasComplete, `planned in ${name}, compared in ${elsewhere}`);
      t.true((await comparePart(run, at + 1)).wasComplete);
    }
    t.is(await asJson(run), await compareWhole(old, `hf://org/name@${FIRST}`));
    for (const complete of [0, 1, 3]) {
      process.env['HF_HUB_CACHE'] = places[complete]?.[1];
      reports.add(await asJson(run));
    }
    // By the folder of the model in a cache too, which stands for its branch.
    t.is((await combineParts(run, { new: join(places[0]?.[1] ?? '', 'models--org--name') })).summary.comparedTensors, 2);
  }
  t.is(reports.size, 1, 'the report is the same too');
});

test.serial('another commit is refused, also where a cache calls it by the name of the branch', async (t) => {
  const server = await using(
    t,
    hub({ folder: makeTree({ 'model.safetensors': NEW }), names: ['model.safetensors'], sha: FIRST }),
  );
  environment(t, server.url);
  const old = join(makeTree({ 'old.safetensors': OLD }), 'old.safetensors');
  const run = makeFolder();
  await planParts(old, 'hf://org/name', run, { parts: 2 });
  // The same bytes, so that nothing but the commit tells.
  process.env['HF_HUB_CACHE'] = makeCache({ [SECOND]: { 'model.safetensors': NEW } }, SECOND);
  const asked = server.asked.length;
  for (const work of [
    () => comparePart(run, 1, { plan: { old, new: 'hf://org/name', options: { parts: 2 } } }),
    () => comparePart(run, 1, { new: 'hf://org/name' }),
    () => combineParts(run, { new: 'hf://org/name', allowPartial: true }),
  ]) {
    const error = await refused(t, work);
    t.is(error.code, 'E_PLAN_MISMATCH');
    t.regex(error.message, new RegExp(`of the new checkpoint is version ${SECOND}, and was planned as ${FIRST}`));
  }
  t.is(server.asked.length, asked, 'the cache says what the branch is');
});

test.serial('a file in a snapshot that leads out of its cache is one of this machine', async (t) => {
  const server = await using(t, () => false);
  environment(t, server.url);
  const cache = makeCache({ [FIRST]: { 'config.json': '{}' } }, FIRST);
  const outside = join(makeTree({ 'model.safetensors': NEW }), 'model.safetensors');
  symlinkSync(outside, join(cache, 'models--org--name/snapshots', FIRST, 'model.safetensors'));
  process.env['HF_HUB_CACHE'] = cache;
  const run = makeFolder();
  const { new: side } = await planParts('hf://org/name', 'hf://org/name', run, { parts: 1 });
  t.is(side.files[0]?.version, null);
  utimesSync(outside, 1, 1);
  t.is((await refused(t, () => comparePart(run, 1))).code, 'E_PLAN_MISMATCH');
});

test.serial('an adapter is planned at its commit too, and from a URL without its query', async (t) => {
  const fixture = fileURLToPath(new URL('../fixtures/adapters/plain/adapter', import.meta.url));
  const base = fileURLToPath(new URL('../fixtures/adapters/base/f32', import.meta.url));
  const at = (sha: string): Answer => hub({ folder: fixture, names: readdirSync(fixture), sha });
  let main = FIRST;
  const server = await using(t, (request, response, count) =>
    at(request.url?.includes(FIRST) === true ? FIRST : main)(request, response, count),
  );
  environment(t, server.url);
  const run = makeFolder();
  const planned = await planParts(base, base, run, { parts: 2, new: { adapter: 'hf://org/name' } });
  t.is(planned.options.new?.adapter, `hf://org/name@${FIRST}`);
  await comparePart(run, 1);
  main = SECOND;
  await comparePart(run, 2);
  t.is(await asJson(run), await compareWhole(base, base, { new: { adapter: `hf://org/name@${FIRST}` } }));
  const files = await using(t, () => false, fixture);
  const address = `${files.url}/adapter_model.safetensors`;
  const signed = `${address}?signature=SECRET`;
  const other = makeFolder();
  await planParts(base, base, other, { parts: 1, new: { adapter: signed } });
  const text = readFileSync(join(other, 'plan.json'), 'utf8');
  t.false(text.includes('SECRET'));
  t.true(text.includes(JSON.stringify(address)));
  await comparePart(other, 1, { newAdapter: signed });
  t.true(files.asked.at(-1)?.url.includes('SECRET'));
});

test('a part of a large tensor asks for its own bytes only, in as few requests as they take', async (t) => {
  const [WINDOW, UNIT] = [4 * 2 ** 20, 8 * 2 ** 20];
  const tensors = ['a', 'b'].map((name) => [name, { dtype: 'F32', shape: [2 ** 22] }] as const);
  const header = Object.fromEntries(
    tensors.map(([name, tensor], at) => [name, { ...tensor, data_offsets: [2 * UNIT * at, 2 * UNIT * (at + 1)] }]),
  );
  const file = encodeRaw(JSON.stringify(header), Buffer.alloc(4 * UNIT, 1));
  const server = await using(t, () => false, makeTree({ 'a.safetensors': file, 'b.safetensors': file }));
  const run = makeFolder();
  await planParts(`${server.url}/a.safetensors`, `${server.url}/b.safetensors`, run, { parts: 4 });
  for (const part of [3, 1, 4, 2]) {
    const before = server.asked.length;
    await comparePart(run, part, { threads: 2 });
    const ranges = server.asked.slice(before).map(
      ({ range }) =>
        /(\d+)-(\d+)/
          .exec(range ?? '')
          ?.slice(1)
          .map(Number) ?? [],
    );
    const bytes = ranges.reduce((sum, [first = 0, last = 0]) => sum + last + 1 - first, 0);
    // Of each side the first bytes, and a unit.
    t.true(ranges.length <= 2 * (1 + UNIT / WINDOW), `part ${part}: ${ranges.length} requests`);
    t.true(bytes <= 2 * (UNIT + 2 ** 17), `part ${part}: ${bytes} bytes`);
  }
});
