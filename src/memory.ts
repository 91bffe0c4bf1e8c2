import { argumentError } from './errors.ts';
import type { MemoryTensor } from './native.ts';
import type { TensorData, TypedArray } from './types.ts';

/** Element types that each typed array can hold, the one that it means by default first. */
const DTYPES: readonly (readonly [name: string, dtypes: readonly string[]])[] = [
  ['Float64Array', ['f64']],
  ['Float32Array', ['f32']],
  ['Float16Array', ['f16']],
  ['BigInt64Array', ['i64']],
  ['BigUint64Array', ['u64']],
  ['Int32Array', ['i32']],
  ['Uint32Array', ['u32']],
  ['Int16Array', ['i16']],
  ['Uint16Array', ['u16', 'f16', 'bf16']],
  ['Int8Array', ['i8']],
  ['Uint8Array', ['u8', 'bool', 'f8_e4m3fn', 'f8_e5m2', 'f8_e4m3fnuz', 'f8_e5m2fnuz', 'f8_e8m0fnu']],
  ['Uint8ClampedArray', ['u8']],
];

/** Checks a tensor of the caller's and takes its bytes. */
export function readMemoryTensor(name: string, tensor: TensorData): MemoryTensor {
  const { data, shape } = tensor;
  const kind = ArrayBuffer.isView(data) ? data.constructor.name : typeof data;
  const dtypes = DTYPES.find(([array]) => array === kind || (kind === 'Buffer' && array === 'Uint8Array'))?.[1];
  if (dtypes === undefined) throw argumentError(`data of tensor ${name} must be a typed array, not ${kind}`);
  const dtype = tensor.dtype ?? dtypes[0] ?? '';
  if (!dtypes.includes(dtype)) {
    throw argumentError(`tensor ${name}: a ${kind} holds ${dtypes.join(' or ')}, not ${dtype}`);
  }
  if (!Array.isArray(shape) || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw argumentError(`shape of tensor ${name} must be an array of whole numbers, not ${JSON.stringify(shape)}`);
  }
  return { name, dtype, shape: [...shape], bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Bytes of `raw` elements as the typed array that holds them. */
export function toTypedArray(bytes: Uint8Array, dtype: string): TypedArray {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'f64':
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case 'f32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'i64':
      return new BigInt64Array(buffer, byteOffset, byteLength / 8);
    case 'u64':
      return new BigUint64Array(buffer, byteOffset, byteLength / 8);
    case 'i32':
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 'u32':
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    case 'i16':
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case 'u16':
    case 'f16':
    case 'bf16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 'i8':
      return new Int8Array(buffer, byteOffset, byteLength);
    default:
      return bytes;
  }
}
