import { argumentError, type ModelDiffError } from '../errors.ts';
import { findNearest, spell } from '../options.ts';
import { joinWords } from '../wording/sentences.ts';
import { checkTensors } from './check-tensors.ts';
import { AGGREGATE_NAMES, checkTogether } from './check-together.ts';
import { KEYWORD_ALIASES, type Keyword, KEYWORDS } from './keywords.ts';
import { type Limit, OPERATOR_NAMES, type Range } from './limit.ts';
import { METRIC_ALIASES, RULE_METRICS, type RuleMetric } from './metrics.ts';
import { compilePatterns, type Judgement, type NameTest, type Rule, selectRows, type Subject, UNMATCHED } from './rule.ts';

/** `word`, `word(inner)`, what limits it, and a pattern; what is wrong with a part is found out part by part. */
const FORM = /^\s*(?<word>\w*)\s*(?:\((?<inner>[^()@]*)\)\s*)?(?<limit>[^@]*)(?:@(?<pattern>.*))?$/ds;

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?<percent>\s*%)?$/i;

/** The parts of a rule, and what fails at one of them. */
interface Parts {
  readonly word: string;
  /** What stands in the brackets behind the word; undefined where there are none. */
  readonly inner: string | undefined;
  readonly limit: string;
  readonly pattern: string | undefined;
  /** An error at a part. */
  readonly fail: (part: 'word' | 'inner' | 'limit' | 'pattern', message: string, hint?: string) => ModelDiffError;
}

/**
 * Reads a rule: a keyword, or `metric operator number`, where an aggregate may stand around the metric; behind an @ follows a pattern of
 * tensors.
 *
 * @param place where the rule stands, for messages
 * @throws ModelDiffError `E_ARGUMENT` that names the place, and the nearest right word
 */
export function parseRule(text: string, place: string): Rule {
  const parts = split(text, place);
  const matches = readPattern(parts, `${place} ${spell(text)}`);
  const { word, inner } = parts;
  const keyword = inner === undefined ? KEYWORDS.get(resolve(word)) : undefined;
  const name = resolve(inner?.trim() ?? word);
  const judge = keyword === undefined ? chooseMetric(parts, name, matches) : chooseKeyword(parts, keyword, matches);
  return { text: text.trim(), name, judge };
}

function split(text: string, place: string): Parts {
  const { groups = {}, indices } = FORM.exec(text) ?? {};
  const { word = '', inner, limit = '', pattern } = groups;
  return {
    word,
    inner,
    limit: limit.trim(),
    pattern: pattern?.trim(),
    fail: (part, message, hint) => {
      const at = (indices?.groups?.[part]?.[0] ?? text.length) + 1;
      return argumentError(`${place} ${spell(text)}: ${message} (character ${at})`, hint);
    },
  };
}

function readPattern({ pattern, fail }: Parts, place: string): NameTest {
  if (pattern === '') throw fail('pattern', 'expected a pattern of tensors after the @', "for example '*.norm.*'");
  return pattern === undefined ? null : compilePatterns([pattern], place);
}

function chooseKeyword(parts: Parts, keyword: Keyword, matches: NameTest): Rule['judge'] {
  const { word, limit, pattern, fail } = parts;
  if (pattern !== undefined && keyword.about !== 'tensors')
    throw fail('pattern', `${word} is about the comparison as a whole and takes no pattern`, `write it without @${pattern}`);
  if (keyword.about === 'number') {
    const read = readLimit(parts, word, keyword.range);
    return (subject) => keyword.judge(subject, read);
  }
  if (limit !== '') throw fail('limit', `${word} stands alone, without ${limit}`, keyword.instead);
  return keyword.about === 'whole' ? keyword.judge : onRows(matches, () => true, keyword.judge);
}

