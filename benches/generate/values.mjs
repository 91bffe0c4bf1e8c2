/**
 * Values of weights and of the same weights after a small training, by role and depth: matrices change everywhere a little (so little
 * that rounding leaves a part of the elements as they were), norms barely, and of embeddings only the rows of some tokens.
 * Numbers are drawn once into blocks, which tensors read from different starts: files of any size are written as fast as the disk is.
 */
import { ENCODINGS } from './encode.mjs';

/** @typedef {import('./families.mjs').Planned & { dtype: import('./encode.mjs').Dtype, elements: number, bytes: number }} Tensor */
/** @typedef {'old' | 'new'} Side */

/** Elements of a block; a tensor that is longer goes round. */
const BLOCK = 2 ** 21;
/** Deviations of the layers' weights go down with depth in so many steps. */
const STEPS = 6;
/** Of a token's embedding: the share of rows that training touches, and the length of a run of such elements. */
const TOUCHED = 0.05;

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
function makeUniform(/** @type {number} */ seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {number} length
 * @param {number} seed
 */
function drawGaussians(length, seed) {
  const uniform = makeUniform(seed);
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** Blocks of values of one pair of checkpoints. */
export class Values {
  /** @type {Map<string, Record<Side, Uint8Array>>} */
  #blocks = new Map();
  #weights;
  #changes;

  /** @param {readonly Tensor[]} tensors */
  constructor(tensors) {
    const longest = tensors.reduce((longest, { elements }) => Math.max(longest, elements), 1);
    const length = Math.min(BLOCK, longest);
    this.#weights = drawGaussians(length, 1);
    this.#changes = drawGaussians(length, 2);
  }

  /**
   * The bytes of a tensor on one side, in pieces.
   * @param {Tensor} tensor
   * @param {Side} side
   */
  *pieces(tensor, side) {
    const block = this.#block(tensor)[side];
    const unit = tensor.bytes / tensor.elements;
    let start = (hash(tensor.name) % (block.length / unit)) * unit;
    for (let left = tensor.bytes; left > 0; start = 0) {
      const piece = block.subarray(start, start + left);
      yield piece;
      left -= piece.length;
    }
  }

  /** @param {Tensor} tensor */
  #block({ role, depth, dtype, shape }) {
    const step = Math.round(depth * (STEPS - 1));
    const width = role === 'embedding' ? shape.at(-1) : 0;
    const key = `${dtype} ${role} ${step} ${width}`;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      const { old, newer } = this.#draw(role, step, dtype, width ?? 0);
      const { encode } = ENCODINGS[dtype];
      block = { old: encode(old), new: encode(newer) };
      this.#blocks.set(key, block);
    }
    return block;
  }

  /**
   * @param {import('./families.mjs').Role} role
   * @param {number} step
   * @param {import('./encode.mjs').Dtype} dtype
   * @param {number} width
   */
  #draw(role, step, dtype, width) {
    const deviation = deviationAt(step);
    const weights = this.#weights;
    const changes = this.#changes;
    switch (role) {
      case 'matrix': {
        const unit = dtype === 'f8' ? deviation / scaleAt(step) : deviation;
        const change = unit * (0.001 + (0.003 * step) / STEPS);
        return { old: weights.map((x) => unit * x), newer: weights.map((x, at) => unit * x + change * at0(changes, at)) };
      }
      case 'embedding': {
        const uniform = makeUniform(3);
        const touched = Array.from({ length: Math.ceil(weights.length / width) }, () => uniform() < TOUCHED);
        return {
          old: weights.map((x) => 0.02 * x),
          newer: weights.map((x, at) => 0.02 * x + (touched[Math.floor(at / width)] ? 0.0004 * at0(changes, at) : 0)),
        };
      }
      case 'norm':
        return {
          old: weights.map((x) => 1 + 0.1 * x),
          newer: weights.map((x, at) => 1 + 0.1 * x + 2e-5 * at0(changes, at)),
        };
      case 'bias':
        return {
          old: weights.map((x) => 0.01 * x),
          newer: weights.map((x, at) => 0.01 * x + 2e-5 * at0(changes, at)),
        };
      case 'scale': {
        const scales = weights.map((x) => scaleAt(step) * (1 + 0.01 * Math.tanh(x)));
        return { old: scales, newer: scales };
      }
    }
  }
}

/** @param {number} step */
function deviationAt(step) {
  return 0.04 / (1 + step / 2);
}

/** What an eight-bit matrix is multiplied with: its largest values, at 4.5 deviations, are stored as 448. */
function scaleAt(/** @type {number} */ step) {
  return (deviationAt(step) * 4.5) / 448;
}

/**
 * @param {Float32Array} values
 * @param {number} at
 */
function at0(values, at) {
  return values[at] ?? 0;
}

/** @param {string} name */
function hash(name) {
  let state = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193);
  return state >>> 0;
}
