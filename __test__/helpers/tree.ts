import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { encodeFloats, makeFolder } from './safetensors.ts';

type Tensors = Readonly<Record<string, readonly number[]>>;

/** A safetensors file of f32 tensors. */
export function encodeTensors(tensors: Tensors, metadata?: Record<string, string>): Buffer {
  return encodeFloats(new Map(Object.entries(tensors)), metadata);
}

/** Writes files, given by their path in a new folder, and tells the folder. */
export function makeTree(files: Readonly<Record<string, Uint8Array | string | Tensors>>): string {
  const folder = makeFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : encodeTensors(content);
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}
