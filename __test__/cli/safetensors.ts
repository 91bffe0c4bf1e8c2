import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** A tensor of a file made for a test. */
export interface Sketch {
  readonly name: string;
  /** safetensors' own word. @default 'F32' */
  readonly dtype?: string;
  readonly shape: readonly number[];
  /** Values as f32; zeros without. */
  readonly values?: readonly number[];
}

/** Writes a safetensors file. Without values the data is a hole: gigabytes cost nothing. */
export function writeSafetensors(path: string, tensors: readonly Sketch[]): string {
  let offset = 0;
  const entries = tensors.map(({ name, dtype = 'F32', shape }) => {
    const begin = offset;
    offset += shape.reduce((product, size) => product * size, 1) * (dtype === 'BF16' || dtype === 'F16' ? 2 : 4);
    return [name, { dtype, shape, data_offsets: [begin, offset] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, header]));
  ftruncateSync(file, 8 + header.length + offset);
  for (const [index, { values }] of tensors.entries()) {
    const begin = entries[index]?.[1].data_offsets[0] ?? 0;
    if (values !== undefined)
      writeSync(file, new Uint8Array(Float32Array.from(values).buffer), 0, undefined, 8 + header.length + begin);
  }
  closeSync(file);
  return path;
}
