/** PyTorch files as `torch.save` writes a mapping of names to tensors: a zip of stored entries, each storage at a multiple of 64. */
import { crc32 } from 'node:zlib';

import { ENCODINGS } from './encode.mjs';
import { PieceWriter } from './pieces.mjs';

const ALIGNMENT = 64;
/** Stands in 32-bit fields for a number in the zip64 fields. */
const ELSEWHERE = 0xffff_ffff;

/**
 * @param {string} path
 * @param {readonly import('./values.mjs').Tensor[]} tensors
 * @param {((tensor: import('./values.mjs').Tensor) => Iterable<Uint8Array>) | null} pieces Their bytes; a hole cannot be.
 */
export async function writeTorch(path, tensors, pieces) {
  if (pieces === null) throw new Error('a PyTorch file cannot be a hole: its entries have sums of check');
  const file = await PieceWriter.create(path);
  /** @type {Entry[]} */
  const entries = [];
  /**
   * @param {string} name
   * @param {() => Iterable<Uint8Array>} pieces Read twice: the sum of check stands before the data.
   */
  const add = async (name, pieces) => {
    const entry = { name: `archive/${name}`, crc: 0, size: 0, offset: file.size };
    for (const piece of pieces()) {
      entry.crc = crc32(piece, entry.crc);
      entry.size += piece.length;
    }
    entries.push(entry);
    await file.write(localHeader(entry));
    for (const piece of pieces()) await file.write(piece);
  };
  await add('data.pkl', () => [pickle(tensors)]);
  await add('byteorder', () => [Buffer.from('little')]);
  for (const [at, tensor] of tensors.entries()) await add(`data/${at}`, () => pieces(tensor));
  await add('version', () => [Buffer.from('3\n')]);
  const start = file.size;
  for (const entry of entries) await file.write(centralHeader(entry));
  await file.write(endOfDirectory(entries.length, start, file.size - start));
  await file.end();
}

/** @typedef {{ name: string, crc: number, size: number, offset: number }} Entry */

/** @param {number | bigint} value @param {1 | 2 | 4 | 8} bytes */
function le(value, bytes) {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out.subarray(0, bytes);
}

/** What both headers of an entry have in common. @param {Entry} entry @param {number} extra */
function describe({ name, crc }, extra) {
  // Version 4.5 (zip64), names in UTF-8, stored, no time.
  const start = [le(45, 2), le(0x800, 2), le(0, 2), le(0, 2), le(0x21, 2), le(crc, 4), le(ELSEWHERE, 4), le(ELSEWHERE, 4)];
  return [...start, le(Buffer.byteLength(name), 2), le(extra, 2)];
}

/** Ends at a multiple of 64: as torch does, an extra field `FB` fills the gap. @param {Entry} entry */
function localHeader(entry) {
  const sizes = Buffer.concat([le(1, 2), le(16, 2), le(entry.size, 8), le(entry.size, 8)]);
  const used = entry.offset + 30 + Buffer.byteLength(entry.name) + sizes.length + 4;
  const padding = (ALIGNMENT - (used % ALIGNMENT)) % ALIGNMENT;
  const extra = Buffer.concat([sizes, Buffer.from('FB'), le(padding, 2), Buffer.alloc(padding, 'Z')]);
  return Buffer.concat([le(0x04034b50, 4), ...describe(entry, extra.length), Buffer.from(entry.name), extra]);
}

/** @param {Entry} entry */
function centralHeader(entry) {
  const extra = Buffer.concat([le(1, 2), le(24, 2), le(entry.size, 8), le(entry.size, 8), le(entry.offset, 8)]);
  const rest = [le(0, 2), le(0, 2), le(0, 2), le(0, 4), le(ELSEWHERE, 4)];
  return Buffer.concat([le(0x02014b50, 4), le(45, 2), ...describe(entry, extra.length), ...rest, Buffer.from(entry.name), extra]);
}

/** @param {number} entries @param {number} start @param {number} size */
function endOfDirectory(entries, start, size) {
  const record = [le(0x06064b50, 4), le(44, 8), le(45, 2), le(45, 2), le(0, 4), le(0, 4)];
  const locator = [le(0x07064b50, 4), le(0, 4), le(start + size, 8), le(1, 4)];
  const end = [le(0x06054b50, 4), le(0, 2), le(0, 2), le(0xffff, 2), le(0xffff, 2), le(ELSEWHERE, 4), le(ELSEWHERE, 4), le(0, 2)];
  return Buffer.concat([...record, le(entries, 8), le(entries, 8), le(size, 8), le(start, 8), ...locator, ...end]);
}

const MARK = Buffer.from('(');
const TUPLE = Buffer.from('t');
const REDUCE = Buffer.from('R');
const EMPTY_TUPLE = Buffer.from(')');
const NEWFALSE = Buffer.from([0x89]);

/** The mapping, in protocol 2. @param {readonly import('./values.mjs').Tensor[]} tensors */
function pickle(tensors) {
  const parts = [Buffer.from([0x80, 2]), Buffer.from('}'), MARK];
  for (const [at, { name, shape, dtype, elements }] of tensors.entries()) {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const { storage, dtype: ownDtype } = ENCODINGS[dtype].torch;
    const key = [
      MARK,
      text('storage'),
      global(storage === 'UntypedStorage' ? 'torch.storage' : 'torch', storage),
      text(String(at)),
      text('cpu'),
      integer(elements),
      TUPLE,
    ];
    parts.push(
      text(name),
      global('torch._utils', ownDtype === null ? '_rebuild_tensor_v2' : '_rebuild_tensor_v3'),
      MARK,
      ...key,
      Buffer.from('Q'),
      integer(0),
      tuple(shape),
      tuple(strides),
      NEWFALSE,
      // No hooks.
      global('collections', 'OrderedDict'),
      EMPTY_TUPLE,
      REDUCE,
      ...(ownDtype === null ? [] : [global('torch', ownDtype)]),
      TUPLE,
      REDUCE,
    );
  }
  return Buffer.concat([...parts, Buffer.from('u.')]);
}

/** @param {string} value */
function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from('X'), le(bytes.length, 4), bytes]);
}

/** @param {string} module @param {string} name */
function global(module, name) {
  return Buffer.from(`c${module}\n${name}\n`);
}

/** @param {number} value Not negative. */
function integer(value) {
  if (value < 2 ** 31) return Buffer.concat([Buffer.from('J'), le(value, 4)]);
  return Buffer.concat([Buffer.from([0x8a, 8]), le(value, 8)]);
}

/** @param {readonly number[]} values */
function tuple(values) {
  return Buffer.concat([MARK, ...values.map(integer), TUPLE]);
}
