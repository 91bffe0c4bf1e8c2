import type { ManifestTensor } from '../comparison/manifest.ts';
import { binding } from '../native/binding.ts';

/** Names as their UTF-8 bytes are sorted: the same in every language. */
export function sortByName<T extends { readonly name: string }>(tensors: readonly T[]): T[] {
  const keyed = tensors.map((tensor) => ({ tensor, key: Buffer.from(tensor.name) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ tensor }) => tensor);
}

/**
 * One hash over all tensors, see `Manifest.hash`; null where one of them has none.
 * @param tensors in the order of their names
 */
export function hashTensors(tensors: readonly Pick<ManifestTensor, 'name' | 'dtype' | 'shape' | 'hash'>[]): string | null {
  if (tensors.some(({ hash }) => hash === null)) return null;
  const lines = tensors.map(({ name, dtype, shape, hash }) => `${JSON.stringify([name, dtype, shape, hash])}\n`);
  return Buffer.from(binding().hashBytes(Buffer.from(lines.join('')))).toString('hex');
}
