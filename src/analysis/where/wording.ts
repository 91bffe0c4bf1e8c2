import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { nameSet } from './block-set.ts';
import type { Cells } from './cells.ts';
import { isWholeTerm } from './cover.ts';
import { isInGroup, sortGroups } from './groups.ts';
import { findAlias, type Key, type Members, type Stack } from './members.ts';
import type { ModuleGroup, Where, WhereTerm } from './types.ts';
import { classesOf, cutName, nameGroup, nameTower, nameType, nameWholeGroup, type GroupWords } from './words.ts';

/** Words of a set. */
type Words = Pick<Where, 'text' | 'subject' | 'place' | 'isPlural'>;

/** Words of a term: what, and where of it. */
interface Phrase {
  readonly subject: string;
  /** '' where the subject says it. */
  readonly places: readonly string[];
  readonly isPlural: boolean;
  /** The subject as a list, where it is one of plain names. */
  readonly items?: readonly string[];
  /** Whether the place is all of a stack, which a comma sets apart. */
  readonly isEverywhere: boolean;
}

/** As many modules outside of the blocks are named rather than called everything there. */
const FEW_MODULES = 4;
/** Longer lists of groups are cut. */
const MOST_NAMED = 6;

/** An exact description in English. */
export function putIntoWords(members: Members, found: Pick<Where, 'terms' | 'isComplement' | 'exceptions'>): Words {
  const { terms, isComplement, exceptions } = found;
  const whole = terms.filter((term) => isWholeTerm(term));
  const isSegment = ({ modules }: WhereTerm): boolean => modules?.[0]?.by === 'segment';
  const phrases = [
    ...phraseWhole(members, whole.filter((term) => !isSegment(term)), []),
    ...phraseWhole(members, whole.filter(isSegment), ['in all blocks']),
    ...mergePlaces(
      sortByStack(
        members,
        terms.filter(({ stack }) => stack !== null),
      ).map((term) => phraseStack(members, term)),
    ).sort((a, b) => Number(a.places.length === 0) - Number(b.places.length === 0)),
    ...terms.filter(({ isOutside }) => isOutside).map((term) => phraseOutside(members, term)),
  ];
  const [only] = phrases;
  const isOne = phrases.length === 1 && only !== undefined;
  const text = isOne ? spellAlone(only) : joinPhrases(phrases.flatMap((phrase) => phrase.items ?? [spellInList(phrase)]));
  if (isComplement && isOne && only.isEverywhere && members.stacks.length === 2)
    return { ...alone(`everything but ${only.subject}`), isPlural: false };
  if (isComplement) return { ...alone(`everything but ${text}`), isPlural: false };
  const isPlural = !isOne || only.isPlural;
  if (exceptions.length > 0) return { ...alone(`${text}, except ${joinWords(exceptions.map(cutName))}`), isPlural };
  const place = isOne ? only.places.join(' and ') : '';
  return { text, subject: place === '' ? text : (only?.subject ?? ''), place, isPlural };
}

function alone(text: string): Omit<Words, 'isPlural'> {
  return { text, subject: text, place: '' };
}

function spellAlone({ subject, places, isEverywhere }: Phrase): string {
  if (places.length === 0) return subject;
  return `${subject}${isEverywhere ? ',' : ''} ${places.join(' and ')}`;
}

function spellInList({ subject, places }: Phrase): string {
  return [subject, ...(places.length === 0 ? [] : [places.join(' and ')])].join(' ');
}

function joinPhrases(texts: readonly string[]): string {
  const isPlain = texts.every((text) => !/ and | in |,/.test(text));
  if (isPlain) return joinWords(texts);
  return `${texts.slice(0, -1).join(', ')}, and ${texts.at(-1) ?? ''}`;
}

/** Words before types of layers, before kinds of tensors. */
const ORDER = ['tower', 'top', 'statistics', 'role', 'embeddings', 'type', 'type_kind', 'kind', 'segment'];

function phraseWhole(members: Members, terms: readonly WhereTerm[], places: readonly string[]): Phrase[] {
  if (terms.length === 0) return [];
  const rank = ({ modules }: WhereTerm): number => ORDER.indexOf(modules?.[0]?.by ?? '');
  const words = [...terms]
    .sort((a, b) => rank(a) - rank(b)).flatMap(({ modules }) => (modules ?? []).map((group) => nameWholeGroup(group, members)));
  const texts = words.map(({ text }) => text);
  const isAll = texts.every((text) => /^all (?!of )/.test(text));
  const subject = joinWords(isAll ? texts.map((text, at) => (at === 0 ? text : text.slice(4))) : texts);
  const isPlural = words.length > 1 || words[0]?.isPlural === true;
  return [{ subject, places, isPlural, isEverywhere: places.length > 0 }];
}

