import { ModelDiffError } from '../errors.ts';
import type { HubAddress } from '../native/binding.ts';
import { TOOL } from '../tool.ts';
import type { Agents } from './agents.ts';
import { isIdentity } from './answer-head.ts';
import { PassingError, remoteError } from './failures.ts';
import { readEndpoint, readToken } from './hub-environment.ts';
import type { Place } from './place.ts';
import { request, type Start } from './redirects.ts';
import { refusal } from './refusals.ts';
import { retry } from './retry.ts';

/** The longest list of files that is read, in bytes: that of 100,000 files. */
const LIST_BYTES = 32 * 2 ** 20;

/** Milliseconds that fetching the list may take. */
const LIST_DEADLINE = 120_000;

/**
 * A model of the hub at one commit: the revision is looked up once, and from then on the commit is asked for.
 *
 * @throws `ModelDiffError` for what the hub does not have or give, or answers in a way that is not the hub's.
 */
export async function findModel({ name, revision, path }: HubAddress, agents: Agents, signal: AbortSignal): Promise<Place> {
  if (path !== undefined && path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new ModelDiffError(`path leaves the model: ${path}`, { kind: 'Format', code: 'E_PATH_ESCAPE' });
  const endpoint = readEndpoint();
  const token = readToken();
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  const url = under(endpoint, ['api', 'models', ...name.split('/'), 'revision', revision ?? 'main']);
  // With the sizes of the files.
  url.search = '?blobs=true';
  const start: Start = { url, authorization };
  const { sha, files } = readList(await retry(url, signal, () => fetchText(agents, start, name, signal)), url);
  const root = `hf://${name}@${sha}`;
  return {
    path: path === undefined ? root : `${root}/${path}`,
    root,
    files,
    locate: (inside) => ({
      start: {
        url: under(endpoint, [...name.split('/'), 'resolve', sha, ...inside.slice(root.length + 1).split('/')]),
        authorization,
      },
      model: name,
    }),
  };
}

function under(endpoint: URL, names: readonly string[]): URL {
  const url = new URL(endpoint);
  url.pathname = `${endpoint.pathname.replace(/\/$/, '')}/${names.map(encodeURIComponent).join('/')}`;
  return url;
}

async function fetchText(agents: Agents, start: Start, model: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const { head } = await request(agents, start, start.url, {
    headers: { 'user-agent': `${TOOL.name}/${TOOL.version}`, accept: 'application/json', 'accept-encoding': 'identity' },
    signal,
    deadline: LIST_DEADLINE,
    receive: ({ head: { status, headers } }) => {
      if (status !== 200) return null;
      if (!isIdentity(headers)) throw strange('it is compressed', start.url);
      return (chunk) => {
        bytes += chunk.length;
        if (bytes > LIST_BYTES)
          throw remoteError('E_LIMIT_EXCEEDED', `list of the files has more than ${LIST_BYTES} bytes`, start.url);
        chunks.push(Uint8Array.from(chunk));
        return true;
      };
    },
  });
  if (head.status !== 200) throw refusal(head, { url: start.url, model, hasToken: start.authorization !== undefined });
  if (bytes === 0) throw new PassingError('the answer of the hub is empty');
  return Buffer.concat(chunks).toString('utf8');
}

interface Listed {
  readonly sha: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

function readList(text: string, url: URL): Listed {
  let list: { sha?: unknown; siblings?: unknown } | null;
  try {
    list = JSON.parse(text) as typeof list;
  } catch {
    throw strange('it is no JSON', url);
  }
  const { sha, siblings } = list ?? {};
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw strange('it names no commit', url);
  if (!Array.isArray(siblings)) throw strange('it names no files', url);
  const files = siblings.map((sibling: { rfilename?: unknown; size?: unknown } | null) => {
    const { rfilename, size } = sibling ?? {};
    if (typeof rfilename !== 'string') throw strange('a file in it has no name', url);
    // Where a mirror leaves it out, the file itself tells.
    return { name: rfilename, bytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : 0 };
  });
  return { sha, files };
}

function strange(what: string, url: URL): Error {
  return remoteError('E_NETWORK', `the answer is not that of a hub: ${what}`, url, 'check HF_ENDPOINT, where it is set');
}
