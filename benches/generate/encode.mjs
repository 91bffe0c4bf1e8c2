/** Floats as the bits of narrower types, to the nearest, ties to even. */

/** @typedef {'bf16' | 'f16' | 'f32' | 'f8'} Dtype */

/**
 * @typedef {object} Encoding
 * @property {string} safetensors Name of the type in a safetensors header.
 * @property {{ storage: string, dtype: string | null }} torch In a PyTorch file: the storage, and the type where the storage has none.
 * @property {number} bytes
 * @property {(values: Float32Array) => Uint8Array} encode
 */

/** @type {Readonly<Record<Dtype, Encoding>>} */
export const ENCODINGS = {
  bf16: { safetensors: 'BF16', torch: { storage: 'BFloat16Storage', dtype: null }, bytes: 2, encode: encodeBf16 },
  f16: { safetensors: 'F16', torch: { storage: 'HalfStorage', dtype: null }, bytes: 2, encode: encodeF16 },
  f32: {
    safetensors: 'F32',
    torch: { storage: 'FloatStorage', dtype: null },
    bytes: 4,
    encode: (values) => new Uint8Array(values.slice().buffer),
  },
  f8: { safetensors: 'F8_E4M3', torch: { storage: 'UntypedStorage', dtype: 'float8_e4m3fn' }, bytes: 1, encode: encodeE4m3 },
};

/** @param {Float32Array} values */
function encodeBf16(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let at = 0; at < out.length; at++) {
    const x = bits[at] ?? 0;
    out[at] = (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(out.buffer);
}

/** @param {Float32Array} values Magnitudes below 65520. */
function encodeF16(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let at = 0; at < out.length; at++) {
    const x = bits[at] ?? 0;
    const magnitude = x & 0x7fff_ffff;
    // Below the smallest normal number the steps are all 2^-24.
    const half =
      magnitude < 0x3880_0000
        ? roundEven(Math.abs(values[at] ?? 0) * 2 ** 24)
        : (magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    out[at] = ((x >>> 16) & 0x8000) | half;
  }
  return new Uint8Array(out.buffer);
}

/** @param {Float32Array} values Larger magnitudes than 448 become 448, as training tools clamp them. */
function encodeE4m3(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint8Array(values.length);
  for (let at = 0; at < out.length; at++) {
    const x = bits[at] ?? 0;
    const magnitude = x & 0x7fff_ffff;
    // Below the smallest normal number, 2^-6, the steps are all 2^-9.
    const small =
      magnitude < 0x3c80_0000
        ? roundEven(Math.abs(values[at] ?? 0) * 2 ** 9)
        : Math.min(0x7e, (magnitude - 0x3c00_0000 + 0x7ffff + ((magnitude >>> 20) & 1)) >>> 20);
    out[at] = ((x >>> 24) & 0x80) | small;
  }
  return out;
}

/** @param {number} x Not negative. */
function roundEven(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}
