/** What stands below the verdict of a series: which tensors, which directions, and what is not in the numbers. */
import type { SeriesEventKind } from './types.ts';
import { describeNameChange } from '../names/name-change.ts';
import { formatNoun } from '../wording/numbers.ts';
import { capitalize, joinWords, listNames } from '../wording/sentences.ts';
import { truncateMiddle } from '../wording/width.ts';
import { readCosines } from './cosines.ts';
import { describeRise, formatStepCosine, isPartial, listTensors, LONGEST_NAME, nameOf, type UnjudgedSeries } from './wording.ts';

/** Some sentences; empty where the verdict says everything. The names in them are as the files have them. */
export function explainSeries(series: UnjudgedSeries): string {
  const sentences = [
    describeNonfinite(series),
    describeJump(series),
    describeDirection(series),
    describeFirst(series, 'jumped', 'jumped alone'),
    describeFirst(series, 'froze', 'stopped changing'),
    describeNever(series),
    ...describeForms(series),
    describePartial(series),
  ];
  return sentences
    .filter((sentence) => sentence !== null)
    .map((sentence) => `${capitalize(sentence)}.`)
    .join(' ');
}

/** The tensors that were the first with NaN or Inf. */
function describeNonfinite(series: UnjudgedSeries): string | null {
  const first = series.events.find(({ kind }) => kind === 'non_finite');
  if (first === undefined) return null;
  const { step } = first;
  const tensors = series.events.flatMap(({ kind, step: at, tensor }) =>
    kind === 'non_finite' && at === step && tensor !== null ? [tensor] : [],
  );
  const last = series.steps.at(-1)?.nonfiniteTensors ?? 0;
  const spread = last > tensors.length && step < series.steps.length ? `, in ${last} at the end` : '';
  return `NaN or Inf first in ${formatNoun(tensors.length, 'tensor')}: ${listNames(tensors, 5)}${spread}`;
}

/** How far the first jump of the whole was above what was before, and in which tensors. */
function describeJump(series: UnjudgedSeries): string | null {
  const event = series.events.find(({ kind, tensor }) => kind === 'jumped' && tensor === null);
  if (event === undefined) return null;
  const tensors = listTensors(series, 'jumped', event.step);
  const all = formatNoun(series.tensors.names.length, 'tensor');
  // Where most jumped, three names say no more than one.
  const isWide = tensors.length * 2 > series.tensors.names.length;
  const where =
    tensors.length === 0 ? '' : `, in ${tensors.length} of ${all}, most in ${joinWords(tensors.slice(0, isWide ? 1 : 3))}`;
  return `the step of ${nameOf(series, event.step)} was ${describeRise(event)} the median before it${where}`;
}

/** Only of a run that did not jump: the cosines are those of its jumps otherwise. */
function describeDirection({ steps, events }: UnjudgedSeries): string | null {
  const cosines = steps.map((step) => step.stepCosine).filter((cosine) => cosine !== null);
  const reading = readCosines(steps);
  if (reading === null || events.some(({ tensor, kind }) => tensor === null || kind === 'non_finite')) return null;
  const sorted = new Float64Array(cosines).sort();
  const ends = [...new Set([sorted[0] ?? 0, sorted.at(-1) ?? 0].map(formatStepCosine))].join(' to ');
  const most = Math.min(0, ...steps.map((step) => step.roundingCosine ?? 0));
  const rounding = most > -0.005 ? '' : `; rounding alone can make ${formatStepCosine(most)}`;
  const straightness = steps.at(-1)?.straightness ?? null;
  const straight = straightness === null ? '' : `, straightness ${straightness.toFixed(2)}`;
  return `step cosine ${ends} (${reading}${rounding})${straight}`;
}

/** The first tensor that something happened to which did not happen to the whole. */
function describeFirst(series: UnjudgedSeries, kind: SeriesEventKind, what: string): string | null {
  const found = series.events.filter((event) => event.kind === kind);
  const [first] = found;
  if (first === undefined || found.some(({ tensor }) => tensor === null)) return null;
  const tensors = new Set(found.map(({ tensor }) => tensor)).size;
  return `${formatNoun(tensors, 'tensor')} ${what}, first ${first.tensor ?? ''} at ${nameOf(series, first.step)}`;
}

function describeNever({ steps, tensors }: UnjudgedSeries): string | null {
  const count = steps.length;
  const never = tensors.names.filter((_, row) =>
    tensors.identical.subarray(row * count, (row + 1) * count).every((same) => same === 1),
  );
  if (never.length === 0 || never.length === tensors.names.length) return null;
  return `${never.length} of ${formatNoun(tensors.names.length, 'tensor')} never changed`;
}

/** What was done to names and tensors, once for all checkpoints that it was done to alike. */
function describeForms({ checkpoints }: UnjudgedSeries): string[] {
  const found = new Map<string, string[]>();
  for (const { name, nameChanges } of checkpoints) {
    if (nameChanges.length === 0) continue;
    const words = joinWords(nameChanges.map(describeNameChange));
    found.set(words, [...(found.get(words) ?? []), truncateMiddle(name, LONGEST_NAME)]);
  }
  return [...found].map(([words, names]) => `${words} in ${listNames(names)}`);
}

function describePartial(series: UnjudgedSeries): string | null {
  return isPartial(series) ? 'tensors that are not in every checkpoint with one shape are left out of the totals' : null;
}
