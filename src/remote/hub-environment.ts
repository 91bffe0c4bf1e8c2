import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { argumentError } from '../errors.ts';

/** A token is far shorter. */
const TOKEN_BYTES = 4096;

function read(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** Whether `HF_HUB_OFFLINE` forbids the hub, as huggingface_hub reads it. */
export function isHubOffline(): boolean {
  return ['1', 'TRUE', 'YES', 'ON'].includes(read('HF_HUB_OFFLINE')?.toUpperCase() ?? '');
}

/** @throws `ModelDiffError` `E_ARGUMENT` for an `HF_ENDPOINT` that is no URL of a server. */
export function readEndpoint(): URL {
  const endpoint = read('HF_ENDPOINT') ?? 'https://huggingface.co';
  const isUsable = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (!isUsable) throw argumentError('HF_ENDPOINT must be a URL that begins with https:// or http://');
  return new URL(endpoint.replace(/\/+$/, ''));
}

/**
 * The token for the hub: `HF_TOKEN`, else that of the file that `HF_TOKEN_PATH` names or that `hf auth login` wrote.
 *
 * @throws `ModelDiffError` `E_ARGUMENT` for one that cannot be a token; it is not told.
 */
export function readToken(): string | undefined {
  const token = read('HF_TOKEN') ?? read('HUGGING_FACE_HUB_TOKEN') ?? readTokenFile();
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw argumentError('the token for the hub holds characters that no token has');
  return token;
}

function readTokenFile(): string | undefined {
  const cache = read('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  const path = read('HF_TOKEN_PATH') ?? join(read('HF_HOME') ?? join(cache, 'huggingface'), 'token');
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > TOKEN_BYTES) return undefined;
    const token = readFileSync(path, 'utf8').trim();
    return token === '' ? undefined : token;
  } catch {
    return undefined;
  }
}
