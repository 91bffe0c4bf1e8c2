import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { MatchedNames, SideNames } from '../names/match.ts';
import { countCommonRows } from './common-rows.ts';
import { describeBytes, explainRaw, explainSparse, isDense } from './pair-errors.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';

/** What the engine is asked for, and to which row of the result each of its answers belongs. */
export interface Plan {
  /** Names of the rows. */
  readonly names: readonly string[];
  /** Row in each checkpoint, {@link ABSENT} where it has no tensor of the name. */
  readonly oldRow: Int32Array;
  readonly newRow: Int32Array;
  /** 1 where both sides are there and have the same shape. */
  readonly isPair: Uint8Array;
  /** Rows of which a side has a type that is not known: they tell only how many bytes differ. */
  readonly raw: ReadonlySet<number>;
  /** Why rows cannot be compared, as far as that is known from the descriptions already. */
  readonly errors: ReadonlyMap<number, string>;
  /** Rows of seven numbers: checkpoint, tensor and first element of the old side, the same of the new one, elements. */
  readonly items: Float64Array;
  /** The item that measures each row's pair, and those that see all of its old and new tensor; {@link ABSENT} where none does. */
  readonly pairItem: Int32Array;
  readonly oldItem: Int32Array;
  readonly newItem: Int32Array;
  readonly resized: readonly ResizedItems[];
}

/** Items of an embedding that was resized. */
export interface ResizedItems {
  readonly row: number;
  /** The rows that both sides have. */
  readonly common: number;
  /** The rows that only one side has. */
  readonly rest: number;
}

/**
 * Pairs the tensors of two checkpoints by name, in the order of the names' code units. A tensor with the same shape on both sides
 * is one item; a side without a partner, or with one of another shape, is an item of its own, for its statistics.
 */
export function planDiff(old: Checkpoint, newer: Checkpoint, matched: MatchedNames, selects: (name: string) => boolean): Plan {
  const oldRows = indexRows(matched.old);
  const newRows = indexRows(matched.new);
  const names = [...oldRows.keys(), ...[...newRows.keys()].filter((name) => !oldRows.has(name))].filter(selects);
  // Without a function `sort` compares code units, and at half the cost.
  names.sort();
  const rowsIn = (rows: ReadonlyMap<string, number>): Int32Array => new Int32Array(names.map((name) => rows.get(name) ?? ABSENT));
  const [oldRow, newRow] = [rowsIn(oldRows), rowsIn(newRows)];
  const isPair = new Uint8Array(names.length);
  const pairItem = new Int32Array(names.length).fill(ABSENT);
  const [oldItem, newItem] = [pairItem.slice(), pairItem.slice()];
  const raw = new Set<number>();
  const errors = new Map<number, string>();
  const resized: ResizedItems[] = [];
  const items: number[] = [];
  const add = (before: number, after: number, units: number, start = 0): number =>
    (items.push(OLD, before, start, NEW, after, start, units) - ITEM_NUMBERS) / ITEM_NUMBERS;
  for (let row = 0; row < names.length; row += 1) {
    const [before, after] = [oldRow[row] ?? ABSENT, newRow[row] ?? ABSENT];
    const isCommon = before >= 0 && after >= 0;
    const isEqual = isCommon && hasEqualShape(old.table.shape(before), newer.table.shape(after));
    const isRaw = old.table.raw.has(before) || newer.table.raw.has(after);
    if (isEqual) isPair[row] = 1;
    if (isRaw) raw.add(row);
    const error =
      (old.table.errors.get(before) ?? newer.table.errors.get(after))?.message ??
      (isEqual
        ? isRaw
          ? explainRaw(describeBytes(old, before), describeBytes(newer, after))
          : explainSparse(old.table.elements[before] ?? 0, newer.table.elements[after] ?? 0)
        : null);
    if (error !== null) {
      errors.set(row, error);
      continue;
    }
    if (isEqual) {
      const item = add(before, after, (isRaw ? old.table.bytes : old.table.elements)[before] ?? 0);
      pairItem[row] = oldItem[row] = newItem[row] = item;
      continue;
    }
    if (isCommon && !isRaw && isDense(old, before) && isDense(newer, after)) {
      const items = addResized(names[row] ?? '', old, before, newer, after, add);
      if (items !== null) resized.push({ row, ...items });
    }
    // Bytes without a meaning have no statistics.
    if (before >= 0 && !old.table.raw.has(before)) oldItem[row] = add(before, ABSENT, old.table.elements[before] ?? 0);
    if (after >= 0 && !newer.table.raw.has(after)) newItem[row] = add(ABSENT, after, newer.table.elements[after] ?? 0);
  }
  return { names, oldRow, newRow, isPair, raw, errors, items: new Float64Array(items), pairItem, oldItem, newItem, resized };
}

/** Row in the checkpoint by name as it is matched; of equal names the last. */
export function indexRows({ names, rows }: SideNames): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = 0; at < names.length; at += 1) found.set(names[at] ?? '', rows[at] ?? ABSENT);
  return found;
}

/** Numbers of an item. */
export const ITEM_NUMBERS = 7;

/** The checkpoints that items name. */
export const OLD = 0;
export const NEW = 1;

/** Items of the common rows of an embedding or head that was resized, and of the others; null for every other change of shape. */
function addResized(
  name: string,
  old: Checkpoint,
  oldRow: number,
  newer: Checkpoint,
  newRow: number,
  add: (oldRow: number, newRow: number, elements: number, start?: number) => number,
): Omit<ResizedItems, 'row'> | null {
  const [before, after] = [old.table.shape(oldRow), newer.table.shape(newRow)];
  const rows = countCommonRows(name, before, after);
  if (rows === null) return null;
  const width = before.slice(1).reduce((product, dim) => product * dim, 1);
  const common = add(oldRow, newRow, rows * width);
  const elements = Math.abs((after[0] ?? 0) - (before[0] ?? 0)) * width;
  const isLonger = (after[0] ?? 0) > rows;
  return { common, rest: add(isLonger ? ABSENT : oldRow, isLonger ? newRow : ABSENT, elements, rows * width) };
}

export function hasEqualShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
