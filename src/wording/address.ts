/** Whether a path is the address of something that a server has: a URL, or a name on the hub. */
export function isAddress(path: string): boolean {
  return /^(?:https?|hf):\/\//i.test(path);
}

/** A path as messages and reports have it: of a URL without the query, which may be a signature, and without a password. */
export function spellAddress(path: string): string {
  if (!/^https?:\/\//i.test(path)) return path;
  return path.replace(/[?#].*$/s, '').replace(/^(https?:\/\/)[^/]*@/i, '$1');
}
