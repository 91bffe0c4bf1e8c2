/** Names of the other side that are looked at, and those of this side that are compared with them. */
const MOST_KNOWN = 20_000;
const SAMPLE = 200;
/** Longer names are no real ones. */
const LONGEST_NAME = 1000;
/** Segments of a name that are looked at from its end. */
const MOST_SEGMENTS = 8;

/** Two names that end alike, and what stands before that on each side. */
export interface NearNames {
  readonly old: string;
  readonly new: string;
  readonly oldPrefix: string;
  readonly newPrefix: string;
}

/** For names of one side, spread evenly, the names of the other that share most segments at their end. Best first. */
export function findNearest(old: readonly string[], newer: readonly string[]): readonly NearNames[] {
  const ends = new Map<string, string[]>();
  for (const name of newer.slice(0, MOST_KNOWN)) {
    if (name.length > LONGEST_NAME) continue;
    for (const end of listEnds(name)) {
      const known = ends.get(end);
      if (known === undefined) ends.set(end, [name]);
      else if (known.length < MOST_SEGMENTS) known.push(name);
    }
  }
  const found = pickEvenly(old, SAMPLE).flatMap((name) => {
    if (name.length > LONGEST_NAME) return [];
    const end = listEnds(name).find((one) => ends.has(one));
    if (end === undefined) return [];
    const oldPrefix = name.slice(0, name.length - end.length);
    return (ends.get(end) ?? []).map((other) => ({
      old: name,
      new: other,
      oldPrefix,
      newPrefix: other.slice(0, other.length - end.length),
    }));
  });
  return found.sort((a, b) => a.oldPrefix.length + a.newPrefix.length - b.oldPrefix.length - b.newPrefix.length);
}

/** Every n-th of a list. */
export function pickEvenly<T>(list: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, Math.ceil(list.length / most));
  return list.filter((_, at) => at % step === 0);
}

/** The name itself, and what stands behind each of its last dots, longest first. */
function listEnds(name: string): readonly string[] {
  const ends: string[] = [];
  for (
    let dot = name.lastIndexOf('.');
    dot >= 0 && ends.length < MOST_SEGMENTS;
    dot = dot === 0 ? -1 : name.lastIndexOf('.', dot - 1)
  )
    ends.push(name.slice(dot + 1));
  return [name, ...ends.reverse()];
}
