import { median } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** All weights multiplied by one number. */
export interface Rescaling {
  /** Median of the factors. */
  readonly factor: number;
  /** Largest relative distance of a tensor's factor from it. */
  readonly spread: number;
  readonly tensors: number;
}

/** Rounding unit by dtype: half a step relative to the value. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['bf16', 2 ** -8],
  ['f16', 2 ** -11],
  ['f32', 2 ** -22],
]);

/** Finds weights that were only scaled (weight decay without gradient, a folded norm); null when at least a tenth were more than that. */
export function findRescaling(measured: readonly TensorRow[]): Rescaling | null {
  const changed = measured.filter((row) => row.change > 0);
  const factors = changed.flatMap((row) => readFactor(row) ?? []);
  if (factors.length === 0 || factors.length < 0.9 * changed.length) return null;
  const factor = median(factors);
  const spread = factors.reduce((widest, own) => Math.max(widest, Math.abs(own / factor - 1)), 0);
  return { factor, spread, tensors: factors.length };
}

/** Factor a of new = a old where nothing but rounding is left over: |a - 1| > 4 u and |new - a old| <= (1.5 u + 1e-7) |new|. */
function readFactor(row: TensorRow): number | null {
  const unit = UNITS.get(row.newDtype);
  if (unit === undefined || !(row.oldNorm > 0) || Number.isNaN(row.oneMinusCos)) return null;
  const factor = ((1 - row.oneMinusCos) * row.newNorm) / row.oldNorm;
  const residual = Math.sqrt(Math.max(0, row.oneMinusCos * (2 - row.oneMinusCos)));
  return Math.abs(factor - 1) > 4 * unit && residual <= 1.5 * unit + 1e-7 ? factor : null;
}
