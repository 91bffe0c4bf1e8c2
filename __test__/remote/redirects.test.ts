import test, { type ExecutionContext } from 'ava';
import { loadCheckpoint } from 'model-diff';
import { isPrivateAddress } from '../../src/remote/private-address.ts';
import { refusal } from '../helpers/refusal.ts';
import { type Answer, serve, type TestServer } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

process.env['MODEL_DIFF_HTTP_TIMEOUT'] = '1';

const FOLDER = makeTree({ 'm.safetensors': encodeTensors({ a: [1, 2] }) });

async function using(t: ExecutionContext, answer?: Answer, host?: string): Promise<TestServer> {
  const server = await serve(FOLDER, answer, host);
  t.teardown(server.close);
  return server;
}

/** Answers every request with a redirect. */
const to =
  (location: string | undefined, status = 302): Answer =>
  (_, response) => {
    response.writeHead(status, location === undefined ? {} : { location }).end();
    return true;
  };

test('redirects on the same host are followed, to other ports and paths too', async (t) => {
  const files = await using(t);
  for (const status of [301, 302, 303, 307, 308]) {
    const server = await using(t, to(`${files.url}/m.safetensors?signature=secret`, status));
    const checkpoint = await loadCheckpoint(`${server.url}/x`);
    t.deepEqual(checkpoint.layerNames, ['a']);
    t.is(checkpoint.path, `${server.url}/x`);
    checkpoint.close();
  }
  t.true(files.asked.every(({ url }) => url === '/m.safetensors?signature=secret'));
});

test('no more than five redirects', async (t) => {
  const server: TestServer = await using(t, (request, response) =>
    to(`/${Number(request.url?.slice(1)) + 1}`)(request, response, 0),
  );
  t.regex((await refusal(`${server.url}/1`)).message, /^more than 5 redirects/);
  t.is(server.asked.length, 6);
  const five = await using(t, (request, response) => {
    const at = Number(request.url?.slice(1));
    return at > 0 && to(at === 5 ? '/m.safetensors' : `/${at + 1}`)(request, response, 0);
  });
  (await loadCheckpoint(`${five.url}/1`)).close();
});

const REFUSED: readonly (readonly [location: string | undefined, message: RegExp])[] = [
  ['file:///etc/passwd', /redirect to file: is refused: only http: and https: are followed/],
  ['ftp://host/x', /redirect to ftp: is refused: only http: and https: are followed/],
  ['data:text/plain,x', /redirect to data: is refused: only http: and https: are followed/],
  [
    'http://169.254.169.254/latest/meta-data?key=secret',
    /to an address of a private network is refused: http:\/\/169\.254\.169\.254\/latest\/meta-data \(/,
  ],
  ['http://10.0.0.1/', /private network/],
  ['http://[::1]/', /private network/],
  ['http://[::ffff:10.0.0.1]/', /private network/],
  ['http://0x7f.2/', /private network/],
  ['http://2130706434/', /private network/],
  ['http://user:secret@127.0.0.1/', /to an address with a password/],
  ['http://', /redirect without an address/],
  [undefined, /redirect without an address/],
];
for (const [location, message] of REFUSED) {
  test(`a redirect to ${String(location)}`, async (t) => {
    const server = await using(t, to(location));
    const error = await refusal(`${server.url}/x`);
    t.is(error.code, 'E_NETWORK');
    t.regex(error.message, message);
    t.false(error.message.includes('secret'));
    t.is(server.asked.length, 1);
  });
}

test('a name that leads to this machine is refused by its address, not by its name', async (t) => {
  const target = await using(t);
  const server = await using(t, to(`http://localhost:${target.port}/m.safetensors`));
  t.regex((await refusal(`${server.url}/x`)).message, /private network/);
  t.is(target.asked.length, 0);
});

test('what is a private address', (t) => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:192.168.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ])
    t.true(isPrivateAddress(address), address);
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])
    t.false(isPrivateAddress(address), address);
});

test('an address that was redirected to is asked again, and looked up anew when it has run out', async (t) => {
  let signature = 1;
  const large = makeTree({ 'm.safetensors': encodeTensors({ a: Array.from({ length: 200_000 }, (_, at) => at) }) });
  const cdn = await serve(large, (request, response) => {
    if (request.url?.endsWith(`=${signature}`) === true) return false;
    response.writeHead(403).end();
    return true;
  });
  t.teardown(cdn.close);
  const server = await using(t, (request, response) =>
    to(`${cdn.url}/m.safetensors?signature=${signature}`)(request, response, 0),
  );
  const checkpoint = await loadCheckpoint(`${server.url}/x`);
  t.is(server.asked.length, 1);
  signature = 2;
  t.is((await checkpoint.getTensor('a', { as: 'f32' })).data.length, 200_000);
  t.is(server.asked.length, 2);
  checkpoint.close();
});
