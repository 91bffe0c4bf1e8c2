import type { NameChange } from './name-change.ts';
import { argumentError } from '../errors.ts';
import type { NameRule } from './rename.ts';
import { findTwice, findWrappers, type Names, type Side } from './wrappers.ts';

/** Prefixes inside prefixes that are taken off. */
const MOST_ROUNDS = 6;

/** How the names of one side are chosen and changed before they are matched. */
export interface SideRules {
  /** Which tensors take part, by their names in the file. */
  readonly selects: (name: string) => boolean;
  /** Applied one after the other. */
  readonly rules: readonly NameRule[];
}

export interface NameRules {
  readonly old: SideRules;
  readonly new: SideRules;
  /** Whether prefixes of wrappers are taken off by themselves where that makes more names match. */
  readonly autoPrefix: boolean;
}

/** The names of one side as they are matched, each with the row of its tensor in the checkpoint. */
export interface SideNames {
  readonly names: readonly string[];
  readonly rows: readonly number[];
}

export interface MatchedNames {
  readonly old: SideNames;
  readonly new: SideNames;
  /** What was done to names. */
  readonly changes: readonly NameChange[];
}

/**
 * Chooses and changes the names of both sides as the caller asks, and then takes off what wrappers have added to one of them.
 *
 * @throws `ModelDiffError` of kind `Argument` when a rule gives two tensors of one side the same name.
 */
export function matchNames(old: readonly string[], newer: readonly string[], rules: NameRules): MatchedNames {
  const changes: NameChange[] = [];
  const sides = { old: changeNames('old', old, rules.old, changes), new: changeNames('new', newer, rules.new, changes) };
  const names: Names = { old: sides.old.names, new: sides.new.names };
  if (rules.autoPrefix) stripWrappers(names, changes);
  return { old: { ...sides.old, names: names.old }, new: { ...sides.new, names: names.new }, changes };
}

/** The names of one side after its own rules. */
export function changeNames(
  side: Side,
  given: readonly string[],
  { selects, rules }: SideRules,
  changes: NameChange[],
): SideNames {
  const rows = [...given.keys()].filter((row) => selects(given[row] ?? ''));
  let names = rows.map((row) => given[row] ?? '');
  for (const { kind, text, option, apply } of rules) {
    const changed = names.map(apply);
    const twice = findTwice(changed);
    if (twice !== undefined && findTwice(names) === undefined) {
      throw argumentError(
        `after ${option} ${text} two tensors of the ${side} checkpoint are called ${twice}`,
        'make the rule narrower, for example with ^ at its start',
        option,
      );
    }
    note(changes, { side, kind, rule: text }, names, changed);
    names = changed;
  }
  return { names, rows };
}

function note(
  changes: NameChange[],
  rule: Omit<NameChange, 'tensors'>,
  before: readonly string[],
  after: readonly string[],
): void {
  const tensors = before.filter((name, at) => name !== after[at]).length;
  if (tensors > 0) changes.push({ ...rule, tensors });
}

/** Takes off one prefix or wrapper after the other, always what makes most names match, while anything does. */
function stripWrappers(names: Names, changes: NameChange[]): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const best = findWrappers(names);
    if (best === undefined) break;
    for (const { side, kind, rule, changed } of best) {
      note(changes, { side, kind, rule }, names[side], changed);
      names[side] = changed;
    }
  }
}
