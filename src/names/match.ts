import type { NameChange } from './name-change.ts';
import { argumentError } from '../errors.ts';
import type { NameRule } from './rename.ts';
import { findSharedPrefix } from './shared-prefix.ts';
import { findSynonyms } from './synonyms.ts';
import {
  countCommon,
  findTwice,
  findWrappers,
  indexNames,
  isMatched,
  type KnownNames,
  type Names,
  type Side,
  type Stripped,
} from './wrappers.ts';

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
  /** Whether prefixes of wrappers are taken off, and older names renewed, by themselves where that makes more names match. */
  readonly autoPrefix: boolean;
}

/** Names as they are. */
export const NO_RULES: SideRules = { selects: () => true, rules: [] };

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
  /** Rules of the caller that changed no name. */
  readonly unused: readonly UnusedRule[];
}

/** A rule that changed no name of one side, or of both where it is for both. */
export interface UnusedRule {
  readonly side: Side | 'both';
  readonly rule: NameRule;
}

/**
 * Chooses and changes the names of both sides as the caller asks, and then takes off what wrappers have added to one of them.
 *
 * @throws `ModelDiffError` of kind `Argument` when a rule gives two tensors of one side the same name, or the patterns of a side leave
 * none of its tensors.
 */
export function matchNames(old: readonly string[], newer: readonly string[], rules: NameRules): MatchedNames {
  const changes: NameChange[] = [];
  const sides = { old: changeNames('old', old, rules.old, changes), new: changeNames('new', newer, rules.new, changes) };
  const names: Names = { old: sides.old.names, new: sides.new.names };
  const unused = listUnused(rules, changes);
  if (rules.autoPrefix) {
    stripWrappers(names, changes);
    applyAll(names, isMatched(names) ? [] : findSynonyms(names), changes);
  }
  return { old: { ...sides.old, names: names.old }, new: { ...sides.new, names: names.new }, changes, unused };
}

function listUnused(rules: NameRules, changes: readonly NameChange[]): UnusedRule[] {
  const isUsed = (side: Side, { kind, text }: NameRule): boolean =>
    changes.some((change) => change.side === side && change.kind === kind && change.rule === text);
  const own = (side: Side): UnusedRule[] =>
    rules[side].rules.filter((rule) => !isShared(rule) && !isUsed(side, rule)).map((rule) => ({ side, rule }));
  const shared = rules.old.rules.filter((rule) => isShared(rule) && !isUsed('old', rule) && !isUsed('new', rule));
  return [...shared.map((rule) => ({ side: 'both' as const, rule })), ...own('old'), ...own('new')];
}

/** The options of one side are called `old.rename` and the like. */
function isShared({ option }: NameRule): boolean {
  return !option.includes('.');
}

/** The names of one side after its own rules. */
export function changeNames(
  side: Side,
  given: readonly string[],
  { selects, rules }: SideRules,
  changes: NameChange[],
): SideNames {
  const rows = [...given.keys()].filter((row) => selects(given[row] ?? ''));
  if (rows.length === 0 && given.length > 0) {
    const option = `${side}.include`;
    throw argumentError(`${option} leaves no tensor of the ${side} checkpoint`, 'layerNames lists the names', option);
  }
  let names = rows.map((row) => given[row] ?? '');
  for (const { kind, text, option, apply } of rules) {
    const changed = names.map(apply);
    const twice = findTwice(changed);
    if (twice !== undefined && findTwice(names) === undefined) {
      throw argumentError(
        `after ${option} ${JSON.stringify(text)} two tensors of the ${side} checkpoint are called ${twice}`,
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
  for (let round = 0; round < MOST_ROUNDS && !isMatched(names); round += 1) {
    const known = indexNames(names);
    const best = isMatched(names, known) ? [] : findBest(names, known);
    if (best.length === 0) return;
    applyAll(names, best, changes);
  }
}

function applyAll(names: Names, found: readonly Stripped[], changes: NameChange[]): void {
  for (const { side, kind, rule, changed } of found) {
    note(changes, { side, kind, rule }, names[side], changed);
    names[side] = changed;
  }
}

/** What wrappers are known to add, or else whatever all names of one side begin with. */
function findBest(names: Names, known: KnownNames): readonly Stripped[] {
  const wrappers = findWrappers(names, known) ?? [];
  const last = wrappers.at(-1);
  const matched = last === undefined ? known.common : countCommon(last.changed, known[last.side === 'old' ? 'new' : 'old']);
  if (isMatched(names, { ...known, common: matched })) return wrappers;
  const shared = findSharedPrefix(names, known, matched + 1);
  return shared === undefined ? wrappers : [shared];
}
