import { changeTypeAt, type SideColumns, type TensorColumns } from './columns.ts';

/** NaN and infinite elements; a count that is not known is NaN. */
export interface Nonfinite {
  readonly nan: number;
  readonly inf: number;
}

/** Both together; a count that is not known adds nothing. */
export function totalNonfinite({ nan, inf }: Nonfinite): number {
  return (nan || 0) + (inf || 0);
}

/** How many one side of a tensor holds. */
export function countNonfinite({ nan, inf }: SideColumns, row: number): number {
  return totalNonfinite({ nan: nan[row] ?? 0, inf: inf[row] ?? 0 });
}

/** Those that a tensor of new has more than it had in old, each kind by itself: Inf in place of NaN is new. None where it was removed. */
export function countNewNonfinite(columns: TensorColumns, row: number): Nonfinite {
  if (changeTypeAt(columns, row) === 'removed') return { nan: 0, inf: 0 };
  const gained = (kind: keyof Nonfinite): number => Math.max(0, (columns.new[kind][row] || 0) - (columns.old[kind][row] || 0));
  return { nan: gained('nan'), inf: gained('inf') };
}

/** Whether any is new. */
export function hasNewNonfinite(columns: TensorColumns, row: number): boolean {
  return totalNonfinite(countNewNonfinite(columns, row)) > 0;
}
