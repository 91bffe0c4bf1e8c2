import type { Level } from './index-levels.ts';
import { SLOT, type FormedName, type NameForm } from './name-form.ts';
import { acceptFamilies, type Family } from './stack-families.ts';

/** Where a tensor sits among the blocks. */
export interface Place {
  /** Path of the stack, as `model.layers`; null outside stacks. */
  readonly stack: string | null;
  /** Depth in the stack; null outside stacks. */
  readonly depth: number | null;
  /** Index of the expert; null where there is none. */
  readonly expert: number | null;
  /** Name with the indices of blocks and experts replaced by `#`. */
  readonly key: string;
}

const NOWHERE: Place = { stack: null, depth: null, expert: null, key: '' };

/** Finds the stacks of blocks in a model, families of indices whose members hold the same tensors, and places every tensor. */
export function placeTensors(names: readonly (FormedName | null)[]): Place[] {
  const accepted = acceptFamilies(collectFamilies(names));
  const blocksOf = new Map<NameForm, readonly Level[]>();
  for (const name of names) {
    if (name !== null && !blocksOf.has(name.form)) {
      blocksOf.set(
        name.form,
        name.form.levels.filter((level) => accepted.has(level.family)),
      );
    }
  }
  const readBlocks = (name: FormedName): readonly Level[] => blocksOf.get(name.form) ?? [];
  const ranks = rankNested(names, readBlocks);
  const spell = createSpeller();
  return names.map((name) => {
    if (name === null) return NOWHERE;
    const blocks = readBlocks(name);
    const [first] = blocks;
    const key = spell(name, blocks);
    const experts = name.form.levels.find((level) => level.isExpert);
    const expert = experts === undefined ? null : readIndex(name, experts);
    if (first === undefined) return { stack: null, depth: null, expert, key };
    const stack = spellStack(name, first);
    const rank = ranks.size === 0 ? undefined : ranks.get(stack)?.get(spellTuple(name, blocks));
    return { stack, depth: rank ?? readIndex(name, first), expert, key };
  });
}

function readIndex(name: FormedName, level: Level): number {
  return level.slot < 0 ? level.literal : (name.indices[level.slot] ?? -1);
}

function collectFamilies(names: readonly (FormedName | null)[]): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const name of names) {
    if (name === null) continue;
    let outer: string | null = null;
    let position = 0;
    for (const level of name.form.levels) {
      if (level.isExpert) break;
      let family = families.get(level.family);
      if (family === undefined) families.set(level.family, (family = { outer, level: position, children: new Map() }));
      const index = readIndex(name, level);
      const child = family.children.get(index);
      if (child === undefined) family.children.set(index, new Set([level.rest]));
      else child.add(level.rest);
      outer = level.family;
      position += 1;
    }
  }
  return families;
}

/** By stack with nested blocks (stages of blocks): rank of (i, j, ...) among all of the stack; a missing inner index counts as 0. */
function rankNested(
  names: readonly (FormedName | null)[],
  readBlocks: (name: FormedName) => readonly Level[],
): Map<string, Map<string, number>> {
  const nested = new Set<string>();
  for (const name of names) {
    const blocks = name === null ? [] : readBlocks(name);
    if (name !== null && blocks.length > 1 && blocks[0] !== undefined) nested.add(spellStack(name, blocks[0]));
  }
  const ranks = new Map<string, Map<string, number>>();
  if (nested.size === 0) return ranks;
  const tuples = new Map<string, Map<string, readonly number[]>>([...nested].map((stack) => [stack, new Map()]));
  for (const name of names) {
    const blocks = name === null ? [] : readBlocks(name);
    if (name === null || blocks[0] === undefined) continue;
    tuples.get(spellStack(name, blocks[0]))?.set(
      spellTuple(name, blocks),
      blocks.map((level) => readIndex(name, level)),
    );
  }
  for (const [stack, known] of tuples) {
    const rank = new Map<string, number>();
    let depth = -1;
    let previous: readonly number[] = [-1];
    for (const [text, tuple] of [...known].sort(([, a], [, b]) => compareTuples(a, b))) {
      if (compareTuples(previous, tuple) !== 0) depth += 1;
      rank.set(text, depth);
      previous = tuple;
    }
    ranks.set(stack, rank);
  }
  return ranks;
}

function spellTuple(name: FormedName, blocks: readonly Level[]): string {
  return blocks.map((level) => readIndex(name, level)).join('.');
}

function compareTuples(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Path of the stack as the name spells it, earlier indices included. */
function spellStack(name: FormedName, level: Level): string {
  return level.path.includes(SLOT) ? fillSlots(level.path, name.indices) : level.path;
}

/** Puts the indices of a name back into the slots of a text that starts where the name does. */
function fillSlots(text: string, indices: readonly number[]): string {
  let slot = 0;
  return text.replaceAll(SLOT, () => String(indices[slot++] ?? SLOT));
}

/** Spells keys; a form whose every slot is masked has one key for all of its names. */
function createSpeller(): (name: FormedName, blocks: readonly Level[]) => string {
  const constants = new Map<NameForm, string>();
  return (name, blocks) => {
    const known = constants.get(name.form);
    if (known !== undefined) return known;
    const { split, levels } = name.form;
    const segments = [...split.raw];
    const masked = new Map([...blocks, ...levels.filter((level) => level.isExpert)].map((level) => [level.at, level.masked]));
    let slot = 0;
    let isConstant = true;
    split.raw.forEach((segment, at) => {
      const mask = masked.get(at);
      if (segment === SLOT) {
        segments[at] = mask ?? String(name.indices[slot] ?? SLOT);
        if (mask === undefined) isConstant = false;
        slot += 1;
      } else if (mask !== undefined) {
        segments[at] = mask;
      }
    });
    const key = segments.join(split.separator);
    if (isConstant) constants.set(name.form, key);
    return key;
  };
}
