import { spawn } from 'node:child_process';
import { mkdirSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import {
  compare,
  compareSeries,
  compareStructure,
  createSeriesReport,
  hashCheckpoint,
  loadCheckpoint,
  renderReport,
} from 'model-diff';
import { example, run } from '../cli/cli.ts';
import { makeFolder } from '../helpers/safetensors.ts';
import { hub, readRange, sendRange, serve, type TestServer } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

async function start(t: ExecutionContext, folder: string): Promise<TestServer> {
  const server = await serve(folder);
  t.teardown(server.close);
  return server;
}

/** Copies two files into folders of one name each, as both sides of a comparison. */
function copySides(old: string, newer: string, name: string): string {
  const folder = makeFolder();
  for (const [side, path] of [
    ['old', old],
    ['new', newer],
  ] as const) {
    mkdirSync(join(folder, side));
    copyFileSync(path, join(folder, side, name));
  }
  return folder;
}

const PAIRS: readonly (readonly [format: string, old: string, newer: string, name: string])[] = [
  ['safetensors', example('base/model.safetensors'), example('lora-merged/model.safetensors'), 'model.safetensors'],
  ['torch', example('base-pt/pytorch_model.bin'), example('base-pt/pytorch_model.bin'), 'pytorch_model.bin'],
  ['gguf', fixture('gguf/aligned-256.gguf'), fixture('gguf/aligned-256.gguf'), 'model.gguf'],
  ['npz, stored', fixture('numpy/savez.npz'), fixture('numpy/savez.npz'), 'weights.npz'],
  ['npz, deflated', fixture('numpy/savez_compressed.npz'), fixture('numpy/savez_compressed.npz'), 'weights.npz'],
];
for (const [format, old, newer, name] of PAIRS) {
  test(`JSON of a remote comparison is that of the local one: ${format}`, async (t) => {
    const folder = copySides(old, newer, name);
    const server = await start(t, folder);
    const write = async (at: string, threads: number): Promise<string> => {
      const comparison = await compare(`${at}/old/${name}`, `${at}/new/${name}`, { provenance: false, threads, histogram: true });
      return renderReport(comparison, { format: 'json', includeRawData: true });
    };
    const local = await write(folder, 1);
    for (const threads of [1, 2, 8]) t.is(await write(server.url, threads), local, `${threads} threads`);
    t.true(local.length > 1000);
  });
}

test('a sharded model by the URL of its index, with the configuration beside it', async (t) => {
  const weights = { a: 'model-00001-of-00002.safetensors', b: 'model 2.safetensors' };
  const files = {
    'old/model.safetensors.index.json': JSON.stringify({ weight_map: weights }),
    'old/config.json': '{"hidden_size":3}',
    [`old/${weights.a}`]: encodeTensors({ a: [1, 2, 3] }),
    [`old/${weights.b}`]: encodeTensors({ b: Array.from({ length: 70_000 }, (_, at) => at) }),
  };
  const folder = makeTree(files);
  const server = await start(t, folder);
  const index = 'old/model.safetensors.index.json';
  const write = async (at: string): Promise<string> =>
    renderReport(await compare(`${at}/${index}`, `${at}/${index}`, { provenance: false }), { format: 'json' });
  t.is(await write(server.url), await write(folder));
  const missing = makeTree({ 'model.safetensors.index.json': JSON.stringify({ weight_map: weights }) });
  const other = await start(t, missing);
  await t.throwsAsync(loadCheckpoint(`${other.url}/model.safetensors.index.json`), { code: 'E_MISSING_SHARD' });
});

test('a series of remote checkpoints', async (t) => {
  const folder = copySides(example('base/model.safetensors'), example('lora-merged/model.safetensors'), 'model.safetensors');
  const server = await start(t, folder);
  const write = async (at: string): Promise<string> =>
    createSeriesReport(await compareSeries(['old', 'new', 'old'].map((side) => `${at}/${side}/model.safetensors`)), {
      format: 'csv',
    });
  t.is(await write(server.url), await write(folder));
});

const SHA = '0123456789abcdef0123456789abcdef01234567';

test.serial('the structure of two models of 200 shards takes at most two requests a shard', async (t) => {
  const names = Array.from({ length: 200 }, (_, at) => `model-${String(at + 1).padStart(5, '0')}-of-00200.safetensors`);
  // A shard whose header is longer than what is asked for of a file of which nothing is known.
  const experts = Array.from({ length: 2000 }, (_, at) => `layers.0.mlp.experts.${at}.down_proj.weight`);
  const files = (value: number): Record<string, string | Buffer> => ({
    'config.json': JSON.stringify({ hidden_size: value }),
    'model.safetensors.index.json': JSON.stringify({
      weight_map: Object.fromEntries([
        ...names.map((name, at) => [`layers.${at}.weight`, name]),
        ...experts.map((expert) => [expert, names[0]]),
      ]),
    }),
    ...Object.fromEntries(names.map((name, at) => [name, encodeTensors({ [`layers.${at}.weight`]: [value, 2, 3] })])),
    [names[0] ?? '']: encodeTensors({
      'layers.0.weight': [value, 2, 3],
      ...Object.fromEntries(experts.map((expert) => [expert, [value]])),
    }),
  });
  const [old, newer] = [makeTree(files(1)), makeTree(files(2))];
  const endpoint = process.env['HF_ENDPOINT'];
  const cache = process.env['HF_HUB_CACHE'];
  t.teardown(() => {
    for (const [name, value] of [
      ['HF_ENDPOINT', endpoint],
      ['HF_HUB_CACHE', cache],
    ] as const)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const cdn = await start(t, old);
  const server = await serve(null, hub({ folder: old, names: Object.keys(files(1)), sha: SHA, cdn: cdn.url }));
  t.teardown(server.close);
  process.env['HF_ENDPOINT'] = server.url;
  process.env['HF_HUB_CACHE'] = makeFolder();
  const plain = await start(t, newer);
  const found = await compareStructure('hf://org/name', `${plain.url}/model.safetensors.index.json`);
  t.is(found.sameTensors, 2200);
  t.deepEqual(found.configChanges, [{ key: 'hidden_size', old: 1, new: 2 }]);
  t.false(found.isSame);
  t.regex(
    found.verdict,
    /^All 2,200 tensors have the same names, shapes and dtypes, but 1 setting of the configuration differs\. The values were not read\.$/,
  );
  const asked = [...server.asked, ...cdn.asked].map(({ url }) => url);
  for (const name of names) {
    t.true(asked.filter((url) => url.includes(name)).length <= 2, name);
    t.is(plain.asked.filter(({ url }) => url.includes(name)).length, 1, name);
  }
  t.true(asked.length <= 2 * 200 + 10, `${asked.length} requests`);
  t.true(plain.asked.length <= 200 + 20, `${plain.asked.length} requests`);
});

test('the records of a torch file are placed without a request for each', async (t) => {
  const folder = makeTree({});
  copyFileSync(example('base-pt/pytorch_model.bin'), join(folder, 'model.bin'));
  const server = await start(t, folder);
  const checkpoint = await loadCheckpoint(`${server.url}/model.bin`);
  t.is(checkpoint.tensorInfo.size, 57);
  t.true(server.asked.length <= 3, `${server.asked.length} requests`);
  checkpoint.close();
});

test('a manifest is made in few requests', async (t) => {
  const values = Array.from({ length: 2 ** 20 }, (_, index) => index % 7);
  const folder = makeTree({ 'model.safetensors': encodeTensors({ a: values, b: values, c: values.slice(1) }) });
  const server = await start(t, folder);
  const manifest = await hashCheckpoint(`${server.url}/model.safetensors`);
  t.true(server.asked.length <= 4, `${server.asked.length} requests for 12 MiB`);
  const local = await hashCheckpoint(join(folder, 'model.safetensors'));
  t.is(manifest.hash, local.hash);
});

test('memory does not grow with the files', async (t) => {
  const bytes = 400 * 2 ** 20;
  const header = Buffer.from(JSON.stringify({ a: { dtype: 'F32', shape: [bytes / 4], data_offsets: [0, bytes] } }));
  const start = Buffer.concat([Buffer.alloc(8), header]);
  start.writeBigUInt64LE(BigInt(header.length));
  const size = start.length + bytes;
  const zeros = Buffer.alloc(2 ** 16);
  let sent = 0;
  const server = await serve(null, (request, response) => {
    const [first, last] = readRange(request.headers.range, size) ?? [0, 0];
    const length = last - first + 1;
    response.writeHead(206, { 'content-length': length, 'content-range': `bytes ${first}-${last}/${size}`, etag: '"a"' });
    let at = first;
    const send = (): void => {
      while (at <= last) {
        const piece =
          at < start.length
            ? start.subarray(at, Math.min(start.length, last + 1))
            : zeros.subarray(0, Math.min(zeros.length, last + 1 - at));
        at += piece.length;
        sent += piece.length;
        if (!response.write(piece)) {
          response.once('drain', send);
          return;
        }
      }
      response.end();
    };
    send();
    return true;
  });
  t.teardown(server.close);
  const program = `import { compare } from 'model-diff';
    const { isIdentical } = await compare('${server.url}/old.safetensors', '${server.url}/new.safetensors', { probes: false });
    console.log(JSON.stringify([isIdentical, process.resourceUsage().maxRSS * 1024]));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  const [isIdentical, peak] = JSON.parse(out) as [boolean, number];
  t.true(isIdentical);
  t.true(peak < 400e6, `${peak} bytes at most`);
  t.true(sent >= 2 * bytes && sent < 2.2 * bytes, `${sent} bytes were sent`);
});

test('signatures stay out of everything that is written', async (t) => {
  const folder = copySides(example('base/model.safetensors'), example('base/model.safetensors'), 'model.safetensors');
  const server = await start(t, folder);
  const paths = ['old', 'new'].map((side) => `${server.url}/${side}/model.safetensors?X-Amz-Signature=SECRET`);
  for (const more of [[], ['--json'], ['-f', 'html'], ['--headers-only'], ['--headers-only', '--json'], ['-f', 'nonsense']]) {
    const { stdout, stderr } = await run([...paths, ...more]);
    t.false(`${stdout}${stderr}`.includes('SECRET'), more.join(' '));
  }
  const { stdout } = await run(['inspect', paths[0] ?? '', '--json']);
  t.true(stdout.includes(`${server.url}/old/model.safetensors`));
  t.false(stdout.includes('SECRET'));
});

test('what has no meaning without values is refused', async (t) => {
  const base = example('base');
  for (const flags of [['--fail-on', 'nan'], ['-o', 'x.html'], ['--histogram'], ['-f', 'html']]) {
    const { code, stderr } = await run([base, base, '--headers-only', ...flags]);
    t.is(code, 2, flags.join(' '));
    t.regex(stderr, /--headers-only/);
  }
  const folder = makeTree({ 'model-diff.config.json': '{"fail_on":["nan"]}' });
  const configured = await run([base, base, '--headers-only'], { cwd: folder });
  t.is(configured.code, 2);
  t.regex(configured.stderr, /the configuration has rules/);
  t.is((await run([base, base, '--headers-only', '--no-config'], { cwd: folder })).code, 0);
  t.is((await run([base, base, '--headers-only', '--exit-code'])).code, 0);
  t.is((await run([base, example('fp8'), '--headers-only', '--exit-code'])).code, 1);
});

/** A server that gives the headers of a large file and then says nothing. */
async function stall(t: ExecutionContext): Promise<TestServer> {
  const file = encodeTensors({ a: Array.from({ length: 300_000 }, (_, at) => at) });
  const server = await serve(
    null,
    (request, response) => request.headers.range !== 'bytes=0-131071' || sendRange(request, response, file),
  );
  t.teardown(server.close);
  return server;
}

test('Ctrl-C while values are fetched', async (t) => {
  const server = await stall(t);
  const before = Date.now();
  const { signal, code, stderr } = await run([`${server.url}/a.safetensors`, `${server.url}/b.safetensors`], {
    interruptAfter: 4000,
  });
  t.true(signal === 'SIGINT' || code === 130, `${signal} ${code}`);
  t.regex(stderr, /cancelled/);
  t.true(Date.now() - before < 12_000);
});

test('a worker that is terminated while it waits for a server', async (t) => {
  const server = await stall(t);
  const program = `import { parentPort } from 'node:worker_threads';
    import { loadCheckpoint } from '${new URL('../../dist/index.js', import.meta.url).href}';
    const checkpoint = await loadCheckpoint('${server.url}/a.safetensors');
    parentPort.postMessage('open');
    await checkpoint.computeStats();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), { execArgv: [] });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  while (server.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const before = Date.now();
  await worker.terminate();
  t.true(Date.now() - before < 2000, `${Date.now() - before} ms`);
  for (let tries = 0; tries < 100 && server.open() > 0; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(server.open(), 0);
});
