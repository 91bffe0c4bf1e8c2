/** numpy's names of the elements of a column: 64-bit floats, or where all are whole numbers, the fewest bytes that hold them. */
export const COLUMN_DTYPES = ['|u1', '<u2', '<u4', '<f8'] as const;
export type ColumnDtype = (typeof COLUMN_DTYPES)[number];

/**
 * A column as JSON has it: base64 of its little-endian bytes; or its length and the number that all elements are; or these, and which
 * elements are others, with their bytes.
 */
export type EncodedColumn =
  | { readonly dtype: ColumnDtype; readonly data: string }
  | { readonly dtype: ColumnDtype; readonly count: number; readonly fill: number | null }
  | {
      readonly dtype: ColumnDtype;
      readonly count: number;
      readonly fill: number | null;
      /** Indices in rising order: a column of whole numbers. */
      readonly at: EncodedColumn;
      readonly data: string;
    };

export type Column = Float64Array | Uint8Array | Uint16Array | Uint32Array;

/** The types of whole numbers. */
export const INTEGERS: readonly ColumnDtype[] = ['|u1', '<u2', '<u4'];

interface ColumnType {
  readonly size: number;
  readonly from: (buffer: ArrayBuffer) => Column;
  readonly copy: (values: Column) => Column;
}

const TYPES: Readonly<Record<ColumnDtype, ColumnType>> = {
  '|u1': { size: 1, from: (buffer) => new Uint8Array(buffer), copy: (values) => new Uint8Array(values) },
  '<u2': { size: 2, from: (buffer) => new Uint16Array(buffer), copy: (values) => new Uint16Array(values) },
  '<u4': { size: 4, from: (buffer) => new Uint32Array(buffer), copy: (values) => new Uint32Array(values) },
  '<f8': { size: 8, from: (buffer) => new Float64Array(buffer), copy: copyFloats },
};

/** The sign of a NaN that comes of arithmetic depends on the processor; that of a report does not. */
function copyFloats(values: Column): Float64Array {
  const copy = new Float64Array(values);
  for (let at = 0; at < copy.length; at += 1) if (Number.isNaN(copy[at])) copy[at] = Number.NaN;
  return copy;
}

/** Bytes of an index, as a rule. */
const INDEX_SIZE = 4;

/** Every machine that Node runs on is little-endian, as the columns are. */
export function encodeColumn(values: Column): EncodedColumn {
  const dtype = chooseDtype(values);
  const usual = findMajority(values);
  if (usual === undefined || !isPlain(usual)) return { dtype, data: encodeData(values, dtype) };
  const others = listOthers(values, usual);
  const same = { dtype, count: values.length, fill: Number.isNaN(usual) ? null : usual };
  if (others.length === 0) return same;
  // Half of the bytes are worth the detour.
  const { size } = TYPES[dtype];
  if (2 * others.length * (size + INDEX_SIZE) > values.length * size) return { dtype, data: encodeData(values, dtype) };
  const picked = Float64Array.from(others, (at) => values[at] ?? Number.NaN);
  return { ...same, at: encodeColumn(others), data: encodeData(picked, dtype) };
}

/** The one value that more than half of the elements can be, after Boyer and Moore. */
function findMajority(values: Column): number | undefined {
  let candidate: number | undefined;
  let lead = 0;
  for (let at = 0; at < values.length; at += 1) {
    if (lead === 0) candidate = values[at];
    lead += Object.is(values[at], candidate) ? 1 : -1;
  }
  return candidate;
}

function listOthers(values: Column, usual: number): Uint32Array {
  const others: number[] = [];
  for (let at = 0; at < values.length; at += 1) if (!Object.is(values[at], usual)) others.push(at);
  return Uint32Array.from(others);
}

function encodeData(values: Column, dtype: ColumnDtype): string {
  const { buffer, byteOffset, byteLength } = TYPES[dtype].copy(values);
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function chooseDtype(values: Column): ColumnDtype {
  let largest = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
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
  const { dtype: found, data, count, fill, at } = encoded as Readonly<Record<string, unknown>>;
  const dtype = dtypes.find((allowed) => allowed === found);
  if (dtype === undefined) return undefined;
  if (count === undefined) return decodeData(data, dtype, length);
  const values = count === length ? decodeFill(fill, dtype, length) : undefined;
  if (values === undefined || at === undefined) return values;
  return decodeOthers(at, data, dtype, values);
}

function decodeData(data: unknown, dtype: ColumnDtype, length: number): Column | undefined {
  const { size, from } = TYPES[dtype];
  if (typeof data !== 'string' || data.length !== 4 * Math.ceil((length * size) / 3)) return undefined;
  const bytes = Buffer.from(data, 'base64');
  // Node skips what is not base64: what it read then gives another text.
  if (bytes.length !== length * size || bytes.toString('base64') !== data) return undefined;
  return from(new Uint8Array(bytes).buffer);
}

function decodeFill(fill: unknown, dtype: ColumnDtype, length: number): Column | undefined {
  const { from, size } = TYPES[dtype];
  const value = fill === null && dtype === '<f8' ? Number.NaN : fill;
  if (typeof value !== 'number') return undefined;
  const values = from(new ArrayBuffer(length * size)).fill(value);
  // 256 is no byte, and 0.5 no whole number.
  return length === 0 || Object.is(values[0], value) ? values : undefined;
}

function decodeOthers(at: unknown, data: unknown, dtype: ColumnDtype, values: Column): Column | undefined {
  if (typeof data !== 'string') return undefined;
  const count = Math.floor(Buffer.byteLength(data, 'base64') / TYPES[dtype].size);
  if (count > values.length || (typeof at === 'object' && at !== null && 'at' in at)) return undefined;
  const [indices, others] = [decodeColumn(at, INTEGERS, count), decodeData(data, dtype, count)];
  if (indices === undefined || others === undefined) return undefined;
  let last = -1;
  for (let index = 0; index < count; index += 1) {
    const place = indices[index] ?? -1;
    if (place <= last || place >= values.length) return undefined;
    values[place] = others[index] ?? Number.NaN;
    last = place;
  }
  return values;
}
