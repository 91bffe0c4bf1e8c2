import { formatPercent } from '../../wording/numbers.ts';
import { groupChange } from '../overall.ts';
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

/** Tensors of f32 that differ by no more than the order of a sum makes: merged weights, adapters with other factors of the same change. */
export const explainRounding: Explain = (story, open) => {
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
      sentence: `the ${side} checkpoint is an adapter: its ΔW are no whole weights; open its base with it as the adapter of that side`,
      evidence: { tensors: rows.length, side },
    },
  ];
};

function isSingle(dtype: string): boolean {
  return dtype === 'f32' || isOfAdapter(dtype);
}

function describeRows(story: Story, rows: readonly TensorRow[]): string {
  if (rows.length === story.compared.length && rows.length > 1) return 'all tensors are';
  const { text, isPlural } = story.where(rows);
  return `${text} ${isPlural ? 'are' : 'is'}`;
}
