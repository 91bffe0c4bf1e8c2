import type { TensorRow } from '../tensor-row.ts';

/** A grid that values lie on, as the probe can see it. */
export interface Grid {
  readonly name: string;
  /** Whether a side lies on it. */
  readonly holds: (row: TensorRow, side: 'old' | 'new') => boolean;
  /** Relative errors that rounding to it makes, in published and measured cases. */
  readonly error: readonly [least: number, most: number];
  /** Elements of a block, where it has blocks. */
  readonly size?: number;
}

/**
 * Distinct values that blocks of a quantised tensor hold at most, and how many fewer than before that must be. The largest first: what lies
 * on a grid in blocks of 64 does so in each quarter of them.
 */
const BLOCKS = [
  { size: 128, most: 17, ratio: 0.75 },
  { size: 64, most: 17, ratio: 0.75 },
  { size: 32, most: 15.5, ratio: 0.75 },
  { size: 16, most: 12, ratio: 0.75 },
] as const;
type BlockName = `${(typeof BLOCKS)[number]['size']}` | 'Row';
const ROW = { most: 256, ratio: 0.6 };
/** Median distances from the grid of int8 up to which a side lies on it, and from which on it does not: measured 0.04 at most, 0.17 by chance. */
const INT8 = { f32: 0.01, coarse: 0.08, off: 0.12 };
/** Relative errors of rounding to e4m3 again: measured 0.002 at most with values in bf16, 0.02 by chance. */
const E4M3 = { f32: 6e-4, coarse: 3e-3 };
/** Elements of a row that are looked at, at most. */
const MOST_SAMPLED = 1 << 14;
/** From this share of different values on, those that are not zero lie on no grid. */
const DIFFERENT = 0.85;
/** The finest description first: a row of int8 also has few distinct values. */
const GRIDS: readonly Grid[] = [
  { name: 'fp8 (e4m3, one scale a tensor)', holds: (row, side) => fitsE4m3(row, side, 'Tensor'), error: [0.01, 0.05] },
  { name: 'fp8 (e4m3, one scale a row)', holds: (row, side) => fitsE4m3(row, side, 'Row'), error: [0.01, 0.05] },
  ...BLOCKS.map(({ size, most, ratio }): Grid => ({
    name: `4 bits or fewer in blocks of ${size}`,
    holds: (row, side) => hasFew(row, side, `${size}` as const, most, ratio),
    // The least is nf4's, of 7.8%; 5 bits make 4%.
    error: [0.06, 0.4],
    size,
  })),
  {
    name: 'int8 (one scale a row)',
    holds: (row, side) => {
      const other = row.probe(`${side === 'new' ? 'old' : 'new'}Int8Row`);
      return row.probe(`${side}Int8Row`) <= (isCoarse(row, side) ? INT8.coarse : INT8.f32) && !(other < INT8.off);
    },
    error: [2e-3, 0.1],
  },
  { name: '8 bits or fewer a row', holds: (row, side) => hasFew(row, side, 'Row', ROW.most, ROW.ratio), error: [2e-3, 0.2] },
];

/** The grid that one side lies on, and the other does not. */
export function findGrid(row: TensorRow): { grid: Grid; side: 'old' | 'new' } | null {
  for (const side of ['new', 'old'] as const) {
    const other = side === 'new' ? 'old' : 'new';
    // Whole multiples of a step of 4 bits are numbers of e4m3 too: the error tells which it was.
    const fits = ({ error: [least, most] }: Grid): boolean => row.change >= least && row.change <= most;
    const grid = GRIDS.find((one) => fits(one) && one.holds(row, side));
    if (grid !== undefined && !grid.holds(row, other)) return { grid, side };
  }
  return null;
}

/** Blocks in which weights that lie on no grid never have so few values. */
const TELLING = BLOCKS.filter(({ size }) => size >= 32);

/** The largest block in which both sides have few values: two quantisations, or one and what was trained on its grid. */
export function findCommonBlock(row: TensorRow): number | null {
  const holds = (side: 'old' | 'new', size: BlockName, most: number): boolean => {
    const distinct = row.probe(`${side}Distinct${size}`);
    return distinct <= most && !isThinned(row, side, size, distinct);
  };
  const found = TELLING.find(({ size, most }) => holds('old', `${size}`, most) && holds('new', `${size}`, most));
  return found?.size ?? null;
}

function hasFew(row: TensorRow, side: 'old' | 'new', name: BlockName, most: number, ratio: number): boolean {
  const own = row.probe(`${side}Distinct${name}`);
  const other = row.probe(`${side === 'new' ? 'old' : 'new'}Distinct${name}`);
  return own <= most && own < ratio * other && !isThinned(row, side, name, own);
}

/** Whether the values are few because many are zero, and the others all differ: pruned, not quantised. */
function isThinned(row: TensorRow, side: 'old' | 'new', name: BlockName, distinct: number): boolean {
  const width = row.elements / ((side === 'old' ? row.oldShape : row.newShape)?.[0] ?? 1);
  const size = name === 'Row' ? Math.min(width, MOST_SAMPLED) : Math.min(width, Number(name));
  const nonZero = size * (1 - row.readSide(side).zeros / row.elements);
  return distinct >= DIFFERENT * (1 + nonZero);
}

function fitsE4m3(row: TensorRow, side: 'old' | 'new', scale: 'Row' | 'Tensor'): boolean {
  const limit = isCoarse(row, side) ? E4M3.coarse : E4M3.f32;
  return row.probe(`${side}E4m3${scale}`) <= limit && row.probe(`${side === 'new' ? 'old' : 'new'}E4m3${scale}`) > limit;
}

function isCoarse({ oldDtype, newDtype }: TensorRow, side: 'old' | 'new'): boolean {
  const dtype = side === 'old' ? oldDtype : newDtype;
  return dtype !== 'f32' && dtype !== 'f64';
}

/** With blocks that may be larger than what could be counted: rows that end within the next size have no whole block of it. */
export function nameGrid({ name, size }: Grid, rows: readonly TensorRow[]): string {
  if (size === undefined) return name;
  const width = ({ elements, newShape }: TensorRow): number => elements / (newShape?.[0] ?? 1);
  const isOpen = size === BLOCKS[0].size || rows.some((row) => width(row) % (2 * size) !== 0);
  return isOpen ? `${name} or more` : name;
}
