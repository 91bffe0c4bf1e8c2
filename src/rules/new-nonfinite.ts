import { changeTypeAt, type TensorColumns } from '../comparison/columns.ts';

/** NaN and infinite elements that a tensor of new has more than it had in old. */
export function countNewNonfinite(columns: TensorColumns, row: number): { readonly nan: number; readonly inf: number } {
  if (changeTypeAt(columns, row) === 'removed') return { nan: 0, inf: 0 };
  const gained = (kind: 'nan' | 'inf'): number => Math.max(0, (columns.new[kind][row] || 0) - (columns.old[kind][row] || 0));
  return { nan: gained('nan'), inf: gained('inf') };
}

/** Whether any is new. */
export function hasNewNonfinite(columns: TensorColumns, row: number): boolean {
  const { nan, inf } = countNewNonfinite(columns, row);
  return nan + inf > 0;
}
