/** Files of the safetensors format. */
import { ENCODINGS } from './encode.mjs';
import { PieceWriter } from './pieces.mjs';

/**
 * @param {string} path
 * @param {readonly import('./values.mjs').Tensor[]} tensors
 * @param {((tensor: import('./values.mjs').Tensor) => Iterable<Uint8Array>) | null} pieces Their bytes; null: a hole.
 */
export async function writeSafetensors(path, tensors, pieces) {
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, shape, dtype, bytes } of tensors) {
    header[name] = { dtype: ENCODINGS[dtype].safetensors, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padding = (8 - (text.length % 8)) % 8;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length + padding));
  const file = await PieceWriter.create(path);
  await file.write(Buffer.concat([length, text, Buffer.alloc(padding, ' ')]));
  if (pieces === null) {
    await file.end(file.size + offset);
    return;
  }
  for (const tensor of tensors) {
    for (const piece of pieces(tensor)) await file.write(piece);
  }
  await file.end();
}
