import { sortRows } from '../analysis/apart.ts';
import { readRows } from '../analysis/rows.ts';
import type { TensorColumns } from '../comparison/columns.ts';

const NONE: ReadonlySet<number> = new Set();
/** Types that codes are stored in. */
const CODES = /^(?:[iu]\d|f[468]_)/;

/** Whether a dtype is one of those that hold codes where a floating-point weight is expected. */
export function isCodeType(dtype: string): boolean {
  return CODES.test(dtype);
}

/** Rows that are stored as codes on a side: quantised weights, whose values are not known without their scales. */
export function findCodes(columns: TensorColumns): ReadonlySet<number> {
  const { names, old, new: fresh } = columns;
  // Rows are made only where there is something to find in them.
  if (!names.some((_, row) => isCodeType(old.dtype[row] ?? '') || isCodeType(fresh.dtype[row] ?? ''))) return NONE;
  const rows = readRows(columns, null);
  const found = new Set(sortRows(rows).apart.get('codes'));
  return new Set(rows.flatMap((row, at) => (found.has(row) ? [at] : [])));
}
