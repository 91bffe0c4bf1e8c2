/** Whether a path is the address of something that a server has: a URL, or a name on the hub. */
export function isAddress(path: string): boolean {
  return /^(?:https?|hf):\/\//i.test(path);
}

/** A path as messages and reports have it: of a URL without the query, which may be a signature, and without a password. */
export function spellAddress(path: string): string {
  if (!/^https?:\/\//i.test(path)) return path;
  return path.replace(/[?#].*$/s, '').replace(/^(https?:\/\/)[^/]*@/i, '$1');
}

const SNAPSHOT = /(?:^|[\\/])models--([^\\/]+?)--([^\\/]+)[\\/]snapshots[\\/]([^\\/]+)(?:[\\/](.+))?$/;

/** A path where a model in the local cache of the hub has its address, with the revision that was read; any other path as it is. */
export function spellPlace(path: string): string {
  const [, organisation, name, revision, inside] = SNAPSHOT.exec(path) ?? [];
  if (revision === undefined) return path;
  return `hf://${organisation}/${name}@${revision}${inside === undefined ? '' : `/${inside.replaceAll('\\', '/')}`}`;
}
