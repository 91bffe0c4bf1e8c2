import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

import { encodeRaw } from './safetensors.ts';

/** Bytes of an element. */
const SIZES = { F16: 2, BF16: 2, F32: 4, F64: 8, I64: 8 } as const;

/** Writes a true safetensors file of zeros that takes no place on the disk: its data are a hole. */
export function writeHoles(
  path: string,
  dtype: keyof typeof SIZES,
  tensors: readonly (readonly [name: string, elements: number])[],
): void {
  let offset = 0;
  const entries = tensors.map(([name, elements]) => {
    const start = offset;
    offset += elements * SIZES[dtype];
    return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${elements}],"data_offsets":[${start},${offset}]}`;
  });
  const header = encodeRaw(`{${entries.join(',')}}`);
  const file = openSync(path, 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + offset);
  closeSync(file);
}
