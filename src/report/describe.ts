import { hasFinitePair, leastChangeAt, type TensorColumns } from '../comparison/columns.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatCosine, formatCount, formatPercent, formatShape, isMissing, MISSING } from '../wording/numbers.ts';

/** The numbers of one modified tensor in words, as the tables of all reports show them. */
export interface RowWords {
  readonly relative: string;
  readonly cosine: string;
  readonly changed: string;
  /** Length of the bar, 0 to 1 of the largest shown change. */
  readonly share: number;
}

/**
 * Describes one row.
 * @param top largest relative change of the table, for the bar
 * @param formatChange how a relative change is written
 */
export function describeRow(
  columns: TensorColumns,
  row: number,
  top: number,
  formatChange: (change: number) => string,
): RowWords {
  const change = columns.relativeChange[row] ?? Number.NaN;
  const fromZero = isMissing(change) && columns.old.norm[row] === 0;
  const comparable = hasFinitePair(columns, row);
  const least = leastChangeAt(columns, row);
  const changed = columns.changedElements[row] ?? Number.NaN;
  const total = columns.totalElements[row] ?? Number.NaN;
  return {
    relative: !comparable ? MISSING : fromZero ? 'from 0' : least > 0 ? `≥${formatChange(least)}` : formatChange(change),
    cosine: comparable ? formatCosine(columns.oneMinusCos[row] ?? null, 5) : MISSING,
    changed: formatPercent(total === 0 && changed === 0 ? 0 : changed / total, 3),
    share: !comparable ? 0 : fromZero ? 1 : top > 0 && !isMissing(change) ? change / top : 0,
  };
}

/** Largest relative change of the given rows, 0 where none has one. */
export function findTop(columns: TensorColumns, rows: readonly number[]): number {
  return rows.reduce((largest, row) => {
    const change = columns.relativeChange[row] ?? Number.NaN;
    return Number.isFinite(change) && change > largest ? change : largest;
  }, 0);
}

/** How a report writes what stands between sizes, and between old and new. */
export interface Signs {
  readonly times: string;
  readonly arrow: string;
}

/** What else there is to say of a row: a changed dtype, NaN and Inf. */
export function describeNotes(columns: TensorColumns, row: number, glyphs: Signs): string {
  const nonfinite = describeNonfinite(columns, row, glyphs);
  if (columns.dtypeChanged[row] !== 1) return nonfinite;
  const dtypes = [columns.old, columns.new].map((side) => escapeTerminal(side.dtype[row] ?? '')).join(glyphs.arrow);
  return nonfinite === '' ? dtypes : `${dtypes} ${nonfinite}`;
}

/** `NaN 0→40`, `Inf 3→3`, both or neither. */
export function describeNonfinite(columns: TensorColumns, row: number, glyphs: Signs): string {
  const notes: string[] = [];
  for (const [word, kind] of [
    ['NaN', 'nan'],
    ['Inf', 'inf'],
  ] as const) {
    const before = columns.old[kind][row] ?? Number.NaN;
    const after = columns.new[kind][row] ?? Number.NaN;
    if (before > 0 || after > 0) notes.push(`${word} ${formatCount(before)}${glyphs.arrow}${formatCount(after)}`);
  }
  return notes.join(' ');
}

/** `[32×64]`, or both shapes where they differ. */
export function describeShapes(columns: TensorColumns, row: number, { times, arrow }: Signs): string {
  const sides = (['old', 'new'] as const).filter((side) => columns[side].dtype[row] !== '');
  const shapes = sides.map((side) => formatShape(columns[side].shape[row] ?? [], times));
  return shapes[0] === shapes[1] || shapes.length === 1 ? (shapes[0] ?? '') : shapes.join(arrow);
}