/** Encoders before decoders, and other stacks by their paths. */
function sortByStack(members: Members, terms: readonly WhereTerm[]): WhereTerm[] {
  const rank = ({ stack }: WhereTerm): number => {
    const tower = towerOf(members.stacks.find(({ path }) => path === stack));
    return tower === 'decoder' ? 1 : 0;
  };
  const place = ({ stack }: WhereTerm): number => members.stacks.findIndex(({ path }) => path === stack);
  return terms
    .map((term, at) => [term, at] as const)
    .sort(([a, i], [b, j]) => rank(a) - rank(b) || place(a) - place(b) || i - j)
    .map(([term]) => term);
}

/** The same modules in several stacks are named once. */
function mergePlaces(phrases: readonly Phrase[]): Phrase[] {
  const merged = new Map<string, Phrase>();
  for (const phrase of phrases) {
    const id = phrase.places.length === 0 ? `${merged.size}` : ` ${phrase.subject}`;
    const known = merged.get(id);
    const isEverywhere = phrase.isEverywhere && known?.isEverywhere !== false;
    merged.set(id, known === undefined ? phrase : { ...known, places: [...known.places, ...phrase.places], isEverywhere, isPlural: true });
  }
  return [...merged.values()];
}

function phraseStack(members: Members, term: WhereTerm): Phrase {
  const at = members.stacks.findIndex(({ path }) => path === term.stack);
  const stack = members.stacks[at] ?? { path: null, blocks: [], keys: [] };
  const of = nameStack(members, at);
  const { modules, isAllBut, experts } = term;
  const positions = positionsOf(stack, term.blocks);
  const blocks = nameBlocks(members, at, stack.blocks, positions);
  const isSingle = positions.length === 1;
  if (experts !== null) {
    const numbers = listExperts(stack);
    const set = nameSet({ noun: 'expert', all: numbers }, experts.map((expert) => numbers.indexOf(expert)));
    const where = `${term.blocks === null ? 'every block' : blocks}${of}`;
    const what = modules === null ? set : `${nameGroups(members, at, modules, isAllBut).text} of ${set}`;
    return { subject: `${what} of ${where}`, places: [], isPlural: experts.length > 1 || !isSingle, isEverywhere: false };
  }
  if (modules === null) return { subject: `${blocks}${of}`, places: [], isPlural: !isSingle, isEverywhere: false };
  const words = nameGroups(members, at, modules, isAllBut);
  if (isAllBut) return { subject: `${blocks}${of} without ${words.text}`, places: [], isPlural: !isSingle, isEverywhere: false };
  const having = term.blocks === null ? blocksHaving(stack, modules) : positions;
  const isEverywhere = term.blocks === null;
  const isHybrid = having.length < positions.length;
  const some = having.length === 1 ? nameBlocks(members, at, stack.blocks, having) : `all ${having.length} blocks that have ${words.isPlural ? 'them' : 'it'}`;
  const place = `in ${isHybrid ? some : blocks}${of}`;
  return { subject: words.text, places: [place], isPlural: words.isPlural || having.length > 1, isEverywhere: isEverywhere && having.length > 1 };
}

function nameBlocks(members: Members, stack: number, all: readonly number[], positions: readonly number[]): string {
  return nameSet({ noun: 'block', all, aliasOf: (depth) => findAlias(members, stack, depth) }, positions);
}

function positionsOf({ blocks }: Pick<Stack, 'blocks'>, depths: readonly number[] | null): number[] {
  const wanted = depths === null ? null : new Set(depths);
  return blocks.flatMap((depth, at) => (wanted === null || wanted.has(depth) ? [at] : []));
}

/** Positions of the blocks that have a tensor of the groups. */
function blocksHaving({ keys }: Stack, modules: readonly ModuleGroup[]): number[] {
  const found = new Set<number>();
  for (const key of keys)
    if (modules.some((group) => isInGroup(key, group))) for (const { positions } of key.lines) for (const position of positions) found.add(position);
  return [...found].sort((a, b) => a - b);
}

function listExperts({ keys }: Stack): number[] {
  const experts = new Set(keys.flatMap(({ lines }) => lines.map(({ expert }) => expert)).filter((expert) => expert >= 0));
  return [...experts].sort((a, b) => a - b);
}

