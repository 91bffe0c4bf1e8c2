/** Checkpoints of any size for benchmarks: LLaMA-like names and shapes, bf16, and a small dense change. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Elements of the block of random numbers that is written again and again; speed does not depend on the values. */
const BLOCK = 2 ** 21;

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
function makeUniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

function makeGaussian(seed) {
  const uniform = makeUniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The nearest bf16, ties to even, as its bits. */
function toBf16(values) {
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (x) => (x + 0x7fff + ((x >>> 16) & 1)) >>> 16);
}

/** Shapes of a LLaMA-like model of about `elements` elements, in 12 layers. */
function planTensors(elements) {
  const layers = 12;
  const width = Math.max(64, Math.round(Math.sqrt(elements / (layers * 12.5)) / 64) * 64);
  const inner = width * 3;
  const tensors = [
    ['model.embed_tokens.weight', [8192, width]],
    ['lm_head.weight', [8192, width]],
    ['model.norm.weight', [width]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['q', 'k', 'v', 'o'])
      tensors.push([`model.layers.${layer}.self_attn.${name}_proj.weight`, [width, width]]);
    for (const name of ['gate', 'up']) tensors.push([`model.layers.${layer}.mlp.${name}_proj.weight`, [inner, width]]);
    tensors.push([`model.layers.${layer}.mlp.down_proj.weight`, [width, inner]]);
    for (const name of ['input', 'post_attention']) tensors.push([`model.layers.${layer}.${name}_layernorm.weight`, [width]]);
  }
  return tensors;
}

/**
 * Writes `old` and `new` below `folder`, about `bytes` each; the paths of their model.safetensors.
 * @param {string} folder
 * @param {number} bytes
 */
export function generatePair(folder, bytes) {
  const tensors = planTensors(bytes / 2);
  const gaussian = makeGaussian(1);
  const base = Float32Array.from({ length: BLOCK }, () => 0.02 * gaussian());
  const old = toBf16(base.slice());
  const changed = toBf16(base.map((x) => x + 0.0002 * gaussian()));
  return [write(join(folder, 'old'), tensors, old), write(join(folder, 'new'), tensors, changed)];
}

function write(folder, tensors, block) {
  const path = join(folder, 'model.safetensors');
  const header = {};
  let offset = 0;
  for (const [name, shape] of tensors) {
    const size = 2 * shape.reduce((product, dim) => product * dim, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + size] };
    offset += size;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  mkdirSync(folder, { recursive: true });
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, padded]));
  const bytes = new Uint8Array(block.buffer);
  for (let left = offset; left > 0; left -= bytes.length) writeSync(file, bytes, 0, Math.min(left, bytes.length));
  closeSync(file);
  return path;
}
