/** Tables of the rounding model, by log2 of the update s over the grid spacing u. */
import { erfc } from './erfc.ts';

/** Steps of the tables per octave of s / u, and their range: at 2^-6 nothing changes. */
const STEPS = 128;
const FIRST_OCTAVE = -6;
export const LAST_OCTAVE = 2;

interface Tables {
  /** m2 / u^2 by log2(s / u). */
  readonly square: Float64Array;
  /** Changed fraction by log2(s / u). */
  readonly changed: Float64Array;
}

let tables: Tables | undefined;

/** The tables, made at first use. */
export function getTables(): Tables {
  if (tables !== undefined) return tables;
  const size = (LAST_OCTAVE - FIRST_OCTAVE) * STEPS + 2;
  const built = { square: new Float64Array(size), changed: new Float64Array(size) };
  for (let i = 0; i < size; i += 1) {
    const ratio = 2 ** (FIRST_OCTAVE + i / STEPS);
    built.changed[i] = erfc(1 / (2 * Math.SQRT2 * ratio));
    let square = 0;
    for (let k = 1; k <= 9 * ratio + 2; k += 1) square += (2 * k - 1) * erfc((k - 0.5) / (ratio * Math.SQRT2));
    built.square[i] = square;
  }
  tables = built;
  return built;
}

/** Value of a table between its steps; 0 below its first octave. */
export function interpolate(table: Float64Array, octave: number): number {
  const position = (octave - FIRST_OCTAVE) * STEPS;
  if (position < 0) return 0;
  const index = Math.floor(position);
  const left = table[index] ?? 0;
  return left + (position - index) * ((table[index + 1] ?? left) - left);
}
