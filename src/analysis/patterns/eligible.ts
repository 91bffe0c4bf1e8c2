import type { TensorRow } from '../tensor-row.ts';
import { createNumbering } from '../block-numbering.ts';
import { sum } from '../statistics.ts';
import { isMatrix } from '../tensor-row.ts';

/** A tensor that takes part in the decision on the pattern. */
export interface Eligible {
  readonly row: TensorRow;
  /** Layer type; for an adapter, the type of the layer that it sits on. */
  readonly type: string;
  /** Log of the relative size of the change: ln(r / reference), from ln 0.001 (nothing) to 1.5, in steps of 2^-30. */
  readonly level: number;
  /** Number of the block, the same for all tensors of one stack and depth; null outside stacks. */
  readonly layer: number | null;
}

/** The tensors that decide, and the size that they are measured against. */
export interface EligibleTensors {
  readonly all: readonly Eligible[];
  /** Those that make up the body of the network: no embeddings, no heads. */
  readonly body: readonly Eligible[];
  /** Size of the change where it is large: see {@link findReference}. */
  readonly reference: number;
  /** True when no matrix changed and all tensors, biases and norms too, decide instead. */
  readonly isFallback: boolean;
}

/** Types whose relative change is erratic, or which are too small to say where training took place. */
const SILENT = new Set(['router', 'conditioning', 'position']);
const OUTSIDE_BODY = new Set(['embedding', 'output', 'norm', ...SILENT]);
/** Changes below this share of the reference count as none. */
const FLOOR = 1e-3;
/** One tensor cannot stand out of the reference by more than e^1.5 = 4.5. */
const CEILING = 1.5;
/** Grid of levels: coarse enough that rescaling all changes gives the same levels, and that their sums are exact. */
const GRID = 2 ** 30;

/** Chooses the tensors that decide on the pattern; null when nothing changed. Norms and biases stay out unless nothing else changed. */
export function selectEligible(weights: readonly TensorRow[]): EligibleTensors | null {
  const compared = weights.filter((row) => row.isCompared && Number.isFinite(row.change));
  const matrices = compared.filter((row) => isMatrix(row));
  const isFallback = !matrices.some((row) => row.change > 0);
  const candidates = isFallback ? compared : matrices;
  const loud = candidates.filter((row) => !SILENT.has(typeOf(row)));
  const chosen = loud.some((row) => row.change > 0) ? loud : candidates;
  const reference = findReference(chosen);
  if (reference === 0) return null;
  const layerOf = createNumbering();
  const all = chosen.map((row) => ({ row, type: typeOf(row), level: levelOf(row.change / reference), layer: layerOf(row) }));
  const body = all.filter((one) => !OUTSIDE_BODY.has(one.type));
  return { all, body, reference, isFallback };
}

function typeOf(row: TensorRow): string {
  return row.class.target ?? row.class.type;
}

/**
 * 99th percentile (nearest rank from the top) of the changes that are not zero; or, where it is larger, the change at which half of
 * the energy lies. The first is deaf to a single tensor that started at zero; the second sees a single large one, as a head, that holds the change.
 */
function findReference(rows: readonly TensorRow[]): number {
  const changed = rows.filter((row) => row.change > 0);
  const changes = new Float64Array(changed.map((row) => row.change));
  const energies = new Float64Array(changed.map((row) => row.energy || 0));
  const at = (list: Float64Array, index: number): number => list[index] ?? 0;
  const order = Uint32Array.from(changes.keys()).sort(
    (a, b) => at(changes, b) - at(changes, a) || at(energies, b) - at(energies, a),
  );
  const half = sum(energies) / 2;
  let above = 0;
  const middle = order.find((index) => (above += at(energies, index)) >= half);
  const top = order[Math.floor(0.01 * order.length)];
  return Math.max(top === undefined ? 0 : at(changes, top), middle === undefined ? 0 : at(changes, middle));
}

function levelOf(ratio: number): number {
  return toGrid(Math.min(Math.log(Math.max(ratio, FLOOR)), CEILING));
}

/** Rounds a logarithm to the grid on which results do not depend on the last bits of their inputs. */
export function toGrid(value: number): number {
  return Math.round(value * GRID) / GRID;
}
