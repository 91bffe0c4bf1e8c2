import { findNearest, type NearNames, pickEvenly } from '../names/nearest-names.ts';
import type { SideFlags } from './flags.ts';

/** Flags that may make names match. */
export type Proposal = Partial<SideFlags>;

/** Tensors by name, with what tells their shapes apart. */
export type Shapes = ReadonlyMap<string, string>;

/** Proposals of each kind that are tried. */
const MOST = 4;
const SAMPLE = 50;
/** Segments of a name; longer ones are no real names. */
const MOST_PARTS = 64;
/** Segments of the other side that one is replaced with. */
const VOCABULARY = 40;

/** Flags for one side that could make names match, the simplest first: nothing here says that they do. */
export function proposeNames(old: Shapes, newer: Shapes): readonly Proposal[] {
  const names = { old: [...old.keys()], new: [...newer.keys()] };
  const near = [...findNearest(names.old, names.new), ...findNearest(names.new, names.old).map(turn)];
  const prefixes = rank(near, ({ oldPrefix, newPrefix }) => `${oldPrefix}\n${newPrefix}`);
  return [
    ...prefixes.map(({ oldPrefix, newPrefix }) => proposePrefix(oldPrefix, newPrefix, names.old, names.new)),
    ...proposeSegments('Old', old, newer),
    ...proposeSegments('New', newer, old),
  ];
}

function turn(near: NearNames): NearNames {
  return { old: near.new, new: near.old, oldPrefix: near.newPrefix, newPrefix: near.oldPrefix };
}

function proposePrefix(oldPrefix: string, newPrefix: string, old: readonly string[], newer: readonly string[]): Proposal {
  if (newPrefix === '') return stripFrom('Old', oldPrefix, old);
  if (oldPrefix === '') return stripFrom('New', newPrefix, newer);
  return { renameOld: [`^${escapeExpression(oldPrefix)}=>${escapeReplacement(newPrefix)}`] };
}

/** Where only a part of the names has the prefix, as in a pipeline, the others are left out. */
function stripFrom(side: 'Old' | 'New', prefix: string, names: readonly string[]): Proposal {
  const isPart = names.some((name) => !name.startsWith(prefix));
  return {
    ...(isPart && { [`include${side}`]: [`${escapeGlob(prefix)}*`] }),
    [`stripPrefix${side}`]: [prefix],
  };
}

/** One segment inside of names too many, as the name of an adapter, or called otherwise. */
function proposeSegments(side: 'Old' | 'New', own: Shapes, other: Shapes): Proposal[] {
  const split = (names: Shapes, most: number): string[] => pickEvenly([...names.keys()], most).flatMap((name) => splitName(name));
  const ownWords = new Set(split(own, Number.POSITIVE_INFINITY));
  const words = rank(
    split(other, SAMPLE).filter((word) => !ownWords.has(word)),
    (word) => word,
    VOCABULARY,
  );
  const found = pickEvenly([...own], SAMPLE).flatMap(([name, shape]) =>
    findRules(name, words, (one) => other.get(one) === shape),
  );
  const rules = rank(found, ({ from, to }) => `${from}=>${to}`);
  // Of two words for one segment, the better one.
  const all = rules.filter(({ from }, at) => rules.findIndex((rule) => rule.from === from) === at);
  const key = `rename${side}` as const;
  const propose = (chosen: readonly Rule[]): Proposal => ({ [key]: chosen.map(({ from, to }) => `${from}=>${to}`) });
  return [...rules.map((rule) => propose([rule])), ...(all.length > 1 ? [propose(all)] : [])];
}

interface Rule {
  readonly from: string;
  readonly to: string;
}

/** Rules for a segment that make a name one of the other side: without it, or with another word for it. */
function findRules(name: string, words: readonly string[], isKnown: (name: string) => boolean): Rule[] {
  const parts = splitName(name);
  return parts.flatMap((part, at) => {
    if (at === 0 || part === '') return [];
    const before = parts.slice(0, at).join('.');
    const after = parts
      .slice(at + 1)
      .map((one) => `.${one}`)
      .join('');
    const isLast = after === '';
    const from = String.raw`\.${escapeExpression(part)}${isLast ? '$' : String.raw`\.`}`;
    const end = isLast ? '' : '.';
    return [
      ...(isKnown(before + after) ? [{ from, to: end }] : []),
      ...words
        .filter((word) => isKnown(`${before}.${word}${after}`))
        .map((word) => ({ from, to: `.${escapeReplacement(word)}${end}` })),
    ];
  });
}

function splitName(name: string): readonly string[] {
  return name.split('.', MOST_PARTS);
}

/** What occurs most often, each once. */
function rank<T>(items: readonly T[], spell: (item: T) => string, most: number = MOST): readonly T[] {
  const counts = new Map<string, { readonly item: T; count: number }>();
  for (const item of items) {
    const known = counts.get(spell(item));
    if (known === undefined) counts.set(spell(item), { item, count: 1 });
    else known.count += 1;
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, most)
    .map(({ item }) => item);
}

function escapeExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

function escapeReplacement(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[{]/g, '[$&]');
}
