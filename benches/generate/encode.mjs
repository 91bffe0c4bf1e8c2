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
function bitsOf(values) {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** @param {Float32Array} values */
function encodeBf16(values) {
  return new Uint8Array(Uint16Array.from(bitsOf(values), (x) => (x + 0x7fff + ((x >>> 16) & 1)) >>> 16).buffer);
}

/** @param {Float32Array} values Magnitudes below 65520. */
function encodeF16(values) {
  const halves = Uint16Array.from(bitsOf(values), (x, at) => {
    const sign = (x >>> 16) & 0x8000;
    const magnitude = x & 0x7fff_ffff;
    // Below the smallest normal number the steps are all 2^-24.
    if (magnitude < 0x3880_0000) return sign | roundEven(Math.abs(values[at] ?? 0) * 2 ** 24);
    return sign | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  });
  return new Uint8Array(halves.buffer);
}

/** @param {Float32Array} values Larger magnitudes than 448 become 448, as training tools clamp them. */
function encodeE4m3(values) {
  return Uint8Array.from(bitsOf(values), (x, at) => {
    const sign = (x >>> 24) & 0x80;
    const magnitude = x & 0x7fff_ffff;
    // Below the smallest normal number, 2^-6, the steps are all 2^-9.
    if (magnitude < 0x3c80_0000) return sign | roundEven(Math.abs(values[at] ?? 0) * 2 ** 9);
    return sign | Math.min(0x7e, (magnitude - 0x3c00_0000 + 0x7ffff + ((magnitude >>> 20) & 1)) >>> 20);
  });
}

/** @param {number} x Not negative. */
function roundEven(x) {
  const floor = Math.floor(x);
  const rest = x - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}
