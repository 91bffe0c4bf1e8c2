import { formatPercent } from '../../wording/numbers.ts';
import { sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { countPlaced, type Story } from './story.ts';

/** From this share of newly zero elements on a tensor was pruned, or of lost zeros its mask was lost. */
const MANY = 0.03;
/** Survivors may change in this share of their elements: rounding, a handful of edits. */
const UNTOUCHED = 0.02;
/** Groups of four along a row with two zeros, for the 2:4 pattern of sparse tensor cores. */
const TWO_OF_FOUR = 0.99;

/** Elements that became zero while the others stayed as they were. */
export const explainPruning: Explain = (story, open) => {
  const rows = open.filter((row) => {
    const kept = row.elements - row.readSide('new').zeros;
    return (
      row.newNorm > 0 && row.probe('newZeros') >= MANY * row.elements && row.probe('keptChanged') <= UNTOUCHED * Math.max(1, kept)
    );
  });
  if (rows.length === 0) return [];
  const elements = sumOf(rows, (row) => row.elements);
  const zeroed = sumOf(rows, (row) => row.probe('newZeros'));
  const limit = rows.reduce((largest, row) => Math.max(largest, row.probe('largestZeroed')), 0);
  const isByMagnitude = rows.every((row) => row.probe('largestZeroed') <= row.probe('smallestKept'));
  const isStructured = rows.every((row) => row.probe('fourGroups') >= TWO_OF_FOUR);
  const how = isStructured ? ', two of every four' : isByMagnitude ? `, the smallest of each (none above ${roundUp(limit)})` : '';
  return [
    {
      code: 'pruned',
      rows,
      sentence: `pruned: ${formatPercent(zeroed / elements)} of the elements of ${countPlaced(story, rows)} became zero${how}; the others are untouched`,
      evidence: {
        tensors: rows.length,
        zeroedElements: zeroed,
        share: zeroed / elements,
        largestZeroed: limit,
        isByMagnitude,
        isStructured,
      },
    },
  ];
};

/** Two digits that are not below the number. */
function roundUp(size: number): number {
  const unit = 10 ** (Math.floor(Math.log10(size)) - 1);
  return Number((Math.ceil(size / unit) * unit).toPrecision(2));
}

/** Zeros of the old side that are none any more while the others stayed as they were: no quantisation leaves that. */
export const explainFilledMask: Explain = (story, open) =>
  describeLost(
    story,
    open.filter((row) => hasLost(row) && row.changedShare * row.elements <= row.probe('lostZeros') + UNTOUCHED * row.elements),
  );

/** Zeros of the old side that are none any more; asked after quantisation, which also rounds small values to zero. */
export const explainLostMask: Explain = (story, open) => describeLost(story, open.filter(hasLost));

function hasLost(row: TensorRow): boolean {
  const { zeros } = row.readSide('old');
  return row.oldNorm > 0 && zeros >= MANY * row.elements && row.probe('lostZeros') >= 0.5 * zeros;
}

function describeLost(story: Story, rows: readonly TensorRow[]): readonly Claim[] {
  if (rows.length === 0) return [];
  const elements = sumOf(rows, (row) => row.elements);
  const share = (side: 'old' | 'new'): number => sumOf(rows, (row) => row.readSide(side).zeros) / elements;
  return [
    {
      code: 'mask_lost',
      rows,
      sentence: `the pruning mask was lost: ${formatPercent(share('old'))} of ${countPlaced(story, rows)} was zero before, ${formatPercent(share('new'))} is now`,
      evidence: { tensors: rows.length, oldZeroShare: share('old'), newZeroShare: share('new') },
    },
  ];
}
