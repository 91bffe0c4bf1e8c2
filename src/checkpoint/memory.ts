import { argumentError, ModelDiffError } from '../errors.ts';
import type { MemoryTensor } from '../native/binding.ts';
import { spell } from '../options.ts';
import type { KnownDtype } from './dtype.ts';
import type { TensorData, TypedArray } from './types.ts';

/** Element types that each typed array can hold, the one that it means by default first. */
const DTYPES: readonly (readonly [name: string, dtypes: readonly KnownDtype[]])[] = [
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

/**
 * Checks the tensors of the caller and takes their bytes.
 *
 * @throws `ModelDiffError` of kind `Argument` for what holds no tensors.
 */
export function readMemoryTensors(
  tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>,
): MemoryTensor[] {
  if (typeof tensors !== 'object' || tensors === null || Array.isArray(tensors) || ArrayBuffer.isView(tensors)) {
    throw argumentError(
      `tensors must be an object or a Map of tensors by name, not ${spell(tensors)}`,
      'as { weights: { data: new Float32Array(6), shape: [2, 3] } }',
    );
  }
  return listEntries(tensors).map(([name, tensor]) => readMemoryTensor(name, tensor));
}

/** Named values of an object or a Map. A Map may be of another realm: it is known by what it is called, not by its constructor. */
export function listEntries(tensors: object): [string, unknown][] {
  const isMap = Object.prototype.toString.call(tensors) === '[object Map]';
  const entries: [unknown, unknown][] = isMap ? [...(tensors as Map<unknown, unknown>).entries()] : Object.entries(tensors);
  return entries.map(([name, tensor]) => {
    if (typeof name !== 'string') throw argumentError(`the name of a tensor must be a string, not ${spell(name)}`);
    return [name, tensor];
  });
}

function readMemoryTensor(name: string, tensor: unknown): MemoryTensor {
  if (typeof tensor !== 'object' || tensor === null)
    throw argumentError(`tensor ${name} must be { data, shape, dtype? }, not ${spell(tensor)}`);
  const { data, shape, dtype: given } = tensor as Partial<TensorData>;
  const kind = nameArray(data);
  const dtypes = DTYPES.find(([array]) => array === kind)?.[1];
  if (dtypes === undefined || !ArrayBuffer.isView(data))
    throw argumentError(`data of tensor ${name} must be a typed array, not ${spell(data)}`);
  const dtype = given ?? dtypes[0] ?? '';
  if (!dtypes.includes(dtype as KnownDtype))
    throw argumentError(`tensor ${name}: a ${kind} holds ${dtypes.join(' or ')}, not ${spell(dtype)}`);
  if (!Array.isArray(shape) || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw argumentError(`shape of tensor ${name} must be an array of whole numbers, not ${spell(shape)}`);
  return { name, dtype, shape: [...shape], bytes: viewBytes(name, data) };
}

function viewBytes(name: string, { buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  try {
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw new ModelDiffError(`data of tensor ${name} is detached: its buffer was transferred elsewhere`, {
      kind: 'Argument',
      code: 'E_ARGUMENT',
      cause,
    });
  }
}

/** The kind of a typed array, of a class that extends one too, or of another realm; undefined for anything else. */
function nameArray(data: unknown): string | undefined {
  return ArrayBuffer.isView(data) ? (Reflect.get(TYPED_ARRAY, Symbol.toStringTag, data) as string | undefined) : undefined;
}

/** Its `Symbol.toStringTag` looks at what an array is, whatever its class is called. */
const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;

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
