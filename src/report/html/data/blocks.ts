/**
 * How the columns of a page are stored in it: each in an element of its own, as the base64 of a gzip of its bytes, all first bytes of the
 * numbers together, then all second ones, and so on. Neighbouring numbers share their leading bytes, which so compress to nothing.
 */
import type { PageTensors } from './page-tensors.ts';

/** Identifier of the element that holds a column. */
export function blockId(column: string): string {
  return `data-${column}`;
}

/** Everything that is no column of numbers. */
export const HEAD_BLOCK = 'head';

/** What the head of the data holds: all of the tensors that is no column. */
export interface PageHead {
  readonly count: number;
  readonly names: readonly string[];
  readonly towers: PageTensors['towers'];
  readonly types: readonly string[];
  readonly causes: readonly string[];
  readonly shapes: PageTensors['shapes'];
  readonly dtypes: readonly string[];
  readonly files: PageTensors['files'];
  readonly errors: readonly (readonly [number, string])[];
  /** Of the histogram; null where there is none. */
  readonly bins: { readonly firstExponent: number; readonly bins: number } | null;
  /** Tensors of the comparison that the page does not hold: the map, which is of all, is not drawn again then. */
  readonly left: number;
}

/** The bytes of numbers of `width` bytes each, first bytes together. Little-endian in, and on every machine that runs this. */
export function splitPlanes(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width;
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane += 1) {
    for (let at = 0, from = width - 1 - plane, to = plane * count; at < count; at += 1, from += width)
      planes[to + at] = bytes[from] ?? 0;
  }
  return planes;
}

/** What {@link splitPlanes} was given. */
export function joinPlanes(planes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; plane += 1) {
    for (let at = 0, to = width - 1 - plane, from = plane * count; at < count; at += 1, to += width)
      bytes[to] = planes[from + at] ?? 0;
  }
  return bytes;
}

/**
 * Rounds numbers to so many bits behind the point of their significands, to nearest. NaN, infinities and zeros stay what they are.
 *
 * @param bits at most 20
 */
export function roundNumbers(numbers: Float64Array, bits: number): Float64Array {
  const rounded = numbers.slice();
  const words = new Uint32Array(rounded.buffer);
  // The upper word of a number has twenty bits of its significand.
  const step = 2 ** (20 - bits);
  for (const [at, number] of numbers.entries()) {
    if (!Number.isFinite(number)) continue;
    const upper = (words[at * 2 + 1] ?? 0) + (words[at * 2] ?? 0) / 2 ** 32;
    words[at * 2] = 0;
    words[at * 2 + 1] = Math.round(upper / step) * step;
  }
  return rounded;
}
