import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { compare, loadCheckpoint, renderReport } from 'model-diff';
import { refusal } from '../helpers/refusal.ts';
import { hub, serve, type TestServer } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const TOKEN = 'hf_abcSECRETdef';

const INDEX = JSON.stringify({
  metadata: {},
  weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
});
const FILES = {
  'config.json': '{"model_type":"llama","hidden_size":3}',
  'tokenizer_config.json': '{"x":1}',
  'README.md': '# A model\n',
  'model.safetensors.index.json': INDEX,
  'model-00001-of-00002.safetensors': encodeTensors({ a: [1, 2, 3] }),
  'model-00002-of-00002.safetensors': encodeTensors({ b: Array.from({ length: 100_000 }, (_, at) => at) }),
  'extra/other.safetensors': encodeTensors({ c: [1] }),
};
const NAMES = Object.keys(FILES);

/** Sets the environment of the hub for one test, which must be serial. */
function environment(t: ExecutionContext, variables: Readonly<Record<string, string | undefined>>): void {
  const names = ['HF_ENDPOINT', 'HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HOME', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'XDG_CACHE_HOME'];
  const before = names.map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const name of names) set(name, variables[name]);
  if (variables['HF_HUB_CACHE'] === undefined) process.env['HF_HUB_CACHE'] = makeTree({ x: '' });
  t.teardown(() => {
    for (const [name, value] of before) set(name, value);
  });
}

async function startHub(
  t: ExecutionContext,
  folder: string,
  token?: string,
): Promise<{ readonly server: TestServer; readonly cdn: TestServer }> {
  const cdn = await serve(folder);
  const server = await serve(null, hub({ folder, names: NAMES, sha: SHA, cdn: cdn.url, ...(token !== undefined && { token }) }));
  t.teardown(cdn.close);
  t.teardown(server.close);
  return { server, cdn };
}

test.serial('a sharded model of the hub is read at one commit, and the token goes to the hub alone', async (t) => {
  const folder = makeTree(FILES);
  const { server, cdn } = await startHub(t, folder, TOKEN);
  environment(t, { HF_ENDPOINT: `${server.url}/`, HF_TOKEN: TOKEN });
  const remote = await loadCheckpoint('hf://org/name');
  const local = await loadCheckpoint(folder);
  t.is(remote.path, `hf://org/name@${SHA}`);
  t.deepEqual(remote.layerNames, local.layerNames);
  t.deepEqual(remote.config, local.config);
  t.deepEqual(remote.configs, local.configs);
  t.deepEqual(
    remote.leftOut.map(({ name, bytes, role }) => [name, bytes, role]),
    local.leftOut.map(({ name, bytes, role }) => [name, bytes, role]),
  );
  t.deepEqual(
    remote.findings.map(({ code, message }) => [code, message]),
    local.findings.map(({ code, message }) => [code, message]),
  );
  t.deepEqual((await remote.getTensor('b', { as: 'f32' })).data, (await local.getTensor('b', { as: 'f32' })).data);
  remote.close();
  local.close();
  t.true(server.asked.every(({ authorization }) => authorization === `Bearer ${TOKEN}`));
  t.true(cdn.asked.length > 0 && cdn.asked.every(({ authorization }) => authorization === undefined));
  t.is(server.asked.filter(({ url }) => url.startsWith('/api/')).length, 1);
});

test.serial('JSON of models of the hub is that of the same folders, but for what names them', async (t) => {
  const folder = makeTree(FILES);
  const { server } = await startHub(t, folder);
  environment(t, { HF_ENDPOINT: server.url });
  const render = (one: string): Promise<string> => write(one);
  const write = async (one: string): Promise<string> => {
    const comparison = await compare(one, one, { provenance: false });
    return JSON.stringify(JSON.parse(renderReport(comparison, { format: 'json' })));
  };
  const [remote, local] = [await render('hf://org/name'), await render(folder)];
  const name = folder.split('/').at(-1) ?? '';
  // Whole files that were not read: of servers they are not fetched to see whether they are the same.
  const blank = (text: string): string => text.replaceAll(`"${name}"`, '"name"').replaceAll('"same":true', '"same":null');
  t.is(blank(remote).length > 500, true);
  t.deepEqual(JSON.parse(blank(remote)).summary.tensors ?? null, JSON.parse(blank(local)).summary.tensors ?? null);
  t.deepEqual(JSON.parse(blank(remote)).parameters, JSON.parse(blank(local)).parameters);
});

