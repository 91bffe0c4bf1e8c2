import type { ManifestTensor } from '../../comparison/manifest.ts';
import type { HashedPair } from './pair.ts';

/** Relative error of a norm: sums of squares of `precision: 'fast'` are good to 1e-6. */
const ERROR = 1e-6;

/**
 * The least and the most that the norm of new - old can be, by the triangle inequality: | |new| - |old| | to |old| + |new|, each widened by the
 * error of the norms. Where elements are NaN or infinite, the change is that of the others, of whose norms only the most is known.
 */
export function bound({ old, new: fresh }: Pick<HashedPair, 'old' | 'new'>): readonly [least: number, most: number] {
  const [a, b] = [old?.norm ?? Number.NaN, fresh?.norm ?? Number.NaN];
  const least = isFinite(old) && isFinite(fresh) ? Math.max(0, Math.abs(b - a) - ERROR * (a + b)) : 0;
  return [Number.isNaN(a + b) ? Number.NaN : least, (a + b) * (1 + ERROR)];
}

function isFinite(tensor: ManifestTensor | undefined): boolean {
  return tensor?.nan === 0 && tensor.inf === 0;
}
