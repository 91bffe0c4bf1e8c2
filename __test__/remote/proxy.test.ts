import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { run } from '../cli/cli.ts';
import { serve } from '../helpers/server.ts';
import { encodeTensors, makeTree } from '../helpers/tree.ts';

const FOLDER = makeTree({ 'm.safetensors': encodeTensors({ a: [1, 2] }) });

/** A proxy that tunnels, and the hosts that it was asked for. */
async function startProxy(t: ExecutionContext): Promise<{ readonly url: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy: Server = createServer();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined);
  };
  proxy.on('connection', keep).on('connect', (request, inward) => {
    asked.push(request.url ?? '');
    const { hostname, port } = new URL(`http://${request.url}`);
    const outward = keep(connect(Number(port), hostname, () => inward.write('HTTP/1.1 200 OK\r\n\r\n')));
    outward.pipe(inward).pipe(outward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

test('the proxy of the environment is used, except for the hosts that NO_PROXY names', async (t) => {
  const [server, proxy] = [await serve(FOLDER), await startProxy(t)];
  t.teardown(server.close);
  const inspect = async (env: NodeJS.ProcessEnv): Promise<unknown> => {
    const { code, stdout, stderr } = await run(['inspect', `${server.url}/m.safetensors`, '--stats'], { env });
    t.deepEqual([code, stderr], [0, '']);
    return t.regex(stdout, /^a +f32 +\[2\]/m);
  };
  const host = `127.0.0.1:${server.port}`;
  await inspect({ http_proxy: proxy.url, NO_PROXY: '127.0.0.1' });
  t.deepEqual(proxy.asked, []);
  await inspect({ http_proxy: proxy.url });
  t.deepEqual([...new Set(proxy.asked)], [host]);
});
