import type { KnownNames, Names, Side, Stripped } from './wrappers.ts';

/** Dots of a shared prefix at which it may end. */
const MOST_LEVELS = 8;
/** Names that are tried before all of them are. */
const SAMPLE = 200;

/**
 * A prefix that every name of one side has and no name of the other, as `student.backbone.`: taken off, at least half of the names of the
 * smaller side match, or all of its own do. Undefined where none does, or where two do equally well.
 *
 * @param least names that have to match at least
 */
export function findSharedPrefix(names: Names, known: KnownNames, least: number): Stripped | undefined {
  // A name that both sides have either has the prefix on the other side or lacks it on this one.
  if (known.common > 0) return undefined;
  const needed = Math.max(least, Math.ceil(Math.min(names.old.length, names.new.length) / 2), 1);
  let best: { readonly side: Side; readonly prefix: string; readonly matches: number } | undefined;
  let isTie = false;
  for (const side of ['old', 'new'] as const) {
    const other = side === 'old' ? 'new' : 'old';
    for (const prefix of listSharedPrefixes(names[side])) {
      const matches = countMatches(prefix, side, other, names, known);
      if (matches < Math.max(needed, best?.matches ?? 0)) continue;
      // Where all names match it is no matter that some begin with the prefix by themselves: `model.model.norm` and `model.norm`.
      if (matches < names[side].length && names[other].some((name) => name.startsWith(prefix))) continue;
      isTie = matches === best?.matches;
      best = { side, prefix, matches };
    }
  }
  if (best === undefined || isTie) return undefined;
  const { side, prefix } = best;
  return { side, kind: 'prefix', rule: prefix, changed: names[side].map((name) => name.slice(prefix.length)) };
}

/** What all names begin with, up to each of its dots. */
function listSharedPrefixes(names: readonly string[]): readonly string[] {
  let shared = names[0] ?? '';
  for (const name of names) {
    let length = Math.min(shared.length, name.length);
    if (!name.startsWith(shared)) for (let at = 0; at < length; at += 1) if (name[at] !== shared[at]) length = at;
    shared = shared.slice(0, length);
  }
  const prefixes: string[] = [];
  for (let dot = shared.indexOf('.'); dot >= 0 && prefixes.length < MOST_LEVELS; dot = shared.indexOf('.', dot + 1))
    prefixes.push(shared.slice(0, dot + 1));
  // A name that is nothing but the prefix would be left without any.
  return names.some((name) => name.length === prefixes.at(-1)?.length) ? prefixes.slice(0, -1) : prefixes;
}

/** How many names match without the prefix, counted on the side that has fewer; 0 where no name of a sample does. */
function countMatches(prefix: string, side: Side, other: Side, names: Names, known: KnownNames): number {
  const isShorter = names[side].length <= names[other].length;
  const counted = isShorter ? names[side] : names[other];
  const matches = (name: string): boolean =>
    isShorter ? known[other].has(name.slice(prefix.length)) : known[side].has(prefix + name);
  const step = Math.max(1, Math.floor(counted.length / SAMPLE));
  if (!counted.some((name, at) => at % step === 0 && matches(name))) return 0;
  return counted.reduce((count, name) => count + (matches(name) ? 1 : 0), 0);
}