test.serial('what the hub refuses', async (t) => {
  const folder = makeTree(FILES);
  const { server } = await startHub(t, folder, TOKEN);
  environment(t, { HF_ENDPOINT: server.url });
  const gated = await refusal('hf://org/name');
  t.is(gated.code, 'E_PERMISSION_DENIED');
  t.regex(gated.hint ?? '', /accept the licence of org\/name on its page, and set HF_TOKEN/);
  process.env['HF_TOKEN'] = 'hf_wrong';
  t.regex((await refusal('hf://org/name')).hint ?? '', /with the account of the token/);
  process.env['HF_TOKEN'] = TOKEN;
  const revision = await refusal('hf://org/name@nowhere');
  t.is(revision.code, 'E_NOT_FOUND');
  t.regex(
    revision.message,
    /the repository has no such revision \(http:\/\/127\.0\.0\.1:\d+\/api\/models\/org\/name\/revision\/nowhere\)$/,
  );
  t.is((await refusal('hf://org/other')).code, 'E_NOT_FOUND');
  t.is((await refusal('hf://org/name/absent.safetensors')).code, 'E_NOT_FOUND');
  process.env['HF_TOKEN'] = 'hf\u00e9';
  const strange = await refusal('hf://org/name');
  t.is(strange.code, 'E_ARGUMENT');
  t.false(strange.message.includes('hf\u00e9'));
});

test.serial('revisions, paths and web addresses', async (t) => {
  const folder = makeTree(FILES);
  const { server } = await startHub(t, folder);
  environment(t, { HF_ENDPOINT: server.url });
  for (const [address, names] of [
    ['hf://models/org/name@v1', ['a', 'b']],
    ['hf://org/name@refs/pr/1', ['a', 'b']],
    ['hf://org/name/extra', ['c']],
    ['hf://org/name/model-00001-of-00002.safetensors', ['a']],
    ['https://huggingface.co/org/name/blob/main/extra/other.safetensors', ['c']],
  ] as const) {
    const checkpoint = await loadCheckpoint(address);
    t.deepEqual(checkpoint.layerNames, names, address);
    checkpoint.close();
  }
  t.is((await refusal('hf://org')).code, 'E_ARGUMENT');
  t.is((await refusal('hf://org/name/../../x')).code, 'E_PATH_ESCAPE');
});

test.serial('the token of a file, where HF_TOKEN is not set', async (t) => {
  const folder = makeTree(FILES);
  const { server } = await startHub(t, folder, TOKEN);
  const home = makeTree({ token: `${TOKEN}\n` });
  environment(t, { HF_ENDPOINT: server.url, HF_HOME: home });
  (await loadCheckpoint('hf://org/name')).close();
  environment(t, { HF_ENDPOINT: server.url, HF_TOKEN_PATH: join(home, 'token') });
  (await loadCheckpoint('hf://org/name')).close();
  t.pass();
});

test.serial('what is in the local cache is read from there, and offline nothing else is', async (t) => {
  const folder = makeTree(FILES);
  const { server } = await startHub(t, folder);
  const model = 'models--org--name';
  const cache = makeTree({
    [`${model}/refs/main`]: SHA,
    ...Object.fromEntries(Object.entries(FILES).map(([name, content]) => [`${model}/snapshots/${SHA}/${name}`, content])),
    // A snapshot of which only the configuration was fetched.
    'models--org--part/refs/main': SHA,
    [`models--org--part/snapshots/${SHA}/config.json`]: '{}',
  });
  environment(t, { HF_ENDPOINT: server.url, HF_HUB_CACHE: cache });
  const cached = await loadCheckpoint('hf://org/name');
  t.is(cached.path, join(cache, model, 'snapshots', SHA));
  cached.close();
  t.is(server.asked.length, 0);
  await refusal('hf://org/part');
  t.is(server.asked.length, 1);
  process.env['HF_HUB_OFFLINE'] = '1';
  const error = await refusal('hf://org/other@v1');
  t.is(error.code, 'E_NOT_FOUND');
  t.regex(error.hint ?? '', /hf download org\/other --revision v1$/);
  t.is(server.asked.length, 1);
});

test.serial('answers that are not those of a hub', async (t) => {
  const cases: readonly (readonly [body: string, message: RegExp])[] = [
    ['<html>', /it is no JSON/],
    ['null', /it names no commit/],
    ['{"sha":"../../x","siblings":[]}', /it names no commit/],
    [`{"sha":"${SHA}"}`, /it names no files/],
    [`{"sha":"${SHA}","siblings":[{}]}`, /a file in it has no name/],
    [`{"sha":"${SHA}","siblings":[{"rfilename":"../x"}]}`, /leaves its folder/],
    [`{"sha":"${SHA}","siblings":[${'{"rfilename":"a"},'.repeat(100_001)}{"rfilename":"b"}]}`, /too many files/],
    [
      `{"sha":"${SHA}","siblings":[{"rfilename":"${'a'.repeat(33 * 2 ** 20)}"}]}`,
      /list of the files has more than 33554432 bytes/,
    ],
  ];
  for (const [body, message] of cases) {
    const server = await serve(null, (_, response) => {
      response.writeHead(200).end(body);
      return true;
    });
    environment(t, { HF_ENDPOINT: server.url });
    t.regex((await refusal('hf://org/name')).message, message);
    await server.close();
  }
  environment(t, { HF_ENDPOINT: 'ftp://x' });
  t.regex((await refusal('hf://org/name')).message, /HF_ENDPOINT must be a URL/);
});
