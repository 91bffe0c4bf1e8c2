/** Numbers as files store them: values are kept as f32 and rounded to what a type can hold, to nearest even. */

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** Storage types of the generated models. */
export type StorageType = 'f32' | 'bf16' | 'f16';

/** The nearest value of a binary float with so many mantissa bits and exponents; beyond its range Inf, or its limit where it has none. */
export function roundTo(value: number, mantissa: number, minExponent: number, largest: number, saturates = false): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(minExponent, Math.floor(Math.log2(Math.abs(value))));
  const spacing = 2 ** (exponent - mantissa);
  const scaled = value / spacing;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const rounded = (rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low) * spacing;
  if (Math.abs(rounded) <= largest) return rounded;
  return Math.sign(rounded) * (saturates ? largest : Infinity);
}

export const ROUND: Readonly<Record<StorageType | 'e4m3' | 'e5m2', (value: number) => number>> = {
  f32: Math.fround,
  bf16: (value) => roundTo(value, 7, -126, 3.3895313892515355e38),
  f16: (value) => roundTo(value, 10, -14, 65504),
  e4m3: (value) => roundTo(value, 3, -6, 448, true),
  e5m2: (value) => roundTo(value, 2, -14, 57344, true),
};

/** Values as the typed array that a checkpoint in memory takes. */
export function pack(values: Float32Array, dtype: StorageType): Float32Array | Uint16Array {
  if (dtype === 'f32') return values.slice();
  return Uint16Array.from(values, dtype === 'bf16' ? bf16Bits : f16Bits);
}

function bf16Bits(value: number): number {
  floats[0] = ROUND.bf16(value);
  return (bits[0] ?? 0) >>> 16;
}

function f16Bits(value: number): number {
  const rounded = ROUND.f16(value);
  const sign = rounded < 0 || Object.is(rounded, -0) ? 0x8000 : 0;
  const size = Math.abs(rounded);
  if (Number.isNaN(rounded)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | Math.round(size / 2 ** -24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | Math.round((size / 2 ** exponent - 1) * 1024);
}
