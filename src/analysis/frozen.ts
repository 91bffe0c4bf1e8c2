import { approximateChangedShare } from './rounding/gaussian.ts';
import { STORAGE_GRIDS } from './rounding/model.ts';
import { median, sumOf } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';
import { readMembers } from './where/members.ts';
import type { Where } from './where/types.ts';
import { describeWhere } from './where/where.ts';

/** What did not change at all. Buffers and auxiliaries of quantised weights are left out. */
export interface FrozenParts {
  readonly tensors: number;
  readonly frozenTensors: number;
  readonly elements: number;
  /** Elements of the frozen tensors. */
  readonly frozenElements: number;
  /** The frozen tensors as a set, without undecided ones; null where there is none, or nothing else. */
  readonly where: Where | null;
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
  if (frozen.length === trained.length) return { ...base, where: null, undecidedTypes: [] };
  const undecidedTypes = findStill(trained).filter((type) =>
    trained.every((row) => row.class.type !== type || isHidden(row, typicalUpdate)),
  );
  const undecided = new Set(undecidedTypes);
  const isStill = trained.map((row) => isFrozen(row) && !undecided.has(row.class.type));
  const where = isStill.includes(true) ? describeWhere(readMembers(trained), (row) => isStill[row] === true) : null;
  return { ...base, where, undecidedTypes };
}

function countElements(rows: readonly TensorRow[]): number {
  return sumOf(rows, (row) => row.elements || 0);
}

/** Layer types of which every tensor is frozen, in order of their names. */
function findStill(rows: readonly TensorRow[]): string[] {
  const types = new Map<string, boolean>();
  for (const row of rows) types.set(row.class.type, (types.get(row.class.type) ?? true) && isFrozen(row));
  return [...types]
    .filter(([, still]) => still)
    .map(([type]) => type)
    .sort();
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
