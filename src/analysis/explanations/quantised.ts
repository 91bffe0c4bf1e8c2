import { formatPercent } from '../../wording/numbers.ts';
import { groupChange } from '../overall.ts';
import { isMatrix, type TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { findCommonBlock, findGrid, type Grid, nameGrid } from './grids.ts';
import { describeFit, type Fit, fitOf } from './nearest.ts';
import { placeVerb, type Story } from './story.ts';

/** A quantised export covers at least this share of the changed matrices. */
const MOST = 0.5;

/** Weights that lie on the grid of a quantisation on one side alone: they were rounded to it, or come from it. */
export const explainQuantisation: Explain = (story, open) => {
  const groups = new Map<string, { readonly grid: Grid; readonly side: 'old' | 'new'; readonly rows: TensorRow[] }>();
  for (const row of open) {
    const found = findGrid(row);
    if (found === null) continue;
    // Short rows show smaller blocks: those of one export are one claim, of the smallest.
    const key = `${found.side} ${found.grid.size === undefined ? found.grid.name : 'blocks'}`;
    const { grid, rows } = groups.get(key) ?? { ...found, rows: [] };
    const smaller = (found.grid.size ?? 0) < (grid.size ?? 0) ? found.grid : grid;
    groups.set(key, { grid: smaller, side: found.side, rows: [...rows, row] });
  }
  const matrices = open.filter((row) => isMatrix(row)).length;
  const both = open.filter((row) => findCommonBlock(row) !== null);
  return [
    ...(both.length > 0 && both.length >= MOST * matrices ? [describeBoth(story, both)] : []),
    ...[...groups.values()]
      .filter(({ rows }) => rows.length >= MOST * matrices)
      .map(({ grid, side, rows }) => describe(story, grid, side, rows)),
  ];
};

function describe(story: Story, grid: Grid, side: 'old' | 'new', rows: readonly TensorRow[]): Claim {
  const error = groupChange(rows);
  const [worst] = [...rows].sort((a, b) => b.change - a.change || (a.name < b.name ? -1 : 1));
  const tail =
    rows.length > 1 && worst !== undefined
      ? `, worst ${worst.name.replace(/^model\.|\.weight$/g, '')} ${formatPercent(worst.change)}`
      : '';
  const { fit, share } = fitOf(rows, side);
  const name = nameGrid(grid, rows);
  const sentence =
    fit === 'misrounded'
      ? describeMisrounded(story, name, side, rows, `${formatPercent(error)}${tail}`, share)
      : `${words(name, side, fit, rows.length === story.changed.length)}: error ${formatPercent(error)}${tail}${describeFit(fit, share)}`;
  return {
    code: 'quantised',
    rows,
    sentence,
    evidence: {
      grid: grid.name,
      side,
      error,
      worst: worst?.name ?? null,
      worstError: worst?.change ?? null,
      misrounded: share,
      tensors: rows.length,
    },
  };
}

/** Weights that rounding to the nearest does not explain: no word of the same weights. */
function describeMisrounded(
  story: Story,
  name: string,
  side: 'old' | 'new',
  rows: readonly TensorRow[],
  size: string,
  share: number | null,
): string {
  const misplaced = `${formatPercent(share)} of the weights lie nearer to another value of the grid`;
  if (side === 'new')
    return `rounded to ${name}, not always to the nearest value: error ${size}; ${misplaced}, as a change beside the rounding leaves them, or a scheme that corrects its errors`;
  const subject = placeVerb(story.where(rows), 'changed', rows.length === story.changed.length);
  return `${subject}, by ${size}; the old weights lie on a grid of ${name}, the new ones do not, and ${misplaced}: rounding alone is not the difference`;
}

/** Two grids: of the weights behind them nothing is known but that. */
function describeBoth(story: Story, rows: readonly TensorRow[]): Claim {
  const change = groupChange(rows);
  const size = Math.min(...rows.map((row) => findCommonBlock(row) ?? Infinity));
  const { subject, place } = story.where(rows);
  const may = change <= MOST_APART ? ', as two roundings of the same weights may' : '';
  return {
    code: 'quantised',
    rows,
    sentence: `both sides of ${subject}${place === '' ? '' : `, ${place},`} lie on grids of 4 bits or fewer, and differ by ${formatPercent(change)}${may}`,
    evidence: { grid: `4 bits or fewer in blocks of ${size}`, side: 'both', error: change, tensors: rows.length },
  };
}

/** Two roundings with errors of 8% to 20% each are not further apart. */
const MOST_APART = 0.3;

function words(name: string, side: 'old' | 'new', fit: Fit, isAll: boolean): string {
  if (fit !== 'rounded') return `equal within rounding${side === 'old' ? ' of the old weights' : ''} to ${name}`;
  if (side === 'new') return `same weights, rounded to ${name}`;
  return `${isAll ? 'same weights: the old ones were' : 'the old weights were'} rounded to ${name}, the new ones are not`;
}
