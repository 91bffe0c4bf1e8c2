/**
 * The conclusion: first how much was compared where that is not nearly all, then what is broken, then what accounts for the change, then
 * what did not change and what is missing. Every number in it is in the evidence of an explanation or in the summary.
 */
import type { ChangeType } from '../comparison/columns.ts';
import { isOpenQuestion } from '../comparison/left-out.ts';
import type { PartialCoverage } from '../comparison/summary.ts';
import { formatCount, formatNoun, formatPercent, formatShare } from '../wording/numbers.ts';
import { capitalize, joinWords, listNames } from '../wording/sentences.ts';
import type { AnalysisContext } from './context.ts';
import { COVERED, type MissingReason } from './coverage.ts';
import type { SharedClaim } from './explanations/explain.ts';
import { hasChanged } from './explanations/story.ts';
import { readMovedRows } from './moved-blocks.ts';
import { groupChange } from './overall.ts';
import { describeResized } from './resized.ts';

/** Explanations are told until they account for this share of the change. */
const ENOUGH = 0.9;
/** From this share of lost elements on the rest is not worth a word. */
const LOST = 0.5;
/** A set of tensors that takes more characters to describe is counted. */
const LONGEST_SET = 120;

/** What happened, in one to three sentences; before them, that a comparison in parts is not complete. */
export function composeVerdict(context: AnalysisContext): string {
  const verdict = describeWhole(context);
  const { partial } = context.summary;
  return partial === undefined ? verdict : `${describePartial(partial)} ${verdict}`;
}

function describePartial({ parts, missingParts, bytes, missingBytes }: PartialCoverage): string {
  const share = bytes === 0 ? 0 : missingBytes / bytes;
  const missing = `${formatCount(missingParts.length)} of ${formatNoun(parts, 'part')} ${missingParts.length === 1 ? 'is' : 'are'} missing`;
  return `INCOMPLETE: ${missing}, ${formatShare(share)} of the bytes were not compared.`;
}

function describeWhole(context: AnalysisContext): string {
  const { rows, coverage, counts } = context;
  if (rows.length === 0 && counts.common === 0) return 'Nothing to compare: neither checkpoint holds a tensor.';
  if (counts.compared === 0 && !context.claims.some(({ code }) => code === 'codes')) return finish([describeNothing(context)]);
  const unmerged = context.claims.find(({ code }) => code === 'unmerged_adapter');
  if (unmerged !== undefined) return finish([unmerged.sentence]);
  const broken = describeBroken(context);
  if (coverage.share < COVERED.half) return finish([describeCoverage(context), ...broken, ...describeMissing(context, true)]);
  const start = coverage.share < COVERED.most ? [describeCoverage(context)] : [];
  if (broken.length > 0 && context.nonFinite.elementShare >= LOST) return finish([...start, ...broken]);
  return finish([...start, ...broken, ...describeChange(context), ...describeMissing(context, start.length > 0)]);
}

/** Sentences as one text, each with its capital and its full stop. */
export function finish(sentences: readonly string[]): string {
  return sentences
    .filter((sentence) => sentence !== '')
    .map((sentence) => `${capitalize(sentence)}.`)
    .join(' ');
}

/** Nothing was compared: no verdict on a model. */
function describeNothing({ counts }: AnalysisContext): string {
  const { common, byType } = counts;
  if (common > 0) {
    const reasons = [
      byType.shape_changed > 0 ? `${formatCount(byType.shape_changed)} with another shape` : null,
      byType.failed > 0 ? `${formatCount(byType.failed)} that could not be read` : null,
    ].filter((reason) => reason !== null);
    return `nothing could be compared: of ${formatNoun(common, 'common tensor')}, ${joinWords(reasons)}`;
  }
  if (byType.added === 0 || byType.removed === 0)
    return `nothing to compare: the ${byType.added === 0 ? 'new' : 'old'} checkpoint holds no tensor`;
  return `nothing in common: no name of the old checkpoint (${formatNoun(byType.removed, 'tensor')}) is one of the new (${formatNoun(byType.added, 'tensor')})`;
}

const REASONS: Readonly<Record<Exclude<MissingReason, 'names'>, string>> = {
  shapes: 'shapes differ',
  errors: 'tensors could not be read',
  codes: 'weights are stored as codes',
};

function describeReason(reason: MissingReason, { counts, summary }: AnalysisContext): string {
  const { added, removed } = counts.byType;
  if (reason === 'errors' && summary.partial !== undefined) return 'parts are missing';
  if (reason !== 'names') return REASONS[reason];
  if (added > 0 && removed > 0) return 'names differ';
  return `the others are in the ${removed > 0 ? 'old' : 'new'} checkpoint alone`;
}

