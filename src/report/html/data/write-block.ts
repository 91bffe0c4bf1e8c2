import { blockId, splitPlanes } from './blocks.ts';

/** A column of numbers as an element of a page. */
export function writeNumbers(column: string, numbers: Float64Array): string {
  // NaN has many bit patterns: one of them, so that equal reports are equal bytes.
  const same = numbers.map((number) => (Number.isNaN(number) ? Number.NaN : number));
  return writeBlock(column, splitPlanes(new Uint8Array(same.buffer), 8));
}

/** A column of places as an element of a page. */
export function writePlaces(column: string, places: Int32Array): string {
  return writeBlock(column, splitPlanes(new Uint8Array(places.buffer, places.byteOffset, places.byteLength), 4));
}

/** Bytes as an element of a page. */
export function writeBlock(column: string, bytes: Uint8Array): string {
  // Loaded here: no other format needs it.
  const { gzipSync } = process.getBuiltinModule('node:zlib');
  // Nothing of base64 ends the element, whose type no browser runs.
  return `<script type="application/gzip" id="${blockId(column)}">${gzipSync(bytes).toString('base64')}</script>\n`;
}
