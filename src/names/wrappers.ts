import type { NameChange } from './name-change.ts';

/** What wrappers put before every name of the model that they wrap, the longest of a kind first. */
const PREFIXES = [
  'base_model.model.',
  'module.',
  '_orig_mod.',
  'model.',
  'transformer.',
  'language_model.',
  'bert.',
  'roberta.',
] as const;

/** What wrappers put inside of names, before the part that they wrap. */
const WRAPPERS = ['_fsdp_wrapped_module.', '_checkpoint_wrapped_module.', '_orig_mod.'] as const;

/** Wrappers in wrappers that are looked through at once. */
const DEEPEST = 3;

/** Names of both sides, by row. */
export interface Names {
  old: readonly string[];
  new: readonly string[];
}

export type Side = 'old' | 'new';

/** Names of one side without what was taken off. */
export interface Stripped extends Pick<NameChange, 'side' | 'kind' | 'rule'> {
  readonly changed: readonly string[];
}

/** Which names each side has, and how many both have. */
export interface KnownNames {
  readonly old: ReadonlySet<string>;
  readonly new: ReadonlySet<string>;
  readonly common: number;
}

/** Whether there is nothing left to match: every name of the smaller side is on the other one. Names in the same order cost no sets. */
export function isMatched({ old, new: newer }: Names, known?: KnownNames): boolean {
  if (known !== undefined) return known.common === Math.min(old.length, newer.length);
  return old.length === newer.length && old.every((name, at) => name === newer[at]);
}

export function indexNames(names: Names): KnownNames {
  const known = { old: new Set(names.old), new: new Set(names.new) };
  return { ...known, common: countCommon(names.old, known.new) };
}

/** What makes most names match when it is taken off one side: one thing, or several that lie in each other. */
export function findWrappers(names: Names, known: KnownNames): readonly Stripped[] | undefined {
  const most = Math.min(names.old.length, names.new.length);
  const occurring = { old: listOccurring(names.old), new: listOccurring(names.new) };
  let { common } = known;
  let best: readonly Stripped[] | undefined;
  const search = (side: Side, other: Side, current: readonly string[], chain: readonly Stripped[]): void => {
    const candidates = chain.length === 0 ? occurring[side] : listOccurring(current);
    for (const candidate of candidates) {
      // What both sides have was there before any wrapper.
      if (common === most || occurring[other].has(candidate)) continue;
      const { kind, rule, change, occurs } = candidate;
      const changed = current.map(change);
      const longer = [...chain, { side, kind, rule, changed }];
      const count = current.reduce((sum, name) => sum + (occurs(name) ? 1 : 0), 0);
      const matches = countCommon(changed, known[other]);
      // A prefix that all names lose makes no two of them one.
      const isDistinct = (): boolean => (kind === 'prefix' && count === current.length) || findTwice(changed) === undefined;
      if (matches > common && isDistinct()) {
        common = matches;
        best = longer;
      }
      // A wrapper that most names have may hide another one.
      if (matches <= known.common && count * 2 >= current.length - known.common && longer.length < DEEPEST)
        search(side, other, changed, longer);
    }
  };
  search('old', 'new', names.old, []);
  search('new', 'old', names.new, []);
  return best;
}

/** Everything that is tried. */
const CANDIDATES = [
  ...PREFIXES.map((prefix) => ({
    kind: 'prefix' as const,
    rule: prefix,
    occurs: (name: string): boolean => name.startsWith(prefix),
    change: (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name),
  })),
  ...WRAPPERS.map((wrapper) => ({
    kind: 'wrapper' as const,
    rule: wrapper,
    occurs: (name: string): boolean => isInside(name, wrapper),
    change: (name: string): string => (isInside(name, wrapper) ? removeSegments(name, wrapper) : name),
  })),
];

type Candidate = (typeof CANDIDATES)[number];

/** Most names begin with one of these letters only if a prefix is there, and hold this text only if a wrapper is. */
const FIRST_LETTERS: ReadonlySet<string> = new Set(PREFIXES.map((prefix) => prefix.charAt(0)));
const WRAPPER_MARK = /(?:wrapped_module|_orig_mod)\./;

/** Candidates that occur in any of the names. */
function listOccurring(names: readonly string[]): ReadonlySet<Candidate> {
  const missing = new Set<Candidate>(CANDIDATES);
  for (const name of names) {
    if (missing.size === 0) break;
    const [mayBegin, mayHold] = [FIRST_LETTERS.has(name.charAt(0)), WRAPPER_MARK.test(name)];
    if (!mayBegin && !mayHold) continue;
    for (const candidate of missing)
      if ((candidate.kind === 'prefix' ? mayBegin : mayHold) && candidate.occurs(name)) missing.delete(candidate);
  }
  return new Set(CANDIDATES.filter((candidate) => !missing.has(candidate)));
}

/** A name without all that wrappers are known to add. */
export function unwrapName(name: string): string {
  let bare = WRAPPERS.reduce((rest, wrapper) => (isInside(rest, wrapper) ? removeSegments(rest, wrapper) : rest), name);
  for (let prefix = findPrefix(bare); prefix !== undefined; prefix = findPrefix(bare)) bare = bare.slice(prefix.length);
  return bare;
}

function findPrefix(name: string): string | undefined {
  return PREFIXES.find((prefix) => name.startsWith(prefix));
}

function isInside(name: string, wrapper: string): boolean {
  return name.startsWith(wrapper) || (name.includes(wrapper) && name.includes(`.${wrapper}`));
}

function removeSegments(name: string, wrapper: string): string {
  const segment = wrapper.slice(0, -1);
  return name
    .split('.')
    .filter((part, at, parts) => part !== segment || at === parts.length - 1)
    .join('.');
}

/** Names that the other side has. */
export function countCommon(names: readonly string[], known: ReadonlySet<string>): number {
  return names.reduce((count, name) => count + (known.has(name) ? 1 : 0), 0);
}

/** A name that occurs twice. */
export function findTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => {
    const isSeen = seen.has(name);
    seen.add(name);
    return isSeen;
  });
}