/** How much was compared, and below half of it nothing else of the model. */
export function describeCoverage(context: AnalysisContext): string {
  const { coverage, counts, claims } = context;
  const { share, tensors, of, reasons } = coverage;
  // That quantised weights are codes is said as what it is.
  if (reasons[0] === 'codes' && claims.some(({ code }) => code === 'codes')) {
    const codes = claims.find(({ code }) => code === 'codes')?.sentence ?? '';
    return `${codes}; ${describeRest(counts.byType.identical, tensors)}`;
  }
  const matched = `only ${formatCount(tensors)} of ${formatNoun(of, 'tensor')} (${formatShare(share)} of the elements) could be compared`;
  const why = reasons.length === 0 ? '' : `: ${reasons.map((reason) => describeReason(reason, context)).join(', ')}`;
  if (share >= COVERED.half) return `${matched}${why}`;
  const what = tensors === 1 ? 'it' : 'they';
  const same =
    counts.byType.identical === tensors
      ? `${what} ${tensors === 1 ? 'is' : 'are'} identical`
      : counts.byType.identical === 0
        ? `${what} changed`
        : `${formatCount(counts.byType.identical)} of them are identical`;
  return `${matched}${why}; ${same}, and nothing can be said of the rest`;
}

function describeRest(identical: number, tensors: number): string {
  if (tensors === 0) return 'nothing else could be compared';
  if (identical === tensors) return 'the rest is bit-identical';
  return identical === 0
    ? 'the rest changed too'
    : `of the other ${formatCount(tensors)}, ${formatCount(identical)} are identical`;
}

function describeBroken({ claims }: AnalysisContext): string[] {
  return claims.filter(({ code }) => BROKEN.has(code)).map(({ sentence }) => sentence);
}

/** What is told of NaN and Inf, before all else. */
const BROKEN: ReadonlySet<string> = new Set(['broken', 'overflowed', 'mended']);

/** What accounts for the change, largest first, and what did not change. */
function describeChange(context: AnalysisContext): string[] {
  const { story } = context;
  const told = context.claims.filter(({ code }) => !BROKEN.has(code));
  const codes = context.coverage.share < COVERED.most && context.coverage.reasons[0] === 'codes';
  const claims = told.filter(({ code }) => !(codes && code === 'codes'));
  const major = selectMajor(claims);
  if (major.length === 0) {
    if (codes) return [];
    return [story.changed.length > 0 ? describeStill(context, claims) : describeIdentity(context)];
  }
  const sentences = major.map((claim, at) => (at > 0 && isSame(major[0]) ? claim.sentence.replace(SAME, '') : claim.sentence));
  const sentence = [...sentences, ...describeUntold(context, major)].join('; ');
  return [nothingLearned(context, claims) + sentence, describeStill(context, claims)];
}

/** How sentences of the same weights in another form begin: the first one says it for all. */
const SAME = /^same weights: /u;

function isSame(claim: SharedClaim | undefined): boolean {
  return claim !== undefined && SAME.test(claim.sentence);
}

/** What changed beside that, so little that it is no part of the story. */
function describeUntold({ story, claims }: AnalysisContext, major: readonly SharedClaim[]): string[] {
  const told = new Set([...major, ...claims.filter(({ code }) => BROKEN.has(code))].flatMap(({ rows }) => rows));
  const untold = story.changed.filter((row) => !told.has(row));
  if (untold.length === 0) return [];
  const change = groupChange(untold);
  const size = change > 0 ? `, by ${formatPercent(change)}` : '';
  return [`${formatNoun(untold.length, 'other tensor')} changed too${size}`];
}

/** The claims that together carry most of the change, the largest first; those without a size where there is nothing else. */
function selectMajor(claims: readonly SharedClaim[]): SharedClaim[] {
  const sized = claims.filter(({ code }) => !UNSIZED.has(code)).sort((a, b) => b.share - a.share);
  const major: SharedClaim[] = [];
  let share = 0;
  for (const claim of sized) {
    if (share >= ENOUGH && major.length > 0) break;
    major.push(claim);
    share += claim.share;
  }
  return [...major, ...claims.filter(({ code }) => UNSIZED.has(code) && (major.length === 0 || code === 'codes'))];
}

/** What has no share of the change of the weights. */
const UNSIZED: ReadonlySet<string> = new Set(['lossless_cast', 'codes', 'statistics_moved', 'optimizer_state']);

