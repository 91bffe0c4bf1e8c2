import type { Layout } from './layout.ts';

/** How a list shows the name of a tensor. */
export type ShortenName = (name: string) => string;

/** Share of the names that a prefix must be common to. */
const COMMON = 0.8;
/** A prefix of more segments is no real model's. */
const MOST_SEGMENTS = 8;
const SUFFIX = '.weight';

/**
 * On a terminal names without the prefix that nearly all of them begin with, as `model.`, and without `.weight`; whole where two would
 * be the same then, and everywhere else.
 * @param names all that the model has
 */
export function shortenNames(names: readonly string[], { onTerminal }: Pick<Layout, 'onTerminal'>): ShortenName {
  const whole: ShortenName = (name) => name;
  if (!onTerminal) return whole;
  const prefix = findPrefix(names);
  const shorten: ShortenName = (name) => {
    const start = name.startsWith(prefix) ? prefix.length : 0;
    const end = name.endsWith(SUFFIX) ? -SUFFIX.length : name.length;
    return name.slice(start, end) || name;
  };
  return new Set(names.map(shorten)).size === new Set(names).size ? shorten : whole;
}

/** The longest prefix of whole segments before those that tell tensors apart: the path of the blocks keeps its last segment. */
function findPrefix(names: readonly string[]): string {
  let prefix = '';
  for (let segments = 0; segments < MOST_SEGMENTS; segments += 1) {
    const counts = new Map<string, number>();
    for (const name of names) {
      const end = name.startsWith(prefix) ? name.indexOf('.', prefix.length) : -1;
      if (end < 0) continue;
      const next = name.slice(prefix.length, end + 1);
      counts.set(next, (counts.get(next) ?? 0) + 1);
    }
    const [best, count] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0] as const);
    const longer = prefix + best;
    const isStack = names.some((name) => name.startsWith(longer) && /^\d+(\.|$)/.test(name.slice(longer.length)));
    if (count === 0 || count < COMMON * names.length || isStack || /^\d+\.$/.test(best)) return prefix;
    prefix = longer;
  }
  return prefix;
}
