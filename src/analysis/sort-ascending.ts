/** From this length on counting is faster than comparing. */
const LONG = 32_768;
/** Digits of 16 bits in a double. */
const DIGITS = 4;
/** Doubles whose highest digit is this or more are negative, -0 included. */
const NEGATIVE = 0x8000;

/**
 * A sorted copy, NaN last. The analysis sorts lists of all tensors dozens of times, mostly of sizes, which are not negative: the bits
 * of such doubles are in the order of their values, and are sorted digit by digit.
 */
export function sortAscending(values: ArrayLike<number>): Float64Array {
  const sorted = new Float64Array(values);
  if (sorted.length < LONG) return sorted.sort();
  const highest = DIGITS - 1;
  const digits = new Uint16Array(sorted.buffer);
  for (let at = highest; at < digits.length; at += DIGITS) if ((digits[at] ?? 0) >= NEGATIVE) return sorted.sort();
  let [from, to] = [sorted, new Float64Array(sorted.length)];
  const starts = new Uint32Array(0x1_0000);
  for (let digit = 0; digit < DIGITS; digit += 1) {
    moveByDigit(from, to, digit, starts);
    [from, to] = [to, from];
  }
  return from;
}

/** Moves every value behind those whose digit is smaller, values of one digit in the order in which they were. */
function moveByDigit(from: Float64Array, to: Float64Array, digit: number, starts: Uint32Array): void {
  const digits = new Uint16Array(from.buffer);
  starts.fill(0);
  for (let at = digit; at < digits.length; at += DIGITS) starts[digits[at] ?? 0] = (starts[digits[at] ?? 0] ?? 0) + 1;
  let start = 0;
  for (let value = 0; value < starts.length; value += 1) {
    const count = starts[value] ?? 0;
    starts[value] = start;
    start += count;
  }
  for (let at = 0; at < from.length; at += 1) {
    const value = digits[at * DIGITS + digit] ?? 0;
    const place = starts[value] ?? 0;
    to[place] = from[at] ?? Number.NaN;
    starts[value] = place + 1;
  }
}
