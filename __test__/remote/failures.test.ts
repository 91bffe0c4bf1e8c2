import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { type Checkpoint, loadCheckpoint, ModelDiffError } from 'model-diff';
import { refusal } from '../helpers/refusal.ts';
import { type Answer, readRange, sendRange, serve, type TestServer } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

process.env['MODEL_DIFF_HTTP_TIMEOUT'] = '1';

const FILE = encodeTensors({ a: [1, 2, 3], b: Array.from({ length: 300_000 }, (_, at) => at) });

async function using(t: ExecutionContext, answer: Answer, folder: string | null = null): Promise<TestServer> {
  const server = await serve(folder, answer);
  t.teardown(server.close);
  return server;
}

/** Values of both tensors, all of which have to be fetched. */
async function readAll(checkpoint: Checkpoint): Promise<readonly number[]> {
  const [a, b] = [await checkpoint.getTensor('a', { as: 'f32' }), await checkpoint.getTensor('b', { as: 'f32' })];
  checkpoint.close();
  return [...a.data, ...b.data];
}

const EXPECTED = [1, 2, 3, ...Array.from({ length: 300_000 }, (_, at) => at)];

/** How reading the values of an open checkpoint fails. */
async function failure(checkpoint: Checkpoint): Promise<ModelDiffError> {
  try {
    await readAll(checkpoint);
  } catch (error) {
    if (error instanceof ModelDiffError) return error;
    throw error;
  } finally {
    checkpoint.close();
  }
  throw new Error('it was read');
}

test('a server that gives whole files only is refused before it sends a large one', async (t) => {
  let sent = 0;
  const server = await using(t, (_, response) => {
    response.writeHead(200, { 'content-length': 100e9 });
    const send = (): void => {
      sent += 2 ** 16;
      if (!response.destroyed) response.write(Buffer.alloc(2 ** 16), () => setTimeout(send, 1));
    };
    send();
    return true;
  });
  const error = await refusal(`${server.url}/model.safetensors?signature=secret`);
  t.is(error.code, 'E_NETWORK');
  t.is(error.kind, 'Io');
  t.regex(error.message, /gives whole files only, and this one has more than 8 MiB/);
  t.false(JSON.stringify(error).includes('secret') || error.message.includes('secret'));
  t.regex(error.hint ?? '', /download it/);
  t.true(sent < 20e6, `${sent} bytes`);
  t.is(server.asked.length, 1);
});

test('a small whole file is kept, with and without its length', async (t) => {
  for (const hasLength of [true, false]) {
    const server = await using(t, (_, response) => {
      if (hasLength) response.setHeader('content-length', FILE.length);
      response.writeHead(200);
      response.write(FILE.subarray(0, 1000));
      response.end(FILE.subarray(1000));
      return true;
    });
    t.deepEqual(await readAll(await loadCheckpoint(`${server.url}/m.safetensors`)), EXPECTED);
    t.is(server.asked.length, 1);
  }
});

test('an endless answer without a length ends at 8 MiB', async (t) => {
  let sent = 0;
  const server = await using(t, (_, response) => {
    response.writeHead(200);
    const send = (): void => {
      sent += 2 ** 20;
      if (!response.destroyed) response.write(Buffer.alloc(2 ** 20), () => setTimeout(send, 1));
    };
    send();
    return true;
  });
  t.regex((await refusal(`${server.url}/m.safetensors`)).message, /whole files only/);
  t.true(sent < 40e6, `${sent} bytes`);
});

test('dropped connections are taken up where they broke off', async (t) => {
  const froms: number[] = [];
  const server = await using(t, (request, response) => {
    const [first, last] = readRange(request.headers.range, FILE.length) ?? [0, 0];
    froms.push(first);
    response.writeHead(206, {
      'content-length': last - first + 1,
      'content-range': `bytes ${first}-${last}/${FILE.length}`,
      etag: '"a"',
    });
    response.write(FILE.subarray(first, Math.min(last + 1, first + 100_000)), () => setTimeout(() => response.destroy(), 20));
    return true;
  });
  t.deepEqual(await readAll(await loadCheckpoint(`${server.url}/m.safetensors`)), EXPECTED);
  t.is(froms[0], 0);
  t.true(froms.includes(100_000), froms.join());
});

