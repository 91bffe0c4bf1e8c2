/** numpy's names of the elements of a column: 64-bit floats, or where all are whole numbers, the fewest bytes that hold them. */
export const COLUMN_DTYPES = ['|u1', '<u2', '<u4', '<f8'] as const;
export type ColumnDtype = (typeof COLUMN_DTYPES)[number];

/** A column as JSON has it: base64 of its little-endian bytes, or its length and one number where all are equal. */
export type EncodedColumn =
  | { readonly dtype: ColumnDtype; readonly data: string }
  | { readonly dtype: ColumnDtype; readonly count: number; readonly fill: number | null };

export type Column = Float64Array | Uint8Array | Uint16Array | Uint32Array;

interface ColumnType {
  readonly size: number;
  readonly from: (buffer: ArrayBuffer) => Column;
  readonly copy: (values: Column) => Column;
}

const TYPES: Readonly<Record<ColumnDtype, ColumnType>> = {
  '|u1': { size: 1, from: (buffer) => new Uint8Array(buffer), copy: (values) => new Uint8Array(values) },
  '<u2': { size: 2, from: (buffer) => new Uint16Array(buffer), copy: (values) => new Uint16Array(values) },
  '<u4': { size: 4, from: (buffer) => new Uint32Array(buffer), copy: (values) => new Uint32Array(values) },
  '<f8': { size: 8, from: (buffer) => new Float64Array(buffer), copy: (values) => new Float64Array(values) },
};

/** Every machine that Node runs on is little-endian, as the columns are. */
export function encodeColumn(values: Column): EncodedColumn {
  const dtype = chooseDtype(values);
  const [first] = values;
  if (first !== undefined && isPlain(first) && values.every((value) => Object.is(value, first)))
    return { dtype, count: values.length, fill: Number.isNaN(first) ? null : first };
  const { buffer, byteOffset, byteLength } = TYPES[dtype].copy(values);
  return { dtype, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

function chooseDtype(values: Column): ColumnDtype {
  let largest = 0;
  for (const value of values) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32 || Object.is(value, -0)) return '<f8';
    if (value > largest) largest = value;
  }
  return largest < 2 ** 8 ? '|u1' : largest < 2 ** 16 ? '<u2' : '<u4';
}

/** Whether JSON has the value: NaN as null, but neither the infinities nor -0. */
function isPlain(value: number): boolean {
  return Number.isNaN(value) || (Number.isFinite(value) && !Object.is(value, -0));
}

/**
 * The column again; undefined for what is none of these types and this length. Nothing is allocated before the length is known to be
 * right: a file of a few bytes must not ask for gigabytes.
 */
export function decodeColumn(encoded: unknown, dtypes: readonly ColumnDtype[], length: number): Column | undefined {
  if (typeof encoded !== 'object' || encoded === null) return undefined;
  const { dtype: found, data, count, fill } = encoded as Readonly<Record<string, unknown>>;
  const dtype = dtypes.find((allowed) => allowed === found);
  if (dtype === undefined) return undefined;
  return typeof data === 'string' ? decodeData(data, TYPES[dtype], length) : decodeFill(count, fill, dtype, length);
}

function decodeData(data: string, { size, from }: ColumnType, length: number): Column | undefined {
  if (data.length !== 4 * Math.ceil((length * size) / 3)) return undefined;
  const bytes = Buffer.from(data, 'base64');
  // Node skips what is not base64: what it read then gives another text.
  if (bytes.length !== length * size || bytes.toString('base64') !== data) return undefined;
  return from(new Uint8Array(bytes).buffer);
}

function decodeFill(count: unknown, fill: unknown, dtype: ColumnDtype, length: number): Column | undefined {
  if (count !== length) return undefined;
  const { from, size } = TYPES[dtype];
  const value = fill === null && dtype === '<f8' ? Number.NaN : fill;
  if (typeof value !== 'number') return undefined;
  const values = from(new ArrayBuffer(length * size)).fill(value);
  // 256 is no byte, and 0.5 no whole number.
  return length === 0 || Object.is(values[0], value) ? values : undefined;
}