function nothingLearned({ story }: AnalysisContext, claims: readonly SharedClaim[]): string {
  const isOnlyStatistics = claims.every(({ code }) => code === 'statistics_moved');
  return isOnlyStatistics && story.compared.length > 0 && story.changed.length === 0 ? 'no learnable weight changed; ' : '';
}

/** What did not change, as one clause. */
function describeStill({ story, counts }: AnalysisContext, claims: readonly SharedClaim[]): string {
  if (story.changed.length === 0) return '';
  const still = story.compared.filter((row) => !hasChanged(row));
  if (still.length === 0) return '';
  const isExact = still.every((row) => row.isIdentical);
  const same = isExact ? 'bit-identical' : 'unchanged';
  // Where every matrix changed, or everything but a part, what did not is named; otherwise the changed ones were.
  const isNamed = claims.some(({ evidence }) => evidence['everything'] === true) || story.where(story.changed).isComplement;
  if (!isNamed) return `all else is ${same}`;
  const { text, place, isPlural, isComplement } = story.where(still);
  if (isComplement) return `all else is ${same}`;
  if (text.length > LONGEST_SET)
    return `${formatNoun(still.length, 'other tensor')} ${still.length === 1 ? 'is' : 'are'} ${same}`;
  const comma = place !== '' && text.endsWith(`, ${place}`) ? ',' : '';
  return counts.byType.failed > 0 ? '' : `${text}${comma} ${isPlural ? 'are' : 'is'} ${same}`;
}

/** Nothing changed: identical only where everything was looked at. */
function describeIdentity({ counts, summary, coverage }: AnalysisContext): string {
  const { compared, byType } = counts;
  if (byType.identical < compared) {
    const rest = compared - byType.identical;
    return byType.identical === 0
      ? `no measurable change in ${formatNoun(compared, 'common tensor')}`
      : `${formatCount(byType.identical)} of ${formatNoun(compared, 'common tensor')} are identical, and the other ${formatCount(rest)} did not change measurably`;
  }
  const isWhole = coverage.of === compared && byType.added + byType.removed + byType.shape_changed + byType.failed === 0;
  if (!isWhole)
    return compared === 1 ? 'the one common tensor is identical' : `all ${formatNoun(compared, 'common tensor')} are identical`;
  if (summary.leftOut.some(isOpenQuestion)) return `everything compared is identical (${formatNoun(compared, 'tensor')})`;
  return compared === 1
    ? 'identical: the one tensor is equal in every value'
    : `identical: all ${formatNoun(compared, 'tensor')} are equal in every value`;
}

/** What was added, removed, reshaped, could not be read or was left out; and the configuration. */
export function describeMissing({ counts: { byType }, summary, rows }: AnalysisContext, isCovered: boolean): string[] {
  const resized = summary.resized ?? [];
  const isResized = new Set(resized.map(({ name }) => name));
  const { isMoved, isGone } = readMovedRows(summary);
  const untold = (type: ChangeType): readonly string[] =>
    rows
      .filter((row) => row.changeType === type && row.error === null && !isResized.has(row.name) && !isMoved(row) && !isGone(row))
      .map(({ name }) => name);
  const structure = (['added', 'removed', 'shape_changed'] as const)
    .map((type) => ({ verb: type === 'shape_changed' ? 'reshaped' : type, names: untold(type) }))
    .filter(({ names }) => names.length > 0)
    .map(({ verb, names }, at) => {
      const name = names.length === 1 ? ` (${names[0]})` : '';
      return `${count(names.length, at === 0)} ${was(names.length)} ${verb}${name}`;
    });
  const left = summary.leftOut.filter(isOpenQuestion).map(({ name }) => name);
  const keys = joinKeys(summary.configChanges.map(({ key }) => key));
  return [
    isCovered ? '' : joinWords(structure),
    ...describeResized(resized),
    byType.failed > 0 ? `${formatNoun(byType.failed, 'tensor')} could not be compared` : '',
    left.length > 0 ? `not compared: ${listNames(left)}` : '',
    keys.length > 0 ? `the configuration differs (${listNames(keys, 2)})` : '',
  ];
}

/** Keys of a configuration; several of one section are that section. */
function joinKeys(keys: readonly string[]): string[] {
  const sections = new Map<string, string>();
  for (const key of keys) {
    const section = /^(?:[^:]+\.json(?:: )?)?[^.]*/.exec(key)?.[0] ?? key;
    sections.set(section, sections.has(section) ? section : key);
  }
  return [...sections.values()];
}

function count(tensors: number, withNoun: boolean): string {
  return withNoun ? formatNoun(tensors, 'tensor') : formatCount(tensors);
}

function was(tensors: number): string {
  return tensors === 1 ? 'was' : 'were';
}
