import { changeTypeAt, isCompared, type TensorColumns } from '../comparison/columns.ts';
import { formatShape } from '../wording/numbers.ts';
import type { Judgement } from './rule.ts';
import type { RuleCase } from './types.ts';

/** Of a tensor that has an error in place of numbers. */
export const UNREADABLE = 'could not be read';

/** How a tensor is not what it was, in a few words. */
export function describeChange(columns: TensorColumns, row: number): string {
  if (columns.errors.has(row)) return UNREADABLE;
  const type = changeTypeAt(columns, row);
  if (type === 'added' || type === 'removed') return type;
  if (!isCompared(columns, row)) return [columns.old, columns.new].map(({ shape }) => formatShape(shape[row] ?? [])).join(' → ');
  return columns.dtypeChanged[row] === 1 ? describeDtypes(columns, row) : 'changed';
}

/** Whether a tensor that both sides have is not what it was: in values beyond the threshold, shape or dtype. One that could not be read may be. */
export function hasChanged(columns: TensorColumns, row: number): boolean {
  const type = changeTypeAt(columns, row);
  if (type === 'added' || type === 'removed') return false;
  return type !== 'unchanged' || columns.dtypeChanged[row] === 1 || columns.errors.has(row);
}

/** Both dtypes of a tensor. */
export function describeDtypes({ old, new: fresh }: TensorColumns, row: number): string {
  return `${old.dtype[row] ?? ''} → ${fresh.dtype[row] ?? ''}`;
}

/** A tensor in the result of a rule. */
export function nameCase({ names }: TensorColumns, row: number, note: string, value: number | null = null): RuleCase {
  return { name: names[row] ?? '', value, note };
}

/** What a rule without a number found. */
export function conclude(tensors: number, broken: number, message: string, worst: readonly RuleCase[]): Judgement {
  return { status: broken > 0 ? 'failed' : 'passed', value: null, tensors, broken, message, worst };
}
