import { Buffer } from 'node:buffer';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A safetensors file of any header text and any data: the header need not be true. */
export function encodeRaw(header: string | Uint8Array, data: Uint8Array = new Uint8Array()): Buffer {
  const text = typeof header === 'string' ? Buffer.from(header) : header;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A true safetensors file of f32 tensors. */
export function encodeFloats(tensors: ReadonlyMap<string, readonly number[]>, metadata?: Record<string, string>): Buffer {
  let offset = 0;
  const entries: string[] = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const parts: Buffer[] = [];
  for (const [name, values] of tensors) {
    const data = Buffer.from(new Float32Array(values).buffer);
    entries.push(
      `${JSON.stringify(name)}:{"dtype":"F32","shape":[${values.length}],"data_offsets":[${offset},${offset + data.length}]}`,
    );
    parts.push(data);
    offset += data.length;
  }
  return encodeRaw(`{${entries.join(',')}}`, Buffer.concat(parts));
}

/** A new empty folder. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'model-diff-'));
}

/** Writes a file into a new folder and tells its path. */
export function writeTemporary(content: string | Uint8Array, name = 'model.safetensors'): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}
