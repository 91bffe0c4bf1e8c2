/** What phrases are made of: lists of groups, and names of stacks. */
import { formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Members, Stack } from './members.ts';
import type { ModuleGroup } from './types.ts';
import { classesOf, cutName, nameGroup, nameTower, type GroupWords } from './words.ts';

/** Words of a term: what, and where of it. */
export interface Phrase {
  readonly subject: string;
  /** '' where the subject says it. */
  readonly places: readonly string[];
  readonly isPlural: boolean;
  /** The subject as a list, where it is one of plain names. */
  readonly items?: readonly string[];
  /** Whether the place is all of a stack, which a comma sets apart. */
  readonly isEverywhere: boolean;
}

/** Longer lists of groups are cut. */
const MOST_NAMED = 6;

/** Groups of a stack as a list. */
export function nameGroups(
  members: Members,
  at: number,
  modules: readonly ModuleGroup[],
  isAllBut: boolean,
): GroupWords & { readonly items: readonly string[] } {
  const words = modules.map((group) => nameGroup(group, members, at));
  const named = words.slice(0, MOST_NAMED).map(({ text }) => text);
  const rest = words.length - named.length;
  const text = joinWords(rest > 0 ? [...named, formatNoun(rest, 'more module')] : shareArticle(named));
  return { text, isPlural: isAllBut || words.length > 1 || words[0]?.isPlural === true, items: rest > 0 ? [text] : named };
}

/** `the norms and the biases` is `the norms and biases`. */
function shareArticle(texts: readonly string[]): readonly string[] {
  return texts.length > 1 && texts.every((text) => text.startsWith('the '))
    ? texts.map((text, at) => (at === 0 ? text : text.slice(4)))
    : texts;
}

/** ` of the encoder`, where the model has more stacks than one. */
export function nameStack(members: Members, at: number): string {
  const stacks = members.stacks.slice(0, -1);
  const tower = towerOf(stacks[at]);
  if (stacks.length < 2) return '';
  if (tower !== null && stacks.filter((stack) => towerOf(stack) === tower).length === 1)
    return ` of the ${nameTower(tower, classesOf(members))}`;
  const isLanguage =
    tower === null &&
    stacks.every((stack, other) => other === at || ['vision', 'audio'].includes(towerOf(stack) ?? '')) &&
    members.keys.some(({ class: { type, role, tower: own } }) => own === null && type === 'embedding' && role === 'token');
  return isLanguage ? ' of the language model' : ` of ${cutName(stacks[at]?.path ?? '')}`;
}

/** Part of the model that a stack is in; null where none is named. */
export function towerOf(stack: Stack | undefined): string | null {
  return stack?.keys[0]?.class.tower ?? null;
}

/** Experts of a stack, ascending. */
export function listExperts({ keys }: Stack): number[] {
  const experts = new Set(keys.flatMap(({ lines }) => lines.map(({ expert }) => expert)).filter((expert) => expert >= 0));
  return [...experts].sort((a, b) => a - b);
}
