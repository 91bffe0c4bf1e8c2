import { argumentError } from '../errors.ts';
import { spellAddress } from '../wording/address.ts';
import type { Start } from './redirects.ts';

/** Something on a server that checkpoints are read from. */
export interface Place {
  /** The path of what is opened, as the checkpoint has it. */
  readonly path: string;
  /** What paths inside begin with. */
  readonly root: string;
  /** All files by name, with their bytes; null where the server does not list them. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[] | null;
  /** Where a path inside is fetched from. */
  readonly locate: (path: string) => { readonly start: Start; readonly model?: string };
}

/**
 * The place of a file that a URL leads to. Files beside it, as shards that an index names, are fetched from the same folder, with the same query:
 * one that signs a whole folder is good for them too.
 *
 * @throws `ModelDiffError` `E_ARGUMENT` for a URL that cannot be that of a file.
 */
export function placeOfUrl(address: string): Place {
  if (!URL.canParse(address)) throw argumentError(`not a valid URL: ${spellAddress(address)}`);
  const url = new URL(address);
  url.hash = '';
  if (url.username !== '' || url.password !== '')
    throw argumentError(
      'a URL with a user name or password is not taken',
      'give an address that needs no login, such as a signed one',
    );
  if (url.pathname.endsWith('/'))
    throw argumentError(
      `${spellAddress(address)} is a folder, which a server does not list`,
      'give the URL of a file, or of the index that names its shards, as model.safetensors.index.json',
    );
  const path = `${url.origin}${url.pathname}`;
  const root = path.slice(0, path.lastIndexOf('/'));
  const locate = (inside: string): { start: Start } => {
    if (inside === path) return { start: { url } };
    const beside = new URL(url);
    const names = inside.slice(root.length + 1).split('/');
    beside.pathname = `${url.pathname.slice(0, url.pathname.lastIndexOf('/'))}/${names.map(encodeURIComponent).join('/')}`;
    return { start: { url: beside } };
  };
  return { path, root, files: null, locate };
}
