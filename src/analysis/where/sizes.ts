import { sumOf } from '../statistics.ts';
import { groupChange } from '../overall.ts';
import type { TensorRow } from '../tensor-row.ts';

/** What is needed of a row to measure the change of its group. */
export type SizedRow = Pick<TensorRow, 'length' | 'size' | 'energy' | 'weight' | 'class' | 'name'>;

/** How much a group of tensors changed. */
export interface GroupSize {
  /** R = √(Σd² / Σmax(old², new²)); null where nothing finite is there to measure, or all of it is zero. */
  readonly change: number | null;
  /** Σd² and Σmax(old², new²) over the rows that could be measured, in the unit of the rows. */
  readonly energy: number;
  readonly weight: number;
  readonly tensors: number;
}

/** The change of some rows as one vector. Rows without a finite change take no part; a group of nothing else has none. */
export function measureGroup(rows: readonly SizedRow[]): GroupSize {
  const finite = rows.filter(({ energy, weight }) => Number.isFinite(energy) && Number.isFinite(weight));
  const energy = sumOf(finite, (row) => row.energy);
  const weight = sumOf(finite, (row) => row.weight);
  const change = finite.some(({ size }) => size > 0) ? groupChange(finite) : null;
  return { change, energy, weight, tensors: rows.length };
}

/** Rows by what `groupOf` says of them, in order of the groups' names; null leaves a row out. */
export function groupRows<T>(rows: readonly T[], groupOf: (row: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = groupOf(row);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}
