import type { TensorRow } from './tensor-row.ts';

/** Mantissa and exponent bits of floating-point dtypes. */
const FLOATS: ReadonlyMap<string, readonly [mantissa: number, exponent: number]> = new Map([
  ['f64', [52, 11]],
  ['f32', [23, 8]],
  ['bf16', [7, 8]],
  ['f16', [10, 5]],
  ['f8_e4m3fn', [3, 4]],
  ['f8_e4m3', [3, 4]],
  ['f8_e5m2', [2, 5]],
]);
/** Measured error against the formula stays within this factor for any distribution of weights. */
const TOLERANCE = 1.25;

/** Relative change that rounding to `to` makes; null for dtypes that are not floating point. */
export function roundingError(from: string, to: string): number | null {
  const source = FLOATS.get(from);
  const target = FLOATS.get(to);
  if (source === undefined || target === undefined) return null;
  return target[0] >= source[0] ? 0 : 2 ** -(target[0] + 2.24);
}

/** Half the spacing of the smallest magnitudes of f16: what underflow changes of one element at most. */
const UNDERFLOW = 2 ** -25;

/** Relative change of a tensor that the underflow of small values to f16 makes at most; weights of ordinary size have next to none. */
function underflowError({ newDtype, elements, oldNorm, newNorm }: TensorRow): number {
  const norm = Math.max(oldNorm, newNorm);
  return newDtype === 'f16' && norm > 0 ? (Math.sqrt(elements) * UNDERFLOW) / norm : 0;
}

/** Relative change up to which rounding to the new dtype explains all. */
export function roundingBound(row: TensorRow): number {
  return TOLERANCE * (roundingError(row.oldDtype, row.newDtype) ?? 0) + underflowError(row);
}
