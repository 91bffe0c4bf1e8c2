import { CHANGE_TYPES, type ChangeType, type TensorColumns } from '../comparison/columns.ts';
import type { Report } from './report.ts';

/** Tensors that did not just change their values, those of one kind together: every report lists them in this order. */
export interface TensorGroup {
  readonly kind: 'reshaped' | 'added' | 'removed' | 'converted' | 'unchanged';
  readonly title: string;
  /** What one of them is called where some are left out. */
  readonly noun: string;
  /** Rows in their order. */
  readonly rows: Uint32Array;
  /** Tensors of the group; more than rows where only a part of the list is known. */
  readonly total: number;
}

/** The groups that have a tensor; unchanged tensors only where the report lists them. */
export function listGroups({ columns, summary, listsUnchanged }: Report): TensorGroup[] {
  const select = (type: ChangeType): Uint32Array => selectRows(columns, type);
  const converted = select('unchanged').filter((row) => columns.dtypeChanged[row] === 1);
  const unchanged = listsUnchanged ? select('unchanged') : new Uint32Array();
  const groups: readonly TensorGroup[] = [
    {
      kind: 'reshaped',
      title: 'reshaped',
      noun: 'reshaped tensor',
      rows: select('shape_changed'),
      total: summary.reshapedTensors,
    },
    { kind: 'added', title: 'added', noun: 'added tensor', rows: select('added'), total: summary.addedTensors },
    { kind: 'removed', title: 'removed', noun: 'removed tensor', rows: select('removed'), total: summary.removedTensors },
    {
      kind: 'converted',
      title: 'same values in another dtype',
      noun: 'such tensor',
      rows: converted,
      total: converted.length,
    },
    { kind: 'unchanged', title: 'unchanged', noun: 'unchanged tensor', rows: unchanged, total: unchanged.length },
  ];
  return groups.filter(({ total }) => total > 0);
}

/** Rows of one change type in the order of the table, without those that could not be compared. */
export function selectRows(columns: TensorColumns, type: ChangeType): Uint32Array {
  const code = CHANGE_TYPES.indexOf(type);
  const rows: number[] = [];
  for (let row = 0; row < columns.names.length; row += 1) {
    if (columns.changeType[row] === code && !columns.errors.has(row)) rows.push(row);
  }
  return Uint32Array.from(rows);
}
