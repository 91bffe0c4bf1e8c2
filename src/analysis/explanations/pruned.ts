import { formatCount, formatPercent } from '../../wording/numbers.ts';
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
  const [only] = rows;
  // A stretch of zeros in one tensor is as likely a hole in its file.
  const isHole = rows.length === 1 && only !== undefined && isRun(only) && !isStructured && !isByMagnitude;
  const inRows = rows.every(areWholeRows);
  const how = isStructured
    ? ', two of every four'
    : isHole
      ? `, all in rows ${formatCount(only.probe('firstChangedRow'))}–${formatCount(only.probe('lastChangedRow'))}`
      : inRows
        ? ', in whole rows'
        : isByMagnitude
          ? `, the smallest of each (none above ${roundUp(limit)})`
          : '';
  return [
    {
      code: 'pruned',
      rows,
      sentence: `${isHole ? '' : 'pruned: '}${formatPercent(zeroed / elements)} of the elements of ${countPlaced(story, rows)} became zero${how}; the others are untouched`,
      evidence: {
        tensors: rows.length,
        zeroedElements: zeroed,
        share: zeroed / elements,
        largestZeroed: limit,
        isByMagnitude,
        isStructured,
        inRows,
        isRun: isHole,
      },
    },
  ];
};

/** Share of the elements of a row that were not zero before it was zeroed. */
const WHOLE = 0.95;
/** Share of the elements of changed rows that a stretch of zeros fills: its first and last row may be cut. */
const FILLED = 0.5;

/** Whether the new zeros are whole rows; false where nobody looked. */
function areWholeRows(row: TensorRow): boolean {
  const height = row.oldShape?.[0] ?? 0;
  const changed = row.probe('changedRows');
  return changed > 0 && changed < height && row.probe('newZeros') >= WHOLE * changed * (row.elements / height);
}

/** Whether the new zeros are one run of neighbouring elements, as far as rows tell. */
function isRun(row: TensorRow): boolean {
  const changed = row.probe('changedRows');
  const isNext = row.probe('lastChangedRow') - row.probe('firstChangedRow') + 1 === changed;
  return isNext && changed < (row.oldShape?.[0] ?? 0) && row.probe('changedInRows') >= FILLED && row.probe('keptChanged') === 0;
}

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
