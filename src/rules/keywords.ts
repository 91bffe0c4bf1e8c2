import { type ChangeType, changeTypeAt, type TensorColumns } from '../comparison/columns.ts';
import { isUnsafe } from '../comparison/unsafe.ts';
import type { Finding } from '../checkpoint/types.ts';
import { spellConfigValue } from '../wording/config-value.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import { joinWords } from '../wording/sentences.ts';
import { truncateMiddle } from '../wording/width.ts';
import { formatValue } from './format-value.ts';
import { breaks, type Limit, type Range } from './limit.ts';
import { conclude, describeChange, describeDtypes, hasChanged, nameCase, UNREADABLE } from './judgement.ts';
import { countNewNonfinite, totalNonfinite } from '../comparison/nonfinite.ts';
import { type Judgement, MOST_CASES, type Subject } from './rule.ts';
import type { RuleCase } from './types.ts';

/**
 * A rule that is a word: about tensors, of which a pattern may choose some, about a comparison as a whole, or about a number of it, which
 * needs a limit.
 */
export type Keyword = (
  | { readonly about: 'tensors'; readonly judge: (subject: Subject, rows: readonly number[]) => Judgement }
  | { readonly about: 'whole'; readonly judge: (subject: Subject) => Judgement }
  | { readonly about: 'number'; readonly range: Range; readonly judge: (subject: Subject, limit: Limit) => Judgement }
) & {
  /** What to write in place of the word with a number. */
  readonly instead?: string;
};

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['nan', { about: 'tensors', judge: checkNonfinite, instead: 'to allow some, use nan_new or inf_new with a number' }],
  ['structure', { about: 'tensors', judge: checkStructure }],
  ['dtype', { about: 'tensors', judge: checkDtypes }],
  ['changed', { about: 'tensors', judge: checkChanged, instead: 'to allow some change, use change with a number' }],
  ['unsafe', { about: 'whole', judge: ({ old, new: fresh }) => checkSafety([...old.findings, ...fresh.findings]) }],
  ['config', { about: 'whole', judge: checkConfiguration }],
  ['coverage', { about: 'number', range: [0, 1], judge: checkCoverage }],
]);

export const KEYWORD_ALIASES: ReadonlyMap<string, string> = new Map([['nonfinite', 'nan']]);

/** Tensors with NaN or Inf that they did not have before. */
function checkNonfinite({ columns }: Subject, rows: readonly number[]): Judgement {
  const found = setUnreadableApart(columns, rows);
  const counts = found.read
    .map((row) => ({ row, ...countNewNonfinite(columns, row) }))
    .filter((counted) => totalNonfinite(counted) > 0);
  const worst = counts
    .sort((a, b) => totalNonfinite(b) - totalNonfinite(a))
    .slice(0, MOST_CASES)
    .map(({ row, nan, inf }) => {
      const words = [nan > 0 ? `${formatCount(nan)} NaN` : '', inf > 0 ? `${formatCount(inf)} Inf` : ''];
      return nameCase(columns, row, joinWords(words.filter((word) => word !== '')), nan + inf);
    });
  return found.conclude(counts.length, `new NaN or Inf in ${countOf(counts.length, rows)}`, worst);
}

const STRUCTURE: readonly (readonly [ChangeType, string])[] = [
  ['added', 'added'],
  ['removed', 'removed'],
  ['shape_changed', 'reshaped'],
];

/** Tensors on one side only, or of another shape. */
function checkStructure({ columns }: Subject, rows: readonly number[]): Judgement {
  const found = setUnreadableApart(columns, rows);
  const groups = STRUCTURE.map(([type, word]) => ({
    word,
    rows: found.read.filter((row) => changeTypeAt(columns, row) === type),
  })).filter((group) => group.rows.length > 0);
  const broken = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const counts = groups.map(({ word, rows: { length } }) => `${formatCount(length)} ${word}`);
  const worst = groups
    .flatMap((group) => group.rows.slice(0, MOST_CASES))
    .map((row) => nameCase(columns, row, describeChange(columns, row)));
  const message = broken === 0 ? `same names and shapes in ${formatNoun(found.read.length, 'tensor')}` : joinWords(counts);
  return found.conclude(broken, message, worst);
}

/** Tensors of another dtype. */
function checkDtypes({ columns }: Subject, rows: readonly number[]): Judgement {
  const found = setUnreadableApart(columns, rows);
  const broken = found.read.filter((row) => columns.dtypeChanged[row] === 1);
  const worst = broken.slice(0, MOST_CASES).map((row) => nameCase(columns, row, describeDtypes(columns, row)));
  return found.conclude(broken.length, `another dtype in ${countOf(broken.length, rows)}`, worst);
}

/** Tensors of both sides with other values, another shape or another dtype. */
function checkChanged({ columns }: Subject, rows: readonly number[]): Judgement {
  const found = setUnreadableApart(columns, rows);
  const broken = found.read.filter((row) => hasChanged(columns, row));
  const worst = broken.slice(0, MOST_CASES).map((row) => nameCase(columns, row, describeChange(columns, row)));
  return found.conclude(broken.length, `changed: ${countOf(broken.length, rows)}`, worst);
}

function countOf(count: number, { length }: readonly number[]): string {
  return `${count === 0 ? 'none' : formatCount(count)} of ${formatNoun(length, 'tensor')}`;
}

/** The tensors that could be read, and a conclusion in which the others break the rule: nobody knows what they hold. */
function setUnreadableApart(columns: TensorColumns, rows: readonly number[]) {
  const read = rows.filter((row) => !columns.errors.has(row));
  const failed = rows.filter((row) => columns.errors.has(row));
  const rest = failed.length === 0 ? '' : `, ${formatCount(failed.length)} ${UNREADABLE}`;
  return {
    read,
    conclude: (broken: number, message: string, worst: readonly RuleCase[]): Judgement => {
      const cases = [...failed.slice(0, MOST_CASES).map((row) => nameCase(columns, row, UNREADABLE)), ...worst];
      return conclude(rows.length, broken + failed.length, `${message}${rest}`, cases.slice(0, MOST_CASES));
    },
  };
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
