import { type ChangeType, changeTypeAt } from '../comparison/columns.ts';
import { isUnsafe } from '../comparison/unsafe.ts';
import type { Finding } from '../checkpoint/types.ts';
import { spellConfigValue } from '../wording/config-value.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import { joinWords } from '../wording/sentences.ts';
import { truncateMiddle } from '../wording/width.ts';
import { formatValue } from './format-value.ts';
import { breaks, type Limit } from './limit.ts';
import { conclude, describeChange, describeDtypes, nameCase } from './judgement.ts';
import { countNewNonfinite } from './new-nonfinite.ts';
import { type Judgement, MOST_CASES, type Subject } from './rule.ts';

/**
 * A rule that is a word: about tensors, of which a pattern may choose some, about a comparison as a whole, or about a number of it, which
 * needs a limit.
 */
export type Keyword = (
  | { readonly about: 'tensors'; readonly judge: (subject: Subject, rows: readonly number[]) => Judgement }
  | { readonly about: 'whole'; readonly judge: (subject: Subject) => Judgement }
  | { readonly about: 'number'; readonly judge: (subject: Subject, limit: Limit) => Judgement }
) & {
  /** What to write in place of the word with a number. */
  readonly instead?: string;
};

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['nan', { about: 'tensors', judge: checkNonfinite, instead: 'to allow some, use nan_new or inf_new with a number' }],
  ['structure', { about: 'tensors', judge: checkStructure }],
  ['dtype', { about: 'tensors', judge: checkDtypes }],
  ['unsafe', { about: 'whole', judge: ({ old, new: fresh }) => checkSafety([...old.findings, ...fresh.findings]) }],
  ['config', { about: 'whole', judge: checkConfiguration }],
  ['coverage', { about: 'number', judge: checkCoverage }],
]);

export const KEYWORD_ALIASES: ReadonlyMap<string, string> = new Map([['nonfinite', 'nan']]);

/** Tensors with NaN or Inf that they did not have before. */
function checkNonfinite({ columns }: Subject, rows: readonly number[]): Judgement {
  const counts = rows.map((row) => ({ row, ...countNewNonfinite(columns, row) })).filter(({ nan, inf }) => nan + inf > 0);
  const worst = counts
    .sort((a, b) => b.nan + b.inf - (a.nan + a.inf))
    .slice(0, MOST_CASES)
    .map(({ row, nan, inf }) => {
      const words = [nan > 0 ? `${formatCount(nan)} NaN` : '', inf > 0 ? `${formatCount(inf)} Inf` : ''];
      return nameCase(columns, row, joinWords(words.filter((word) => word !== '')), nan + inf);
    });
  const message = `${counts.length === 0 ? 'none' : formatCount(counts.length)} of ${formatNoun(rows.length, 'tensor')}`;
  return conclude(rows.length, counts.length, `new NaN or Inf in ${message}`, worst);
}

const STRUCTURE: readonly (readonly [ChangeType, string])[] = [
  ['added', 'added'],
  ['removed', 'removed'],
  ['shape_changed', 'reshaped'],
];

/** Tensors on one side only, or of another shape. */
function checkStructure({ columns }: Subject, rows: readonly number[]): Judgement {
  const found = STRUCTURE.map(([type, word]) => ({ word, rows: rows.filter((row) => changeTypeAt(columns, row) === type) }));
  const broken = found.reduce((sum, one) => sum + one.rows.length, 0);
  const counts = found.filter((one) => one.rows.length > 0).map(({ word, rows: { length } }) => `${formatCount(length)} ${word}`);
  const worst = found
    .flatMap(({ rows: own }) => own.slice(0, MOST_CASES))
    .map((row) => nameCase(columns, row, describeChange(columns, row)));
  const message = broken === 0 ? `same names and shapes in ${formatNoun(rows.length, 'tensor')}` : joinWords(counts);
  return conclude(rows.length, broken, message, worst.slice(0, MOST_CASES));
}

/** Tensors of another dtype. */
function checkDtypes({ columns }: Subject, rows: readonly number[]): Judgement {
  const broken = rows.filter((row) => columns.dtypeChanged[row] === 1);
  const worst = broken.slice(0, MOST_CASES).map((row) => nameCase(columns, row, describeDtypes(columns, row)));
  const message = `${broken.length === 0 ? 'none' : formatCount(broken.length)} of ${formatNoun(rows.length, 'tensor')}`;
  return conclude(rows.length, broken.length, `another dtype in ${message}`, worst);
}

/** Files that could run code, and odd archives. */
export function checkSafety(findings: readonly Finding[]): Judgement {
  const unsafe = findings.filter(isUnsafe);
  const worst = unsafe
    .slice(0, MOST_CASES)
    .map(({ path, code, message }) => ({ name: path ?? code, value: null, note: message }));
  return conclude(0, unsafe.length, unsafe.length === 0 ? 'no finding' : formatNoun(unsafe.length, 'finding'), worst);
}

/** Characters of a value of a configuration that are shown. */
const LONGEST_VALUE = 80;

/** Configurations that differ, or that one side alone has at hand. */
function checkConfiguration({ summary: { configChanges, unconfigured } }: Subject): Judgement {
  const changed = configChanges.slice(0, MOST_CASES).map(({ key, old, new: fresh }) => ({
    name: key,
    value: null,
    note: [old, fresh].map((value) => truncateMiddle(spellConfigValue(value), LONGEST_VALUE)).join(' → '),
  }));
  if (changed.length === 0 && unconfigured.length > 0)
    return conclude(0, 1, `not available on the ${joinWords(unconfigured)} side, which is a single file`, []);
  const keys = formatNoun(configChanges.length, 'configuration key');
  const message = configChanges.length === 0 ? 'no key differs' : `${keys} ${configChanges.length === 1 ? 'differs' : 'differ'}`;
  return conclude(0, configChanges.length, message, changed);
}

/** Elements that were compared, of the larger side. */
function checkCoverage({ summary: { coverage, comparedTensors } }: Subject, limit: Limit): Judgement {
  const isBroken = breaks(limit, coverage);
  const message = `${formatValue(coverage, 'ratio', limit.number)} of the elements were compared`;
  return { ...conclude(comparedTensors, 0, message, []), status: isBroken ? 'failed' : 'passed', value: coverage };
}
