/** Tables of the rounding model, by log2 of the update s over the grid spacing u. */
import { erfc } from './erfc.ts';

/** Steps of the tables per octave of s / u, and their range: at 2^-6 nothing changes. */
const STEPS = 128;
const FIRST_OCTAVE = -6;
export const LAST_OCTAVE = 2;

const SIZE = (LAST_OCTAVE - FIRST_OCTAVE) * STEPS + 2;

/** A function of s / u, tabulated over log2 of it. An entry is made when it is first asked for: a short run needs few of them. */
interface Table {
  readonly of: (ratio: number) => number;
  readonly entries: Float64Array;
}

function makeTable(of: (ratio: number) => number): Table {
  return { of, entries: new Float64Array(SIZE).fill(Number.NaN) };
}

/** m2 / u^2. */
export const SQUARE: Table = makeTable((ratio) => (ratio < TURN ? sumGridPoints(ratio) : sumHarmonics(ratio)));

/** Ratio from which the second sum takes fewer terms. The two agree to the last bits of a double. */
const TURN = 0.5;

/** The sum over grid points, as `model.ts` has it. */
function sumGridPoints(ratio: number): number {
  let square = 0;
  for (let k = 1; k <= 9 * ratio + 2; k += 1) square += (2 * k - 1) * erfc((k - 0.5) / (ratio * Math.SQRT2));
  return square;
}

/** The same by Poisson summation: s^2 + u^2 / 12 and what falls off as e^(-2 (pi m s / u)^2). */
function sumHarmonics(ratio: number): number {
  let square = ratio ** 2 + 1 / 12;
  for (let m = 1; m <= 3; m += 1) {
    const falloff = Math.exp(-2 * (Math.PI * m * ratio) ** 2);
    square += (m % 2 === 0 ? falloff : -falloff) * (4 * ratio ** 2 + 1 / (Math.PI * m) ** 2);
  }
  return square;
}

/** Changed fraction. */
export const CHANGED: Table = makeTable((ratio) => erfc(1 / (2 * Math.SQRT2 * ratio)));

/** Value of a table between its steps; 0 below its first octave. */
export function interpolate(table: Table, octave: number): number {
  const position = (octave - FIRST_OCTAVE) * STEPS;
  if (position < 0) return 0;
  const index = Math.floor(position);
  const left = readEntry(table, index);
  return left + (position - index) * (readEntry(table, index + 1) - left);
}

function readEntry({ of, entries }: Table, index: number): number {
  const known = entries[index] ?? 0;
  return Number.isNaN(known) ? (entries[index] = of(2 ** (FIRST_OCTAVE + index / STEPS))) : known;
}
