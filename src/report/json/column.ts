import type { ColumnDtype } from './schema.ts';

/** A column as JSON has it. */
export type EncodedColumn =
  | { readonly dtype: ColumnDtype; readonly data: string }
  | { readonly dtype: ColumnDtype; readonly count: number; readonly fill: number | null };

export type Column = Float64Array | Uint8Array | Uint32Array;

const ARRAYS: Readonly<Record<ColumnDtype, { readonly from: (buffer: ArrayBuffer) => Column; readonly size: number }>> = {
  '<f8': { from: (buffer) => new Float64Array(buffer), size: 8 },
  '|u1': { from: (buffer) => new Uint8Array(buffer), size: 1 },
  '<u4': { from: (buffer) => new Uint32Array(buffer), size: 4 },
};

/** Every machine that Node runs on is little-endian, as the columns are. */
export function encodeColumn(values: Column, dtype: ColumnDtype): EncodedColumn {
  const [first] = values;
  if (first !== undefined && isPlain(first) && values.every((value) => Object.is(value, first)))
    return { dtype, count: values.length, fill: Number.isNaN(first) ? null : first };
  return { dtype, data: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64') };
}

/** Whether JSON has the value: NaN as null, but neither the infinities nor -0. */
function isPlain(value: number): boolean {
  return Number.isNaN(value) || (Number.isFinite(value) && !Object.is(value, -0));
}

/**
 * The column again; undefined for what is none of this type and length. Nothing is allocated before the length is known to be right: a
 * file of a few bytes must not ask for gigabytes.
 */
export function decodeColumn(encoded: unknown, dtype: ColumnDtype, length: number): Column | undefined {
  if (typeof encoded !== 'object' || encoded === null) return undefined;
  const { dtype: found, data, count, fill } = encoded as Readonly<Record<string, unknown>>;
  if (found !== dtype) return undefined;
  return typeof data === 'string' ? decodeData(data, dtype, length) : decodeFill(count, fill, dtype, length);
}

function decodeData(data: string, dtype: ColumnDtype, length: number): Column | undefined {
  const { from, size } = ARRAYS[dtype];
  if (data.length !== 4 * Math.ceil((length * size) / 3)) return undefined;
  const bytes = Buffer.from(data, 'base64');
  // Node skips what is not base64: what it read then gives another text.
  if (bytes.length !== length * size || bytes.toString('base64') !== data) return undefined;
  return from(new Uint8Array(bytes).buffer);
}

function decodeFill(count: unknown, fill: unknown, dtype: ColumnDtype, length: number): Column | undefined {
  if (count !== length) return undefined;
  const { from, size } = ARRAYS[dtype];
  if (fill === null) return dtype === '<f8' ? from(new ArrayBuffer(length * size)).fill(Number.NaN) : undefined;
  if (typeof fill !== 'number' || !Number.isFinite(fill)) return undefined;
  const values = from(new ArrayBuffer(length * size)).fill(fill);
  // 256 is no byte, and 0.5 no whole number.
  return length === 0 || values[0] === fill ? values : undefined;
}
