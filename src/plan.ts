import type { Checkpoint } from './checkpoint.ts';
import type { MatchedNames } from './rename.ts';
import { countCommonRows } from './resized.ts';

/** One row of a comparison: a name, and its row in each checkpoint (-1 where it is absent). */
export interface PlannedRow {
  readonly name: string;
  readonly oldRow: number;
  readonly newRow: number;
  /** Both sides are there and have the same shape. */
  readonly isPair: boolean;
  /** A side has a type that is not known: the row tells only how many bytes differ. */
  readonly isRaw: boolean;
  /** Why the row cannot be compared, when that is known from the descriptions already. */
  readonly error: string | null;
}

/** What the engine is asked for: rows of five numbers, and the row of the result that each belongs to. */
export interface Plan {
  readonly rows: readonly PlannedRow[];
  readonly items: Float64Array;
  /** For each item: its row, and which sides it fills. */
  readonly targets: readonly { readonly row: number; readonly sides: Sides }[];
}

/**
 * What an item is of its row: the pair; one side alone; the common rows of an embedding that was resized, and the rows that only one
 * side has.
 */
export type Sides = 'both' | 'old' | 'new' | 'common' | 'rest';

/** A side that an item does not have. */
const ABSENT = -1;

/**
 * Pairs the tensors of two checkpoints by name, in the order of the names' code units. A tensor with the same shape on both sides
 * is one item; a side without a partner, or with one of another shape, is an item of its own, for its statistics.
 */
export function planDiff(old: Checkpoint, newer: Checkpoint, names: MatchedNames, selects: (name: string) => boolean): Plan {
  const rowsOf = { old: indexNames(names.old), new: indexNames(names.new) };
  const rows: PlannedRow[] = [];
  const items: number[] = [];
  const targets: Plan['targets'][number][] = [];
  const add = (row: number, sides: Sides, oldRow: number, newRow: number, units: number, start = 0): void => {
    items.push(oldRow, start, newRow, start, units);
    targets.push({ row, sides });
  };
  const addResized = (row: number, name: string, oldRow: number, newRow: number): void => {
    const [before, after] = [old.table.shape(oldRow), newer.table.shape(newRow)];
    const common = countCommonRows(name, before, after);
    if (common === null) return;
    const width = before.slice(1).reduce((product, dim) => product * dim, 1);
    add(row, 'common', oldRow, newRow, common * width);
    const rest = Math.abs((after[0] ?? 0) - (before[0] ?? 0)) * width;
    if ((after[0] ?? 0) > common) add(row, 'rest', ABSENT, newRow, rest, common * width);
    else add(row, 'rest', oldRow, ABSENT, rest, common * width);
  };
  for (const name of [...new Set([...names.old, ...names.new].filter(selects))].sort(compareCodeUnits)) {
    const oldRow = rowsOf.old.get(name) ?? ABSENT;
    const newRow = rowsOf.new.get(name) ?? ABSENT;
    const isPair = oldRow >= 0 && newRow >= 0 && hasEqualShape(old.table.shape(oldRow), newer.table.shape(newRow));
    const isRaw = old.table.raw.has(oldRow) || newer.table.raw.has(newRow);
    const error =
      (old.table.errors.get(oldRow) ?? newer.table.errors.get(newRow))?.message ??
      (isPair ? (isRaw ? explainRaw(old, oldRow, newer, newRow) : explainSparse(old, oldRow, newer, newRow)) : null);
    const row = rows.push({ name, oldRow, newRow, isPair, isRaw, error }) - 1;
    if (error !== null) continue;
    if (isPair) {
      add(row, 'both', oldRow, newRow, (isRaw ? old.table.bytes : old.table.elements)[oldRow] ?? 0);
      continue;
    }
    if (oldRow >= 0 && newRow >= 0 && !isRaw && isDense(old, oldRow) && isDense(newer, newRow))
      addResized(row, name, oldRow, newRow);
    // Bytes without a meaning have no statistics.
    if (oldRow >= 0 && !old.table.raw.has(oldRow)) add(row, 'old', oldRow, ABSENT, old.table.elements[oldRow] ?? 0);
    if (newRow >= 0 && !newer.table.raw.has(newRow)) add(row, 'new', ABSENT, newRow, newer.table.elements[newRow] ?? 0);
  }
  return { rows, items: Float64Array.from(items), targets };
}

/** Whether a tensor stores every element of its shape. */
function isDense({ table }: Checkpoint, row: number): boolean {
  return table.elements[row] === table.shape(row).reduce((product, dim) => product * dim, 1);
}

/** Why a pair with a sparse side cannot be compared: it stores another number of elements than the other; null for any other pair. */
function explainSparse(old: Checkpoint, oldRow: number, newer: Checkpoint, newRow: number): string | null {
  const [before, after] = [old.table.elements[oldRow] ?? 0, newer.table.elements[newRow] ?? 0];
  if (before === after && isDense(old, oldRow) === isDense(newer, newRow)) return null;
  return `sparse tensors are compared where both store the same places: found ${before} and ${after} stored elements`;
}

/** Why a pair of which a side has a type that is not known cannot be compared; null where its bytes can. */
function explainRaw(old: Checkpoint, oldRow: number, newer: Checkpoint, newRow: number): string | null {
  const [before, after] = [old.table.dtype(oldRow), newer.table.dtype(newRow)];
  if (before !== after || old.table.raw.has(oldRow) !== newer.table.raw.has(newRow)) {
    return `dtype is not known here, so that its bytes can be compared with those of the same dtype only: found ${JSON.stringify(before)} and ${JSON.stringify(after)}`;
  }
  const [bytes, otherBytes] = [old.table.bytes[oldRow] ?? 0, newer.table.bytes[newRow] ?? 0];
  if (bytes === otherBytes) return null;
  return `dtype ${JSON.stringify(before)} is not known here, and the sides differ in size: found ${bytes} and ${otherBytes} bytes`;
}

function indexNames(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, row) => [name, row]));
}

/** Order that depends on no locale. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function hasEqualShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
