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

/** What makes most names match when it is taken off one side: one thing, or several that lie in each other. */
export function findWrappers(names: Names): readonly Stripped[] | undefined {
  const known = { old: new Set(names.old), new: new Set(names.new) };
  const before = countCommon(names.old, known.new);
  let common = before;
  if (common === Math.min(names.old.length, names.new.length)) return undefined;
  let best: readonly Stripped[] | undefined;
  const search = (side: Side, other: Side, current: readonly string[], chain: readonly Stripped[]): void => {
    // A name that both sides have rules out whatever occurs in it: only the others have to be looked at.
    const unmatched = current.filter((name) => !known[other].has(name));
    for (const { kind, rule, change, occurs } of CANDIDATES) {
      const count = unmatched.reduce((sum, name) => sum + (occurs(name) ? 1 : 0), 0);
      // What both sides have was there before any wrapper.
      if (count === 0 || names[other].some(occurs)) continue;
      const changed = current.map(change);
      const longer = [...chain, { side, kind, rule, changed }];
      const matches = countCommon(changed, known[other]);
      if (matches > common && findTwice(changed) === undefined) {
        common = matches;
        best = longer;
      }
      // A wrapper that most names have may hide another one.
      if (matches <= before && count * 2 >= current.length && longer.length < DEEPEST) search(side, other, changed, longer);
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

function isInside(name: string, wrapper: string): boolean {
  return name.startsWith(wrapper) || name.includes(`.${wrapper}`);
}

function removeSegments(name: string, wrapper: string): string {
  const segment = wrapper.slice(0, -1);
  return name
    .split('.')
    .filter((part, at, parts) => part !== segment || at === parts.length - 1)
    .join('.');
}

function countCommon(names: readonly string[], known: ReadonlySet<string>): number {
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
