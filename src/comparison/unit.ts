/** Lengths whose squares f64 holds, and the sums of as many as there can be. */
const LEAST = 2 ** -460;
const MOST = 2 ** 460;

/**
 * What lengths are divided by before they are squared: 1, or where the largest one is far from it, the power of two next to it. Division by a
 * power of two is exact, so quotients of sums do not depend on the unit.
 */
export function chooseUnit(...lists: readonly ArrayLike<number>[]): number {
  const largest = findLargest(lists);
  return largest === 0 || (largest >= LEAST && largest <= MOST) ? 1 : powerBelow(largest);
}

/** The power of two next to the largest length, for more than squares; 1 where all are zero. */
export function chooseNearUnit(...lists: readonly ArrayLike<number>[]): number {
  const largest = findLargest(lists);
  return largest === 0 ? 1 : powerBelow(largest);
}

/** A sum of squares of lengths, each divided by the unit. */
export interface SquareSum {
  readonly sum: number;
  readonly unit: number;
}

/** Squares of lengths of any size, added in order or by `add`. */
export function sumSquares(lengths: Float64Array, add: (squares: Float64Array) => number = addInOrder): SquareSum {
  const unit = chooseUnit(lengths);
  return { sum: add(lengths.map((length) => (length / unit) ** 2)), unit };
}

/** Root of a sum of squares; Infinity beyond f64. */
export function rootOf({ sum, unit }: SquareSum): number {
  return Math.sqrt(sum) * unit;
}

/** Root of the quotient of two sums of squares; the second one is not zero. */
export function rootOfQuotient(a: SquareSum, b: SquareSum): number {
  return Math.sqrt(a.sum / b.sum) * (a.unit / b.unit);
}

function findLargest(lists: readonly ArrayLike<number>[]): number {
  let largest = 0;
  for (const lengths of lists) {
    for (let at = 0; at < lengths.length; at += 1) {
      const length = lengths[at] ?? 0;
      if (length > largest && length < Infinity) largest = length;
    }
  }
  return largest;
}

function powerBelow(length: number): number {
  return 2 ** Math.min(1023, Math.max(-1074, Math.floor(Math.log2(length))));
}

function addInOrder(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
