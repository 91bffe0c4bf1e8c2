import { joinWords } from '../../wording/sentences.ts';
import type { Members } from './members.ts';
import { phraseOutside } from './phrase-outside.ts';
import { towerOf, type Phrase } from './phrase-parts.ts';
import { phraseStack } from './phrase-stack.ts';
import type { Where, WhereTerm } from './types.ts';
import { isWholeTerm } from './whole-terms.ts';
import { cutName, nameWholeGroup } from './words.ts';

/** Words of a set. */
type Words = Pick<Where, 'text' | 'subject' | 'place' | 'isPlural'>;

/** An exact description in English. */
export function putIntoWords(members: Members, found: Pick<Where, 'terms' | 'isComplement' | 'exceptions'>): Words {
  const { terms, isComplement, exceptions } = found;
  const whole = terms.filter((term) => isWholeTerm(term));
  const isSegment = ({ modules }: WhereTerm): boolean => modules?.[0]?.by === 'segment';
  const phrases = [
    ...phraseWhole(
      members,
      whole.filter((term) => !isSegment(term)),
      [],
    ),
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
  const isPlain = texts.every((text) => !/ and | in | except |,/.test(text));
  if (isPlain) return joinWords(texts);
  return `${texts.slice(0, -1).join(', ')}, and ${texts.at(-1) ?? ''}`;
}

/** Words before types of layers, before kinds of tensors. */
const ORDER = ['tower', 'top', 'statistics', 'role', 'embeddings', 'type', 'type_kind', 'kind', 'segment'];

function phraseWhole(members: Members, terms: readonly WhereTerm[], places: readonly string[]): Phrase[] {
  if (terms.length === 0) return [];
  const rank = ({ modules }: WhereTerm): number => ORDER.indexOf(modules?.[0]?.by ?? '');
  const words = [...terms]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ modules }) => (modules ?? []).map((group) => nameWholeGroup(group, members)));
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
    merged.set(
      id,
      known === undefined ? phrase : { ...known, places: [...known.places, ...phrase.places], isEverywhere, isPlural: true },
    );
  }
  return [...merged.values()];
}
