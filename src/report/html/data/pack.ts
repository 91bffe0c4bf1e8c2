import { blockId, HEAD_BLOCK, type PageHead, roundNumbers, splitPlanes } from './blocks.ts';
import { type NumberColumn, NUMBERS, type PageTensors, PLACES } from './page-tensors.ts';

/** Counts, which are kept in full. */
const COUNTS: ReadonlySet<NumberColumn> = new Set([
  ...(['changed', 'bitChanged', 'elements', 'oldZeros', 'newZeros', 'oldNan', 'newNan', 'oldInf', 'newInf'] as const),
  ...(['oldBytes', 'newBytes', 'oldOffset', 'newOffset'] as const),
]);
/** What is sorted and filtered by: half a millionth. */
const SORTED: ReadonlySet<NumberColumn> = new Set(['l2', 'oldNorm', 'newNorm', 'turn', 'maxDiff'] as const);
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

function writeNumbers(column: string, numbers: Float64Array): string {
  // NaN has many bit patterns: one of them, so that equal reports are equal bytes.
  const same = numbers.map((number) => (Number.isNaN(number) ? Number.NaN : number));
  return writeBlock(column, splitPlanes(new Uint8Array(same.buffer), 8));
}

function writePlaces(column: string, places: Int32Array): string {
  return writeBlock(column, splitPlanes(new Uint8Array(places.buffer, places.byteOffset, places.byteLength), 4));
}

function writeBlock(column: string, bytes: Uint8Array): string {
  // Loaded here: no other format needs it.
  const { gzipSync } = process.getBuiltinModule('node:zlib');
  // Nothing of base64 ends the element, whose type no browser runs.
  return `<script type="application/gzip" id="${blockId(column)}">${gzipSync(bytes).toString('base64')}</script>\n`;
}
