import type { Checkpoint } from './checkpoint.ts';

/** One row of a comparison: a name, and its row in each checkpoint (-1 where it is absent). */
export interface PlannedRow {
  readonly name: string;
  readonly oldRow: number;
  readonly newRow: number;
  /** Both sides are there and have the same shape. */
  readonly isPair: boolean;
  /** Why the row cannot be compared, when that is known from the descriptions already. */
  readonly error: string | null;
}

/** What the engine is asked for: rows of five numbers, and the row of the result that each belongs to. */
export interface Plan {
  readonly rows: readonly PlannedRow[];
  readonly items: Float64Array;
  /** For each item: its row, and which sides it fills. */
  readonly targets: readonly { readonly row: number; readonly sides: 'both' | 'old' | 'new' }[];
}

/** A side that an item does not have. */
const ABSENT = -1;

/**
 * Pairs the tensors of two checkpoints by name, in the order of the names' code units. A tensor with the same shape on both sides
 * is one item; a side without a partner, or with one of another shape, is an item of its own, for its statistics.
 */
export function planDiff(old: Checkpoint, newer: Checkpoint, selects: (name: string) => boolean): Plan {
  const names = new Set([...old.table.names, ...newer.table.names].filter(selects));
  const rows: PlannedRow[] = [];
  const items: number[] = [];
  const targets: Plan['targets'][number][] = [];
  for (const name of [...names].sort(compareCodeUnits)) {
    const oldRow = old.table.rows.get(name) ?? ABSENT;
    const newRow = newer.table.rows.get(name) ?? ABSENT;
    const oldError = old.table.errors.get(oldRow);
    const newError = newer.table.errors.get(newRow);
    const isPair = oldRow >= 0 && newRow >= 0 && hasEqualShape(old.table.shape(oldRow), newer.table.shape(newRow));
    const row = rows.push({ name, oldRow, newRow, isPair, error: (oldError ?? newError)?.message ?? null }) - 1;
    if (oldError !== undefined || newError !== undefined) continue;
    if (isPair) {
      items.push(oldRow, 0, newRow, 0, old.table.elements[oldRow] ?? 0);
      targets.push({ row, sides: 'both' });
      continue;
    }
    if (oldRow >= 0) {
      items.push(oldRow, 0, ABSENT, 0, old.table.elements[oldRow] ?? 0);
      targets.push({ row, sides: 'old' });
    }
    if (newRow >= 0) {
      items.push(ABSENT, 0, newRow, 0, newer.table.elements[newRow] ?? 0);
      targets.push({ row, sides: 'new' });
    }
  }
  return { rows, items: Float64Array.from(items), targets };
}

/** Order that depends on no locale. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function hasEqualShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