test('answers in pieces without a length, and shorter ones than were asked for', async (t) => {
  const server = await using(t, (request, response) => {
    const [first, last] = readRange(request.headers.range, FILE.length) ?? [0, 0];
    const end = Math.min(last, first + 99_999);
    response.writeHead(206, {
      'content-range': `bytes ${first}-${end}/${FILE.length}`,
      'last-modified': 'Mon, 30 Nov 2026 00:00:00 GMT',
    });
    response.write(FILE.subarray(first, first + 10));
    response.end(FILE.subarray(first + 10, end + 1));
    return true;
  });
  t.deepEqual(await readAll(await loadCheckpoint(`${server.url}/m.safetensors`)), EXPECTED);
});

test('429 and 5xx are tried again, as late as Retry-After says', async (t) => {
  const times: number[] = [];
  const server = await using(t, (request, response, count) => {
    times.push(Date.now());
    if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else if (count === 2) response.writeHead(503).end();
    else return sendRange(request, response, FILE);
    return true;
  });
  const checkpoint = await loadCheckpoint(`${server.url}/m.safetensors`);
  checkpoint.close();
  const [first = 0, second = 0, third = 0] = times;
  t.true(second - first >= 990, `${second - first} ms`);
  t.true(third - second >= 100, `${third - second} ms`);
});

test('after five tries the error says so', async (t) => {
  const server = await using(t, (_, response) => {
    response.writeHead(500).end();
    return true;
  });
  const error = await refusal(`${server.url}/m.safetensors`);
  t.is(error.code, 'E_NETWORK');
  t.regex(error.message, /^the server answers with 500, after 5 tries \(http:\/\/127\.0\.0\.1:\d+\/m\.safetensors\)$/);
  t.is(server.asked.length, 5);
});

test('a server that wants a long pause is not waited for', async (t) => {
  const server = await using(t, (_, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
    return true;
  });
  t.regex((await refusal(`${server.url}/m.safetensors`)).message, /asks to wait for 3600 seconds/);
  t.is(server.asked.length, 1);
});

test('servers that fall silent', async (t) => {
  const silent = await using(t, () => true);
  t.regex((await refusal(`${silent.url}/m.safetensors`)).message, /does not answer in time, after 5 tries/);
  const stuck = await using(t, (request, response) => {
    const [first] = readRange(request.headers.range, 100) ?? [0];
    response.writeHead(206, { 'content-length': 100 - first, 'content-range': `bytes ${first}-99/100`, etag: '"a"' });
    response.write('x');
    return true;
  });
  t.regex((await refusal(`${stuck.url}/m.safetensors`)).message, /stopped sending|too slowly/);
});

test('a file that changes', async (t) => {
  let tag = '"a"';
  let bytes: Uint8Array = FILE;
  const server = await using(t, (request, response) => sendRange(request, response, bytes, { etag: tag }));
  const open = (): Promise<Checkpoint> => loadCheckpoint(`${server.url}/m.safetensors`);
  const first = await open();
  tag = '"b"';
  const changed = await failure(first);
  t.is(changed.code, 'E_FILE_CHANGED');
  t.regex(changed.message, /it was "a" and is "b"/);
  const second = await open();
  bytes = Buffer.concat([FILE, Buffer.alloc(1)]);
  t.regex((await failure(second)).message, /it had \d+ bytes and has \d+/);
  bytes = FILE;
  const third = await open();
  await server.close();
  t.is((await failure(third)).code, 'E_NETWORK');
});

test('a file that vanishes is a change, and not a row with an error', async (t) => {
  let isThere = true;
  const server = await using(t, (request, response) => {
    if (isThere) return sendRange(request, response, FILE);
    response.writeHead(404).end();
    return true;
  });
  const checkpoint = await loadCheckpoint(`${server.url}/m.safetensors`);
  isThere = false;
  const error = await failure(checkpoint);
  t.is(error.code, 'E_FILE_CHANGED');
  t.regex(error.message, /it is gone/);
});

test('without a tag and a date only the size is held on to, and that is said', async (t) => {
  const server = await using(t, (request, response) => sendRange(request, response, FILE, { etag: 'W/"weak"' }));
  const checkpoint = await loadCheckpoint(`${server.url}/m.safetensors`);
  t.deepEqual(
    checkpoint.findings.map(({ code, severity }) => [code, severity]),
    [['RemoteFileUnpinned', 'warning']],
  );
  checkpoint.close();
});

