import { approximateChangedShare } from './rounding/gaussian.ts';
import { STORAGE_GRIDS } from './rounding/model.ts';
import { median, sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** A run of neighbouring blocks in which nothing changed. */
export interface FrozenRange {
  readonly stack: string;
  readonly from: number;
  readonly to: number;
  /** Blocks of the stack, frozen or not. */
  readonly of: number;
}

/** What did not change at all. Buffers and auxiliaries of quantised weights are left out. */
export interface FrozenParts {
  readonly tensors: number;
  readonly frozenTensors: number;
  readonly elements: number;
  /** Elements of the frozen tensors. */
  readonly frozenElements: number;
  /** Layer types, and towers, of which every tensor is frozen while others changed. */
  readonly types: readonly string[];
  readonly towers: readonly string[];
  readonly ranges: readonly FrozenRange[];
  /** Layer types that did not change, but whose change would have been lost in rounding: frozen or not, nobody can tell. */
  readonly undecidedTypes: readonly string[];
  /** Root mean square of the update of one weight elsewhere, on which that rests; null where unknown. */
  readonly typicalUpdate: number | null;
}

/** Whether a tensor did not change by a single value. */
export function isFrozen(row: TensorRow): boolean {
  return row.isIdentical || (row.changeType === 'unchanged' && !(row.change > 0));
}

/** Finds what is frozen. */
export function findFrozen(weights: readonly TensorRow[]): FrozenParts {
  const trained = weights.filter((row) => row.isCompared);
  const frozen = trained.filter((row) => isFrozen(row));
  const typicalUpdate = findTypicalUpdate(trained);
  const base = {
    tensors: trained.length,
    frozenTensors: frozen.length,
    elements: countElements(trained),
    frozenElements: countElements(frozen),
    typicalUpdate,
  };
  if (frozen.length === trained.length) return { ...base, types: [], towers: [], ranges: [], undecidedTypes: [] };
  const still = findStill(trained, (row) => row.class.type);
  const isUndecided = (type: string): boolean => trained.every((row) => row.class.type !== type || isHidden(row, typicalUpdate));
  return {
    ...base,
    types: still.filter((type) => !isUndecided(type)),
    towers: findStill(trained, (row) => row.class.tower),
    ranges: findRanges(trained),
    undecidedTypes: still.filter((type) => isUndecided(type)),
  };
}

function countElements(rows: readonly TensorRow[]): number {
  return sumOf(rows, (row) => row.elements || 0);
}

/** Groups of which every tensor is frozen, in order of their names. */
function findStill(rows: readonly TensorRow[], groupOf: (row: TensorRow) => string | null): string[] {
  const groups = new Map<string, boolean>();
  for (const row of rows) {
    const group = groupOf(row);
    if (group !== null) groups.set(group, (groups.get(group) ?? true) && isFrozen(row));
  }
  return [...groups]
    .filter(([, still]) => still)
    .map(([group]) => group)
    .sort();
}

function findRanges(rows: readonly TensorRow[]): FrozenRange[] {
  const stacks = new Map<string, Map<number, boolean>>();
  for (const row of rows) {
    const { stack, depth } = row.class;
    if (stack === null || depth === null) continue;
    const blocks = stacks.get(stack) ?? new Map<number, boolean>();
    stacks.set(stack, blocks.set(depth, (blocks.get(depth) ?? true) && isFrozen(row)));
  }
  const ranges: FrozenRange[] = [];
  for (const [stack, blocks] of stacks) {
    let from: number | null = null;
    let to = 0;
    const sorted = [...blocks].sort(([a], [b]) => a - b);
    for (const [depth, still] of [...sorted, [-1, false] as const]) {
      if (still) {
        from ??= depth;
        to = depth;
      } else if (from !== null) {
        ranges.push({ stack, from, to, of: blocks.size });
        from = null;
      }
    }
  }
  return ranges.sort((a, b) => (a.stack < b.stack ? -1 : a.stack > b.stack ? 1 : a.from - b.from));
}

/** Median over changed tensors of the update of one weight before rounding. */
function findTypicalUpdate(rows: readonly TensorRow[]): number | null {
  const updates = rows.flatMap(({ updateSize, oldNorm, elements }) => {
    const update = (updateSize * oldNorm) / Math.sqrt(elements);
    return update > 0 && update < Infinity ? [update] : [];
  });
  return updates.length === 0 ? null : median(updates);
}

/** Fewer expected changes than this may well be none. */
const FEW_CHANGES = 3;

/** Whether an update as elsewhere would have left this tensor as it was, because its values are too coarsely stored. */
function isHidden(row: TensorRow, update: number | null): boolean {
  const grid = STORAGE_GRIDS.get(row.oldDtype);
  const { mean, std } = row.readSide('old');
  if (update === null || grid === undefined || row.oldDtype !== row.newDtype || !Number.isFinite(mean + std)) return false;
  const expected = approximateChangedShare({ mean, deviation: std, ...grid }, update);
  return expected * row.elements < FEW_CHANGES;
}
