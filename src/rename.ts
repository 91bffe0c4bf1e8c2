import { argumentError } from './errors.ts';
import type { NameChange } from './types.ts';
import { findTwice, findWrappers } from './wrappers.ts';
import type { Names, Side } from './wrappers.ts';

/** Longer names are matched by no regular expression, in UTF-16 code units. */
const LONGEST_NAME = 4096;

/** Prefixes inside prefixes that are taken off. */
const MOST_ROUNDS = 6;

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

const SIDES = ['old', 'new'] as const;

/**
 * Reads a rule of the form `REGEX=>REPLACEMENT`; `$1` in the replacement stands for the first group.
 *
 * @throws `ModelDiffError` of kind `Argument`.
 */
export function parseRename(text: string): RenameRule {
  const at = text.indexOf('=>');
  if (at < 1) {
    throw argumentError(
      `a rule to rename must be REGEX=>REPLACEMENT, not ${JSON.stringify(text)}`,
      at === 0
        ? 'the expression before => must not be empty; ^ matches the beginning of every name'
        : String.raw`write it in quotation marks, as --rename '^net\.=>model.'`,
    );
  }
  try {
    return { text, pattern: new RegExp(text.slice(0, at), 'gu'), replacement: text.slice(at + 2) };
  } catch (cause) {
    throw argumentError(
      `the rule to rename ${JSON.stringify(text)} does not begin with a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      String.raw`a character with a meaning stands for itself behind a backslash, as \. or \(`,
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
