import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { findOverflows } from '../overflow.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim } from './explanation.ts';
import type { Story } from './story.ts';

type Count = 'nan' | 'inf';

function gained(row: TensorRow, kind: Count): number {
  return Math.max(0, (row.readSide('new')[kind] || 0) - (row.readSide('old')[kind] || 0));
}

/** Whether NaN or Inf came with the new checkpoint. */
export function isBroken(row: TensorRow): boolean {
  return row.changeType !== 'removed' && gained(row, 'nan') + gained(row, 'inf') > 0;
}

/** NaN and Inf that came with the new checkpoint, told before all else. What a conversion explains is told as that. */
export function explainBroken(story: Story): readonly Claim[] {
  const present = story.rows.filter((row) => row.changeType !== 'removed' && row.error === null);
  const broken = present.filter(isBroken);
  if (broken.length === 0) return [];
  const overflows = findOverflows(broken);
  const explained = new Set(overflows.flatMap(({ tensors }) => tensors));
  const rest = broken.filter(({ name }) => !explained.has(name));
  const claims: Claim[] = overflows.map(({ from, to, became, tensors, elements, largestOld, limit }) => ({
    code: 'overflowed',
    rows: broken.filter(({ name }) => tensors.includes(name)),
    sentence: `${formatNoun(elements, 'value')} in ${formatNoun(tensors.length, 'tensor')} overflowed to ${became} in the conversion from ${from} to ${to}`,
    evidence: { from, to, became, tensors: tensors.length, elements, largestOld, limit },
  }));
  if (rest.length > 0) claims.unshift(describe(story, rest, present.length));
  return claims;
}

function describe(story: Story, rows: readonly TensorRow[], of: number): Claim {
  const holds = (['nan', 'inf'] as const).filter((kind) => rows.some((row) => gained(row, kind) > 0));
  const kinds = joinWords(holds.map((kind) => (kind === 'nan' ? 'NaN' : 'Inf')));
  const total = (kind: Count): number => rows.reduce((sum, row) => sum + gained(row, kind), 0);
  const compared = new Set(story.compared);
  const isKnown = rows.every((row) => compared.has(row));
  const place = rows.length === of || rows.length === 1 || !isKnown ? '' : ` (${story.where(rows).text})`;
  const subject =
    rows.length === 1 ? `1 of ${formatNoun(of, 'tensor')}` : `${formatCount(rows.length)} of ${formatNoun(of, 'tensor')}`;
  const name = rows.length === 1 ? `, ${rows[0]?.name ?? ''}` : '';
  return {
    code: 'broken',
    rows,
    sentence: `broken: ${subject} ${rows.length === 1 ? 'contains' : 'contain'} ${kinds}${place}${name}`,
    evidence: { tensors: rows.length, of, nan: total('nan'), inf: total('inf'), first: rows.slice(0, 10).map((row) => row.name) },
  };
}