const WRONG: readonly (readonly [
  what: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  message: RegExp,
])[] = [
  [
    'another part than was asked for',
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 5-9/100' }).end('12345'),
    /gives another part than was asked for/,
  ],
  ['a part without its place', (_, response) => response.writeHead(206).end('12345'), /gives another part than was asked for/],
  [
    'more than it says',
    (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-1/100', etag: '"a"' }).end('12345'),
    /sends more bytes than it says/,
  ],
  [
    'a compressed answer',
    (_, response) => response.writeHead(206, { 'content-encoding': 'gzip', 'content-range': 'bytes 0-9/10' }).end(gzipSync('x')),
    /compresses the file \(gzip\)/,
  ],
  [
    'a huge header',
    (_, response) => response.writeHead(206, { 'x-a': 'a'.repeat(100_000) }).end(),
    /first lines of the answer are too long/,
  ],
  ['what is not HTTP', (_, response) => response.socket?.end('hello\r\n\r\n'), /the answer is not HTTP/],
  ['no success', (_, response) => response.writeHead(418).end(), /answers with 418/],
  ['no access', (_, response) => response.writeHead(403).end(), /refuses access \(403\)/],
  ['nothing there', (_, response) => response.writeHead(404).end(), /nothing is there \(404\)/],
];
for (const [what, answer, message] of WRONG) {
  test(`a server that gives ${what}`, async (t) => {
    const server = await using(t, (request, response) => {
      answer(request, response);
      return true;
    });
    t.regex((await refusal(`${server.url}/m.safetensors`)).message, message);
    t.is(server.asked.length, 1);
    t.is(server.asked[0]?.encoding, 'identity');
  });
}

test('an empty file, and one that is shorter than its header says', async (t) => {
  const folder = makeTree({ 'empty.safetensors': '', 'short.safetensors': FILE.subarray(0, 200_000) });
  const server = await serve(folder);
  t.teardown(server.close);
  t.is((await refusal(`${server.url}/empty.safetensors`)).code, 'E_EMPTY_FILE');
  t.is((await refusal(`${server.url}/short.safetensors`)).code, 'E_UNEXPECTED_EOF');
});

test('addresses that cannot be meant', async (t) => {
  t.is((await refusal('http://127.0.0.1:1/m.safetensors')).code, 'E_NETWORK');
  t.regex((await refusal('http://127.0.0.1:1/m.safetensors')).message, /refuses the connection/);
  for (const address of ['http://user:secret@127.0.0.1:1/m.safetensors', 'http://127.0.0.1:1/folder/', 'http://']) {
    const error = await refusal(address);
    t.is(error.code, 'E_ARGUMENT', address);
    t.false(error.message.includes('secret'));
  }
  // A file of this name is looked for.
  t.is((await refusal('file:///model.safetensors')).code, 'E_NOT_FOUND');
});

test('a statistic that would have to be fetched while the program waits names what to do', async (t) => {
  const folder = makeTree({ 'm.safetensors': FILE });
  const server = await serve(folder);
  t.teardown(server.close);
  const checkpoint = await loadCheckpoint(`${server.url}/m.safetensors`);
  const error = t.throws(() => checkpoint.getInfo('b')?.mean, { instanceOf: ModelDiffError });
  t.regex(error?.hint ?? '', /await checkpoint\.computeStats\(\)/);
  await checkpoint.computeStats();
  t.true(Math.abs((checkpoint.getInfo('b')?.mean ?? 0) - 149_999.5) < 0.1);
  checkpoint.close();
});

test.serial('an aborted read settles at once and leaves no connection', async (t) => {
  const file = join(makeTree({ 'm.safetensors': FILE }), 'm.safetensors');
  const server = await using(t, (request, response, count) => {
    if (count === 1) return sendRange(request, response, FILE);
    const [first, last] = readRange(request.headers.range, FILE.length) ?? [0, 0];
    response.writeHead(206, {
      'content-length': last - first + 1,
      'content-range': `bytes ${first}-${last}/${FILE.length}`,
      etag: '"a"',
    });
    createReadStream(file, { start: first, end: first + 1000 }).pipe(response, { end: false });
    return true;
  });
  const checkpoint = await loadCheckpoint(`${server.url}/m.safetensors`);
  const controller = new AbortController();
  const reading = checkpoint.computeStats(undefined, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 300);
  const before = Date.now();
  await t.throwsAsync(reading, { message: 'enough' });
  t.true(Date.now() - before < 900, `${Date.now() - before} ms`);
  checkpoint.close();
  await until(() => server.open() === 0);
  t.is(server.open(), 0);
});

test.serial('an abort while a checkpoint is opened', async (t) => {
  const server = await using(t, () => true);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 200);
  await t.throwsAsync(loadCheckpoint(`${server.url}/m.safetensors`, { signal: controller.signal }), { message: 'enough' });
  await until(() => server.open() === 0);
  t.is(server.open(), 0);
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
}
