import type { ColumnDtype } from './schema.ts';

/** A column as JSON has it. */
export type EncodedColumn =
  | { readonly dtype: ColumnDtype; readonly data: string }
  | { readonly dtype: ColumnDtype; readonly count: number; readonly fill: number | null };

type Column = Float64Array | Uint8Array | Uint32Array;

const ARRAYS: Readonly<Record<ColumnDtype, { readonly from: (buffer: ArrayBuffer) => Column; readonly size: number }>> = {
  '<f8': { from: (buffer) => new Float64Array(buffer), size: 8 },
  '|u1': { from: (buffer) => new Uint8Array(buffer), size: 1 },
  '<u4': { from: (buffer) => new Uint32Array(buffer), size: 4 },
};

/** Every machine that Node runs on is little-endian, as the columns are. */
export function encodeColumn(values: Column, dtype: ColumnDtype): EncodedColumn {
  const [first] = values;
  if (first !== undefined && values.every((value) => Object.is(value, first)) && isPlain(first))
    return { dtype, count: values.length, fill: Number.isNaN(first) ? null : first };
  return { dtype, data: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64') };
}

/** Whether JSON has the value: NaN as null, but neither the infinities nor -0. */
function isPlain(value: number): boolean {
  return Number.isNaN(value) || (Number.isFinite(value) && !Object.is(value, -0));
}

/**
 * The column again; undefined for what is none.
 * @param most rows that a column of one number may have: a file of a few bytes must not ask for gigabytes
 */
export function decodeColumn(encoded: unknown, dtype: ColumnDtype, most: number): Column | undefined {
  if (typeof encoded !== 'object' || encoded === null) return undefined;
  const { from, size } = ARRAYS[dtype];
  const { dtype: found, data, count, fill } = encoded as Readonly<Record<string, unknown>>;
  if (found !== dtype) return undefined;
  if (typeof data === 'string') {
    const bytes = Buffer.from(data, 'base64');
    // Base64 that is damaged decodes to fewer bytes.
    if (bytes.length % size !== 0 || bytes.length !== Math.floor((data.replace(/=+$/, '').length * 3) / 4)) return undefined;
    return from(new Uint8Array(bytes).buffer);
  }
  const isNumber = fill === null ? dtype === '<f8' : typeof fill === 'number';
  if (!isNumber || !Number.isSafeInteger(count) || (count as number) < 0 || (count as number) > most) return undefined;
  const values = from(new ArrayBuffer((count as number) * size));
  return values.fill(fill === null ? Number.NaN : (fill as number));
}
