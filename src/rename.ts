import { argumentError } from './errors.ts';
import type { NameChange } from './types.ts';

/** Longer names are matched by no regular expression, in UTF-16 code units. */
const LONGEST_NAME = 4096;

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

/** Prefixes inside prefixes that are taken off. */
const MOST_ROUNDS = 6;

/** Wrappers in wrappers that are looked through at once. */
const DEEPEST = 3;

/** How names are changed before they are matched. */
export interface NameRules {
  /** In this order; every match in a name is replaced. */
  readonly rename: readonly RenameRule[];
  /** Taken off where a name begins with it, one after the other. */
  readonly stripPrefix: readonly string[];
  /** Whether prefixes of wrappers are taken off by themselves where that makes more names match. */
  readonly autoPrefix: boolean;
}

export interface RenameRule {
  /** As the caller wrote it. */
  readonly text: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** Names of both sides as they are matched, by row, and what was done to them. */
export interface MatchedNames {
  readonly old: readonly string[];
  readonly new: readonly string[];
  readonly changes: readonly NameChange[];
}

interface Names {
  old: readonly string[];
  new: readonly string[];
}

type Side = 'old' | 'new';
const SIDES = ['old', 'new'] as const;

/**
 * Reads a rule of the form `REGEX=>REPLACEMENT`; `$1` in the replacement stands for the first group.
 *
 * @throws `ModelDiffError` of kind `Argument`.
 */
export function parseRename(text: string): RenameRule {
  const at = text.indexOf('=>');
  if (at < 1) throw argumentError(`a rule to rename must be REGEX=>REPLACEMENT, not ${JSON.stringify(text)}`);
  try {
    return { text, pattern: new RegExp(text.slice(0, at), 'gu'), replacement: text.slice(at + 2) };
  } catch (cause) {
    throw argumentError(
      `the rule ${JSON.stringify(text)} is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

/**
 * Applies the rules of the caller to both sides, and then takes off what wrappers have added to one of them.
 *
 * @throws `ModelDiffError` of kind `Argument` when a rule gives two tensors of one side the same name.
 */
export function matchNames(old: readonly string[], newer: readonly string[], rules: NameRules): MatchedNames {
  const changes: NameChange[] = [];
  let names: Names = { old, new: newer };
  for (const prefix of rules.stripPrefix) {
    names = applyRule(names, changes, { kind: 'strip', rule: prefix }, (name) =>
      name.startsWith(prefix) ? name.slice(prefix.length) : name,
    );
  }
  for (const { text, pattern, replacement } of rules.rename) {
    names = applyRule(names, changes, { kind: 'rename', rule: text }, (name) =>
      name.length > LONGEST_NAME ? name : name.replace(pattern, replacement),
    );
  }
  if (rules.autoPrefix) names = stripWrappers(names, changes);
  return { ...names, changes };
}

function applyRule(
  names: Names,
  changes: NameChange[],
  rule: Pick<NameChange, 'kind' | 'rule'>,
  change: (name: string) => string,
): Names {
  const changed = { old: names.old.map(change), new: names.new.map(change) };
  for (const side of SIDES) {
    const twice = findTwice(changed[side]);
    if (twice !== undefined && findTwice(names[side]) === undefined) {
      throw argumentError(
        `after ${rule.kind === 'strip' ? '--strip-prefix' : '--rename'} ${rule.rule} two tensors of the ${side} checkpoint are called ${twice}`,
        'make the rule narrower, as with ^ at its start',
      );
    }
    note(changes, side, rule, names[side], changed[side]);
  }
  return changed;
}

function note(
  changes: NameChange[],
  side: Side,
  rule: Pick<NameChange, 'kind' | 'rule'>,
  before: readonly string[],
  after: readonly string[],
): void {
  const tensors = before.filter((name, row) => name !== after[row]).length;
  if (tensors > 0) changes.push({ side, ...rule, tensors });
}

/** Takes off one prefix or wrapper after the other, always what makes most names match, while anything does. */
function stripWrappers(given: Names, changes: NameChange[]): Names {
  const names = { ...given };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const best = findWrappers(names);
    if (best === undefined) break;
    for (const { side, kind, rule, changed } of best) {
      note(changes, side, { kind, rule }, names[side], changed);
      names[side] = changed;
    }
  }
  return names;
}

interface Stripped extends Pick<NameChange, 'side' | 'kind' | 'rule'> {
  readonly changed: readonly string[];
}

/** What makes most names match when it is taken off one side: one thing, or several that lie in each other. */
function findWrappers(names: Names): readonly Stripped[] | undefined {
  const known = { old: new Set(names.old), new: new Set(names.new) };
  const before = countCommon(names.old, known.new);
  let common = before;
  if (common === Math.min(names.old.length, names.new.length)) return undefined;
  let best: readonly Stripped[] | undefined;
  const search = (side: Side, other: Side, current: readonly string[], chain: readonly Stripped[]): void => {
    for (const { kind, rule, change, occurs } of CANDIDATES) {
      const count = current.reduce((sum, name) => sum + (occurs(name) ? 1 : 0), 0);
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

/** Everything that is tried. Names too long for a pattern are left as they are. */
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
    change: (name: string): string =>
      isInside(name, wrapper) && name.length <= LONGEST_NAME ? removeSegments(name, wrapper) : name,
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

function findTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => {
    const isSeen = seen.has(name);
    seen.add(name);
    return isSeen;
  });
}
