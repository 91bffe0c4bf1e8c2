/** Pairs of checkpoints for benchmarks, of any size and without any training. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ENCODINGS } from './encode.mjs';
import { FAMILIES } from './families.mjs';
import { writeSafetensors } from './safetensors.mjs';
import { writeTorch } from './torch.mjs';
import { Values } from './values.mjs';

/** @typedef {import('./values.mjs').Tensor} Tensor */

/**
 * @typedef {object} Request
 * @property {string} folder Where `old` and `new` are made.
 * @property {number} bytes Of one side.
 * @property {keyof typeof FAMILIES} [family] `llama` by default.
 * @property {readonly import('./families.mjs').Planned[]} [tensors] These in place of a family's.
 * @property {import('./encode.mjs').Dtype} [dtype] Of matrices: `bf16` by default. `f8` keeps the rest in bf16, and scales in f32.
 * @property {'safetensors' | 'pt'} [format]
 * @property {number} [shards] More than one file, at most so many: a directory with an index. One by default.
 * @property {number} [experts] Of the family `moe`: 8 by default.
 * @property {boolean} [copy] A third checkpoint too, `copy`, with the bytes of `old`.
 * @property {boolean} [holes] Headers only (safetensors): the data is a hole that takes no room.
 *
 * @typedef {object} Pair Paths of a directory each where there are shards, of a file each where there is one.
 * @property {string} old
 * @property {string} new
 * @property {string} copy Empty where none was asked for.
 * @property {number} tensors Of one side.
 * @property {number} shards Files of one side.
 * @property {number} bytes Of the tensors of one side.
 */

const FORMATS = {
  safetensors: { stem: 'model', extension: 'safetensors', write: writeSafetensors },
  pt: { stem: 'pytorch_model', extension: 'bin', write: writeTorch },
};

/**
 * Writes the pair.
 * @param {Request} request
 * @returns {Promise<Pair>}
 */
export async function generatePair({ folder, bytes, family = 'llama', dtype = 'bf16', shards = 1, ...rest }) {
  const elements = bytes / ENCODINGS[dtype].bytes;
  const { tensors: planned, config } =
    rest.tensors === undefined ? FAMILIES[family](elements) : { tensors: rest.tensors, config: { model_type: 'benchmark' } };
  const tensors = planned.flatMap((tensor) => store(tensor, dtype));
  const values = new Values(rest.holes === true ? [] : tensors);
  const parts = split(tensors, shards);
  const total = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const pair = { old: '', new: '', copy: '', tensors: tensors.length, shards: parts.length, bytes: total };
  /** @type {readonly ('old' | 'new' | 'copy')[]} */
  const names = rest.copy === true ? ['old', 'new', 'copy'] : ['old', 'new'];
  for (const name of names) {
    const target = join(folder, name);
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'config.json'), JSON.stringify({ ...config, torch_dtype: dtype }));
    const pieces = (/** @type {Tensor} */ tensor) => values.pieces(tensor, name === 'new' ? 'new' : 'old');
    pair[name] = await write(target, parts, rest.format ?? 'safetensors', rest.holes === true ? null : pieces);
  }
  return pair;
}

/**
 * A planned tensor as it is stored: only matrices are in eight bits, each with a scale for every block of 128 x 128.
 * @param {import('./families.mjs').Planned} planned
 * @param {import('./encode.mjs').Dtype} dtype
 * @returns {Tensor[]}
 */
function store(planned, dtype) {
  const elements = planned.shape.reduce((product, size) => product * size, 1);
  const own = dtype === 'f8' && planned.role !== 'matrix' ? 'bf16' : dtype;
  const tensor = { ...planned, dtype: own, elements, bytes: elements * ENCODINGS[own].bytes };
  if (own !== 'f8') return [tensor];
  const shape = planned.shape.map((size) => Math.ceil(size / 128));
  const blocks = shape.reduce((product, size) => product * size, 1);
  const name = `${planned.name}_scale_inv`;
  return [tensor, { name, shape, role: 'scale', depth: planned.depth, dtype: 'f32', elements: blocks, bytes: blocks * 4 }];
}

/**
 * @param {string} folder
 * @param {readonly Tensor[][]} parts What each file holds.
 * @param {keyof typeof FORMATS} format
 * @param {((tensor: Tensor) => Iterable<Uint8Array>) | null} pieces
 * @returns {Promise<string>} Path of the one file, or of the directory.
 */
async function write(folder, parts, format, pieces) {
  const { stem, extension, write } = FORMATS[format];
  const [only = [], second] = parts;
  if (second === undefined) {
    const path = join(folder, `model.${format}`);
    await write(path, only, pieces);
    return path;
  }
  /** @type {Record<string, string>} */
  const weightMap = {};
  for (const [at, part] of parts.entries()) {
    const number = (/** @type {number} */ value) => String(value).padStart(5, '0');
    const file = `${stem}-${number(at + 1)}-of-${number(parts.length)}.${extension}`;
    await write(join(folder, file), part, pieces);
    for (const { name } of part) weightMap[name] = file;
  }
  const total = parts.flat().reduce((sum, { bytes }) => sum + bytes, 0);
  const index = { metadata: { total_size: total }, weight_map: weightMap };
  await writeFile(join(folder, `${stem}.${extension}.index.json`), JSON.stringify(index));
  return folder;
}

/**
 * In order, about as many bytes to each.
 * @param {readonly Tensor[]} tensors
 * @param {number} shards
 */
function split(tensors, shards) {
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  /** @type {Tensor[][]} */
  const parts = [];
  let done = 0;
  for (const tensor of tensors) {
    const at = Math.min(shards - 1, Math.floor((done / total) * shards));
    if (parts.length === 0 || (at > parts.length - 1 && parts.length < shards)) parts.push([]);
    parts.at(-1)?.push(tensor);
    done += tensor.bytes;
  }
  return parts;
}
