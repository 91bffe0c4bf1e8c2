import { formatCount, formatNoun, formatPercent, formatShare } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { measureDensity } from '../density.ts';
import { groupChange } from '../overall.ts';
import { sumOf } from '../statistics.ts';
import { isMatrix, type TensorRow } from '../tensor-row.ts';
import type { ExplanationCode } from '../types.ts';
import { isBroken } from './broken.ts';
import type { Explain } from './explanation.ts';
import { hasChanged, placeVerb, type Story } from './story.ts';

/** A cause is named when it shows in this share of the elements of which anything is known, and something is known of this share. */
const CLEAR = { agree: 0.6, known: 0.3 };
/** Changes within this factor of each other are about the same. */
const EVEN = 3;
/** Small tensors that moved less than this share of what the matrices did hardly moved. */
const HARDLY = 0.1;

/** What is left when every other cause has claimed its tensors: weights that were trained, merged or edited. Says where and how much. */
export const explainTraining: Explain = (story, open) => {
  if (open.length === 0) return [];
  const matrices = open.filter((row) => isMatrix(row) && row.change > 0);
  const measured = matrices.length > 0 ? matrices : open;
  const change = groupChange(measured);
  const code = findCause(measured);
  const everything = isEverything(story, open);
  const evidence = { change, tensors: open.length, ...readRange(measured), everything };
  const sentence =
    code === 'rounded_steps'
      ? describeSteps(everything, story, open, measured)
      : describeChange(story, open, measured, change, everything);
  const density = code === 'changed' ? describeRounding(measured) : code === 'masked' ? describeMask(measured) : '';
  return [{ code, rows: open, sentence: `${sentence}${density}`, evidence }];
};

/** Whether every matrix that could be compared is among the rows; every tensor where there is no matrix. */
function isEverything(story: Story, open: readonly TensorRow[]): boolean {
  const matrices = story.compared.filter((row) => isMatrix(row) && row.elements > 0);
  const changed = new Set(open);
  return (matrices.length > 0 ? matrices : story.compared).every((row) => changed.has(row));
}

/** What separates causes of the same picture: how the share of changed elements depends on their size. */
function findCause(rows: readonly TensorRow[]): ExplanationCode {
  const elements = (list: readonly TensorRow[]): number => sumOf(list, (row) => row.elements || 0);
  const known = rows.filter(({ roundingShape }) => roundingShape !== 'unknown');
  if (elements(known) < CLEAR.known * elements(rows)) return 'changed';
  const share = (shape: TensorRow['roundingShape']): number =>
    elements(known.filter(({ roundingShape }) => roundingShape === shape)) / elements(known);
  if (share('cliff') >= CLEAR.agree) return 'rounded_steps';
  return share('flat') >= CLEAR.agree ? 'masked' : 'changed';
}

function readRange(rows: readonly TensorRow[]): { least: number; most: number } {
  const changes = rows.map((row) => row.change).filter((change) => Number.isFinite(change) && change > 0);
  return {
    least: changes.reduce((least, change) => Math.min(least, change), Infinity),
    most: changes.reduce((most, change) => Math.max(most, change), 0),
  };
}

function describeSteps(everything: boolean, story: Story, open: readonly TensorRow[], measured: readonly TensorRow[]): string {
  const dtypes = joinWords([...new Set(measured.map((row) => row.newDtype))].sort());
  const subject = everything ? 'every matrix changed' : placeVerb(story.where(open), 'changed');
  return `${subject}, but only where weights are small (${formatPercent(groupChange(measured))} in all): each step was less than half a spacing of ${dtypes}, so large weights never moved; trained or averaged without an f32 master copy`;
}

function describeChange(
  story: Story,
  open: readonly TensorRow[],
  measured: readonly TensorRow[],
  change: number,
  everything: boolean,
): string {
  // Where few elements outlived rounding, it decided how much of each group's change is left.
  const isRounded = measureDensity(measured, 0)?.verdict === 'rounded';
  const contrast = isRounded ? null : story.contrast(measured);
  const depth = isRounded ? null : story.trend(measured);
  if (!everything) {
    const size =
      contrast === null && depth === null
        ? `, by ${formatPercent(change)}`
        : `: ${joinSizes(contrast?.replace(/^[A-Z](?=[a-z])/u, (letter) => letter.toLowerCase()) ?? null, depth)}`;
    return `${nameOpen(story, open)}${size}`;
  }
  if (contrast !== null) return joinSizes(contrast, depth);
  const { least, most } = readRange(measured);
  const subject = measured.some((row) => isMatrix(row)) ? 'every matrix' : 'every tensor';
  const size =
    depth !== null
      ? `${subject} changed, ${depth}`
      : most <= EVEN * least
        ? `${subject} changed by about the same share: ${formatPercent(change)}`
        : `${subject} changed, by ${formatPercent(change)} in all (${formatPercent(least)} to ${formatPercent(most)})`;
  return `${size}${describeSmall(open, change)}`;
}

/** What no other cause has claimed: after broken tensors, which are told first, simply the rest where all of it changed. */
function nameOpen(story: Story, open: readonly TensorRow[]): string {
  const isOpen = new Set(open);
  const others = story.compared.filter((row) => !isOpen.has(row));
  if (others.length > 0 && others.every((row) => isBroken(row))) return 'the rest changed';
  const where = story.where(open);
  const isOnly = !others.some((row) => hasChanged(row));
  // What is excepted would seem not to have changed.
  if (where.isComplement && !isOnly)
    return `${formatCount(open.length)} of ${formatNoun(story.compared.length, 'tensor')} changed`;
  return placeVerb(where, 'changed', isOnly);
}

function joinSizes(contrast: string | null, depth: string | null): string {
  return [contrast, depth].filter((part) => part !== null).join('; ');
}

/** Norms and biases, which stand beside the matrices. */
function describeSmall(open: readonly TensorRow[], change: number): string {
  const norms = open.filter((row) => row.class.type === 'norm' && !isMatrix(row));
  if (norms.length === 0 || !open.some((row) => isMatrix(row))) return '';
  const size = groupChange(norms);
  return size < HARDLY * change ? `; the norms hardly moved (${formatPercent(size)})` : `; norms by ${formatPercent(size)}`;
}

/** Where most elements kept their value, because the update was smaller than what their type can hold. */
function describeRounding(measured: readonly TensorRow[]): string {
  const density = measureDensity(measured, 0);
  if (density === null || density.verdict !== 'rounded') return '';
  return `; ${formatShare(1 - density.observed)} of the elements kept their value, as rounding to ${joinWords(density.dtypes)} alone explains`;
}

function describeMask(measured: readonly TensorRow[]): string {
  const density = measureDensity(measured, 0);
  const share = density === null ? '' : `only ${formatShare(density.observed)} of their elements changed, `;
  return `; ${share}large and small ones alike: a mask left the others out`;
}