function chooseMetric(parts: Parts, name: string, matches: NameTest): Rule['judge'] {
  const { word, inner, limit: limitText, fail } = parts;
  const aggregate = inner === undefined ? null : AGGREGATE_NAMES.find((known) => known === word.toLowerCase());
  if (aggregate === undefined) throw failUnknown(parts, 'word', word, 'aggregate', AGGREGATE_NAMES);
  const metric = RULE_METRICS.get(name);
  if (aggregate === null && (AGGREGATE_NAMES as readonly string[]).includes(name))
    throw fail('limit', `${word} needs a metric in brackets`, `for example '${name}(cosine)<0.98'`);
  if (metric === undefined)
    throw aggregate === null
      ? failUnknown(parts, 'word', word, 'rule or metric', [...KEYWORD_NAMES, ...METRIC_NAMES])
      : failUnknown(parts, 'inner', name, 'metric', METRIC_NAMES);
  const limit = readLimit(parts, inner === undefined ? word : `${word}(${inner.trim()})`, metric.range);
  if (limitText.endsWith('%') && metric.unit === 'elements')
    throw fail(
      'limit',
      `${name} is a count, of which ${limitText} means nothing`,
      'change_ratio is the share of elements that changed',
    );
  if (aggregate === 'total' && metric.total === undefined)
    throw fail('inner', `a total of ${name} means nothing`, `total takes ${METRIC_NAMES.filter(hasTotal).join(', ')}`);
  return onRows(matches, hasNumber(metric), (subject, rows) =>
    aggregate === null ? checkTensors(subject, metric, limit, rows) : checkTogether(subject, metric, aggregate, limit, rows),
  );
}

/** Judges by the rows that match and that a rule is about. A pattern that no name matches is a mistake; that no tensor has a number is not. */
function onRows(
  matches: NameTest,
  isAbout: (subject: Subject, row: number) => boolean,
  judge: (subject: Subject, rows: readonly number[]) => Judgement,
): Rule['judge'] {
  return (subject) => {
    const rows = selectRows(subject, matches);
    if (rows.length === 0 && matches !== null) return UNMATCHED;
    return judge(
      subject,
      rows.filter((row) => isAbout(subject, row)),
    );
  };
}

function hasNumber({ side }: RuleMetric): (subject: Subject, row: number) => boolean {
  return ({ columns }, row) => side === 'both' || columns[side].dtype[row] !== '';
}

function readLimit({ limit, fail }: Parts, subject: string, [least, most]: Range): Limit {
  const operator = OPERATOR_NAMES.find((known) => limit.startsWith(known));
  if (operator === undefined) {
    const found = limit === '' ? 'nothing' : spell(limit);
    throw fail(
      'limit',
      `expected > >= < or <= after ${subject}, found ${found}`,
      `for example '${subject}${subject === 'coverage' ? '<100%' : '>0.05'}'`,
    );
  }
  const text = limit.slice(operator.length).trim();
  const { groups } = NUMBER.exec(text) ?? {};
  const isPercent = groups?.['percent'] !== undefined;
  const number = Number.parseFloat(text) / (isPercent ? 100 : 1);
  if (!NUMBER.test(text) || !Number.isFinite(number))
    throw fail('limit', `expected a number such as 0.05 or 5% after ${operator}, found ${text === '' ? 'nothing' : spell(text)}`);
  const write = (bound: number): string => (isPercent ? `${bound * 100}%` : String(bound));
  const isMeant = !isPercent && number > most && number / 100 <= most;
  if (number < least) throw fail('limit', `${subject} is never less than ${write(least)}`);
  if (number > most)
    throw fail('limit', `${subject} is never more than ${write(most)}`, isMeant ? `did you mean ${text}%?` : undefined);
  return { operator, number };
}

const METRIC_NAMES = [...METRIC_ALIASES.keys(), ...RULE_METRICS.keys()];
const KEYWORD_NAMES = [...KEYWORDS.keys(), ...KEYWORD_ALIASES.keys()];

/** The name in the tables for a word of a rule. */
function resolve(word: string): string {
  const name = word.toLowerCase();
  return KEYWORD_ALIASES.get(name) ?? METRIC_ALIASES.get(name) ?? name;
}

function hasTotal(name: string): boolean {
  return RULE_METRICS.get(resolve(name))?.total !== undefined;
}

function failUnknown(
  { fail }: Parts,
  part: 'word' | 'inner',
  word: string,
  what: string,
  known: readonly string[],
): ModelDiffError {
  const nearest = findNearest(word, known);
  const message = word === '' ? `expected a ${what}` : `there is no ${what} ${spell(word)}`;
  return fail(part, message, nearest === undefined ? `there are ${joinWords(known)}` : `did you mean ${nearest}?`);
}
