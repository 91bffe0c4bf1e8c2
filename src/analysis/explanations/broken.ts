import { type Nonfinite, totalNonfinite } from '../../comparison/nonfinite.ts';
import { formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { findOverflows } from '../overflow.ts';
import { groupChange } from '../overall.ts';
import { sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { countPlaced, type Story } from './story.ts';

/** Whether NaN or Inf came with the new checkpoint. */
export function isBroken(row: TensorRow): boolean {
  return totalNonfinite(row.newNonfinite) > 0;
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
  if (rest.length > 0) claims.unshift(describe(story, rest, present));
  return claims;
}

/** NaN and Inf of the old checkpoint that the new one has no more. */
export const explainMended: Explain = (story, open) => {
  const lost = (row: TensorRow): number => totalNonfinite(row.readSide('old')) - totalNonfinite(row.readSide('new'));
  const rows = open.filter((row) => lost(row) > 0);
  if (rows.length === 0) return [];
  const elements = sumOf(rows, lost);
  const still = rows.filter((row) => totalNonfinite(row.readSide('new')) > 0).length;
  const now =
    still === 0
      ? `${rows.length === 1 ? 'holds' : 'hold'} none now`
      : `${rows.length === 1 ? 'holds' : 'hold'} fewer now${still < rows.length ? `, ${formatCount(rows.length - still)} of them none` : ''}`;
  // What had hardly a finite value has not changed by anything that could be measured.
  const change = elements < 0.5 * sumOf(rows, (row) => row.elements) ? groupChange(rows) : null;
  const rest = change === null ? '' : `; their finite elements changed by ${formatPercent(change)}`;
  return [
    {
      code: 'mended',
      rows,
      sentence: `${countPlaced(story, rows)} of the old checkpoint held NaN or Inf and ${now}${rest}`,
      evidence: { tensors: rows.length, elements, still, change },
    },
  ];
};

/** How much of a tensor is broken, and whether the rest of it stayed as it was. */
function describeOne(row: TensorRow): string {
  const broken = totalNonfinite(row.newNonfinite);
  const others = Math.round(row.changedShare * row.elements) - broken;
  const rest = others > 0 ? `, and ${formatCount(others)} others changed` : '';
  return `, ${row.name} (${formatCount(broken)} of ${formatNoun(row.elements, 'element')}${rest})`;
}

function describe(story: Story, rows: readonly TensorRow[], present: readonly TensorRow[]): Claim {
  const of = present.length;
  const holds = (['nan', 'inf'] as const).filter((kind) => rows.some((row) => row.newNonfinite[kind] > 0));
  const holding = present.filter((row) => holds.some((kind) => (row.readSide('new')[kind] || 0) > 0)).length;
  const isEach = rows.every((row) => holds.every((kind) => row.newNonfinite[kind] > 0));
  const kinds = holds.map((kind) => (kind === 'nan' ? 'NaN' : 'Inf')).join(isEach ? ' and ' : ' or ');
  const total = (kind: keyof Nonfinite): number => rows.reduce((sum, row) => sum + row.newNonfinite[kind], 0);
  const evidence = {
    tensors: rows.length,
    of,
    nan: total('nan'),
    inf: total('inf'),
    first: rows.slice(0, 10).map((row) => row.name),
  };
  const compared = new Set(story.compared);
  const isKnown = rows.every((row) => compared.has(row));
  const place = rows.length === of || rows.length === 1 || !isKnown ? '' : ` (${story.where(rows).text})`;
  const subject =
    rows.length === 1 ? `1 of ${formatNoun(of, 'tensor')}` : `${formatCount(rows.length)} of ${formatNoun(of, 'tensor')}`;
  const name = rows.length === 1 ? describeOne(rows[0] as TensorRow) : '';
  // Those that held some before and have no more are broken all the same.
  if (holding > rows.length) {
    return {
      code: 'broken',
      rows,
      sentence: `broken: ${formatCount(holding)} of ${formatNoun(of, 'tensor')} contain ${kinds}, ${formatCount(rows.length)} of them more than before`,
      evidence: { ...evidence, holding },
    };
  }
  return {
    code: 'broken',
    rows,
    sentence: `broken: ${subject} ${rows.length === 1 ? 'contains' : 'contain'} ${kinds}${place}${name}`,
    evidence,
  };
}
