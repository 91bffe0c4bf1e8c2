import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

/** What a server of the tests was asked. */
export interface Asked {
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly encoding: string | undefined;
}

/** Answers one request; false leaves it to the files. */
export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => boolean;

/** A server on this machine that counts what it is asked. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  /** Connections that are open. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

/** Serves the files of a folder in ranges, with strong tags; `answer` is asked first. */
export async function serve(folder: string | null, answer: Answer = () => false, host = '127.0.0.1'): Promise<TestServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    asked.push({
      url: request.url ?? '',
      range,
      authorization,
      encoding: request.headers['accept-encoding'],
    });
    if (answer(request, response, asked.length)) return;
    const path = folder === null ? null : join(folder, decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname));
    if (path === null || !existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404).end();
      return;
    }
    sendFile(path, range, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    asked,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function sendFile(path: string, range: string | undefined, response: ServerResponse): void {
  const { size, mtimeMs } = statSync(path);
  const etag = `"${size}-${mtimeMs}"`;
  const found = readRange(range, size);
  if (found === null) {
    response.writeHead(200, { 'content-length': size, etag });
    createReadStream(path).pipe(response);
    return;
  }
  const [first, last] = found;
  if (first >= size) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  response.writeHead(206, { 'content-length': last - first + 1, 'content-range': `bytes ${first}-${last}/${size}`, etag });
  createReadStream(path, { start: first, end: last, highWaterMark: 2 ** 20 }).pipe(response);
}

/** First and last byte that are asked for; null without a range. */
export function readRange(range: string | undefined, size: number): readonly [number, number] | null {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return first === undefined ? null : [Number(first), Math.min(Number(last), size - 1)];
}

/** Answers a request with a part of `bytes`, as headers say. */
export function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = { etag: '"a"' },
): true {
  const [first, last] = readRange(request.headers.range, bytes.length) ?? [0, bytes.length - 1];
  const part = bytes.subarray(first, last + 1);
  response.writeHead(206, {
    'content-length': part.length,
    'content-range': `bytes ${first}-${last}/${bytes.length}`,
    ...headers,
  });
  response.end(part);
  return true;
}

/** A hub that has one model at one commit, and sends its large files elsewhere as the real one does. */
export interface HubOptions {
  readonly folder: string;
  readonly names: readonly string[];
  readonly sha: string;
  /** Where weights are: a server that asks for a signature in the query. */
  readonly cdn?: string;
  readonly token?: string;
}

/** Answers as a hub does. */
export function hub({ folder, names, sha, cdn, token }: HubOptions): Answer {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end();
      return true;
    }
    const [, revision] = /^\/api\/models\/org\/name\/revision\/([^/]+)$/.exec(url.pathname) ?? [];
    if (revision !== undefined && ['main', 'v1', 'refs%2Fpr%2F1', sha].includes(revision)) {
      const siblings = names.map((name) => ({ rfilename: name, size: statSync(join(folder, name)).size }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sha, siblings }));
      return true;
    }
    if (url.pathname.startsWith('/api/')) {
      response
        .writeHead(404, { 'x-error-code': url.pathname.includes('/org/name/') ? 'RevisionNotFound' : 'RepoNotFound' })
        .end();
      return true;
    }
    const prefix = `/org/name/resolve/${sha}/`;
    const name = decodeURIComponent(url.pathname.slice(prefix.length));
    if (!url.pathname.startsWith(prefix) || !names.includes(name)) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return true;
    }
    if (cdn !== undefined && !name.endsWith('.json')) {
      response.writeHead(302, { location: `${cdn}/${name}?signature=secret`, 'x-repo-commit': sha }).end('Found');
      return true;
    }
    const bytes = readFileSync(join(folder, name));
    return sendRange(request, response, bytes);
  };
}