function phraseOutside(members: Members, { modules, isAllBut, experts }: WhereTerm): Phrase {
  const at = members.stacks.length - 1;
  const stack = members.stacks[at] ?? { path: null, blocks: [], keys: [] };
  const words = nameOutside(members, at, stack.keys, modules, isAllBut);
  if (experts === null) {
    const items = words.items === undefined ? {} : { items: words.items };
    return { subject: words.text, places: [], isPlural: words.isPlural, isEverywhere: false, ...items };
  }
  const numbers = listExperts(stack);
  const set = nameSet({ noun: 'expert', all: numbers }, experts.map((expert) => numbers.indexOf(expert)));
  const subject = modules === null ? set : `${words.text} of ${set}`;
  return { subject, places: [], isPlural: experts.length > 1, isEverywhere: false };
}

function nameOutside(
  members: Members,
  at: number,
  keys: readonly Key[],
  modules: readonly ModuleGroup[] | null,
  isAllBut: boolean,
): GroupWords & { readonly items?: readonly string[] } {
  const rest = members.stacks.length === 1 ? 'everything' : 'everything outside the blocks';
  if (modules !== null && !isAllBut) return nameGroups(members, at, modules, false);
  const kept = keys.filter((key) => modules === null || !modules.some((group) => isInGroup(key, group)));
  const paths = [...new Set(kept.map(({ module }) => module))];
  const isWhole = keys.every((key) => !paths.includes(key.module) || kept.includes(key));
  if (paths.length <= FEW_MODULES && isWhole) {
    const named = paths.map((value): ModuleGroup => ({ by: 'module', value }));
    return nameGroups(members, at, sortGroups(named, keys), false);
  }
  if (modules === null) return { text: rest, isPlural: false };
  return { text: `${rest} but ${nameGroups(members, at, modules, true).text}`, isPlural: false };
}

function nameGroups(
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
  return texts.length > 1 && texts.every((text) => text.startsWith('the ')) ? texts.map((text, at) => (at === 0 ? text : text.slice(4))) : texts;
}

/** ` of the encoder`, where the model has more stacks than one. */
function nameStack(members: Members, at: number): string {
  const stacks = members.stacks.slice(0, -1);
  const tower = towerOf(stacks[at]);
  if (stacks.length < 2) return '';
  if (tower !== null && stacks.filter((stack) => towerOf(stack) === tower).length === 1) return ` of the ${nameTower(tower, classesOf(members))}`;
  const isLanguage =
    tower === null &&
    stacks.every((stack, other) => other === at || ['vision', 'audio'].includes(towerOf(stack) ?? '')) &&
    members.keys.some(({ class: { type, role, tower: own } }) => own === null && type === 'embedding' && role === 'token');
  return isLanguage ? ' of the language model' : ` of ${cutName(stacks[at]?.path ?? '')}`;
}

function towerOf(stack: Stack | undefined): string | null {
  return stack?.keys[0]?.class.tower ?? null;
}

/** What can be said of a set without a short description: how much of which types, in how many blocks. */
export function countInWords(members: Members, set: Uint8Array, tensors: number, cells: readonly Cells[]): Words & { readonly terms: [] } {
  const types = new Map<string, [inside: number, all: number]>();
  members.rows.forEach(({ class: { type } }, row) => {
    const count = types.get(type) ?? [0, 0];
    types.set(type, count);
    count[0] += set[row] ?? 0;
    count[1] += 1;
  });
  const parts = [...types]
    .filter(([, [inside]]) => inside > 0)
    .sort(([a, [x]], [b, [y]]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_NAMED)
    .map(([type, [inside, all]]) => `${nameType(type).word} ${inside === all ? 'all' : formatCount(inside)}${inside === all ? '' : ` of ${formatCount(all)}`}`);
  let touched = 0;
  let blocks = 0;
  for (const { bundles, stack } of cells.slice(0, -1)) {
    const found = new Set(bundles.flatMap(({ positions, isIn }) => positions.filter((_, at) => isIn[at] === 1)));
    touched += found.size;
    blocks += members.stacks[stack]?.blocks.length ?? 0;
  }
  const place = touched === 0 ? '' : `, in ${touched === blocks ? `all ${blocks}` : `${touched} of ${blocks}`} blocks`;
  const text = `${formatCount(tensors)} of ${formatCount(members.rows.length)} tensors${place} (${parts.join(', ')})`;
  return { ...alone(text), isPlural: tensors !== 1, terms: [] };
}
