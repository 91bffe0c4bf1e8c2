import { HEAD_BLOCK, type PageHead, roundNumbers } from './blocks.ts';
import { type NumberColumn, NUMBERS, type PageTensors, PLACES } from './page-tensors.ts';
import { writeBlock, writeNumbers, writePlaces } from './write-block.ts';

/** Counts, which are kept in full. */
const COUNTS: ReadonlySet<NumberColumn> = new Set([
  ...(['changed', 'bitChanged', 'elements', 'oldZeros', 'newZeros', 'oldNan', 'newNan', 'oldInf', 'newInf'] as const),
  ...(['oldBytes', 'newBytes', 'oldOffset', 'newOffset'] as const),
]);
/** What is sorted and filtered by: half a millionth. */
const SORTED: ReadonlySet<NumberColumn> = new Set(['l2', 'least', 'oldNorm', 'newNorm', 'turn', 'maxDiff'] as const);
/** Bits of their significands, and of all others: three digits are shown. */
const BITS = { sorted: 20, other: 12 };

/**
 * The elements of a page that hold its tensors, one after the other.
 *
 * @param left tensors that the page does not hold
 * @param isExact every number with all of its bits
 */
export function* packTensors(tensors: PageTensors, left: number, isExact: boolean): Iterable<string> {
  const { count, names, towers, types, causes, shapes, dtypes, files, errors, histogram } = tensors;
  const bins = histogram === null ? null : { firstExponent: histogram.firstExponent, bins: histogram.bins };
  const head: PageHead = {
    count,
    names,
    towers,
    types,
    causes,
    shapes,
    dtypes,
    files,
    errors: [...errors],
    bins,
    left,
  };
  yield writeBlock(HEAD_BLOCK, Buffer.from(JSON.stringify(head)));
  for (const column of NUMBERS) {
    const numbers = tensors.numbers[column];
    if (numbers.every(Number.isNaN)) continue;
    yield writeNumbers(
      column,
      isExact || COUNTS.has(column) ? numbers : roundNumbers(numbers, SORTED.has(column) ? BITS.sorted : BITS.other),
    );
  }
  for (const column of PLACES) yield writePlaces(column, tensors.places[column]);
  if (histogram !== null) yield writeNumbers('histogram', histogram.counts);
}
