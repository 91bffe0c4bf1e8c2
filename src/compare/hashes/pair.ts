import type { ManifestTensor } from '../../comparison/manifest.ts';

/** A row: the tensor of each side, undefined where it has none of the name. */
export interface HashedPair {
  readonly name: string;
  readonly old: ManifestTensor | undefined;
  readonly new: ManifestTensor | undefined;
}
