import { formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { groupChange } from '../overall.ts';
import { sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Explain } from './explanation.ts';
import type { Story } from './story.ts';

/** Relative change up to which tensors of f32 are one computed in two ways; one rounding is 6e-8. */
const ROUNDING = 1e-6;
/** 1 - cosine from which on a change has nothing to do with what it stands beside. */
const UNRELATED = 0.1;

/** Whether a dtype is that of the change which an adapter makes: `lora_r16`. */
export function isOfAdapter(dtype: string): boolean {
  return /^(?:lora|dora|loha|lokr)(?:_|$)/.test(dtype);
}

/** Largest step of a type, relative to the value. */
const STEPS: ReadonlyMap<string, number> = new Map([
  ['bf16', 2 ** -7],
  ['f16', 2 ** -10],
]);
/** Share of the elements that lie so near to the middle of two numbers that the order of a sum decides between them. */
const UNDECIDED = 1e-3;

/**
 * Tensors that differ by no more than the order of a sum makes: of f32 merged weights and adapters with other factors of the same change; of
 * 16 bits a few elements, by one step, where an adapter was merged here.
 */
export const explainRounding: Explain = (story, open) => [...explainSingles(story, open), ...explainMerged(story, open)];

/** Weights of 16 bits beside those into which an adapter was merged. */
const explainMerged: Explain = ({ compared, summary }, open) => {
  if (summary.mergedAdapters === undefined) return [];
  const rows = open.filter(({ oldDtype, newDtype, change, changedShare, elements }) => {
    const step = oldDtype === newDtype ? STEPS.get(newDtype) : undefined;
    // Elements that differ may be twice as large as others.
    return (
      step !== undefined &&
      changedShare * elements <= Math.max(1, UNDECIDED * elements) &&
      change <= 2 * step * Math.sqrt(changedShare)
    );
  });
  if (rows.length === 0) return [];
  const differ = Math.round(sumOf(rows, ({ changedShare, elements }) => changedShare * elements));
  const elements = sumOf(compared, (row) => row.elements);
  const types = joinWords([...new Set(rows.map(({ newDtype }) => newDtype))].sort());
  return [
    {
      code: 'rounding',
      rows,
      sentence: `same weights up to the rounding of the merge: ${formatCount(differ)} of ${formatNoun(elements, 'element')} ${differ === 1 ? 'differs' : 'differ'}, by one step of ${types}`,
      evidence: { tensors: rows.length, differ, elements },
    },
  ];
};

const explainSingles: Explain = (story, open) => {
  const rows = open.filter(
    (row) => row.changeType === 'unchanged' && row.change <= ROUNDING && isSingle(row.oldDtype) && isSingle(row.newDtype),
  );
  if (rows.length === 0) return [];
  const change = groupChange(rows);
  return [
    {
      code: 'rounding',
      rows,
      sentence: `${describeRows(story, rows)} equal up to rounding (${formatPercent(change)})`,
      evidence: { tensors: rows.length, change },
    },
  ];
};

/** The changes that an adapter makes beside whole weights, which they are no version of. */
export const explainUnmerged: Explain = (_, open) => {
  const rows = open.filter((row) => isOfAdapter(row.oldDtype) !== isOfAdapter(row.newDtype) && row.oneMinusCos > UNRELATED);
  const [first] = rows;
  if (first === undefined) return [];
  const side = isOfAdapter(first.oldDtype) ? 'old' : 'new';
  return [
    {
      code: 'unmerged_adapter',
      rows,
      sentence: `the ${side} checkpoint is an adapter, and its ΔW are no whole weights: give its base in its place, and it as --adapter-${side} (${side}.adapter)`,
      evidence: { tensors: rows.length, side },
    },
  ];
};

function isSingle(dtype: string): boolean {
  return dtype === 'f32' || isOfAdapter(dtype);
}

function describeRows(story: Story, rows: readonly TensorRow[]): string {
  if (rows.length === story.compared.length && rows.length > 1) return 'all tensors are';
  const { text, isPlural, isComplement } = story.where(rows);
  if (isComplement) return `${formatCount(rows.length)} of ${formatNoun(story.compared.length, 'tensor')} are`;
  return `${text} ${isPlural ? 'are' : 'is'}`;
}
