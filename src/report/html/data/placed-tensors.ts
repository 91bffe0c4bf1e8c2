/** The tensors of a page with their places in the networks that they make up. */

/** Places of a tensor in its network, as columns of this name; {@link NOWHERE} where it has none. */
export type NetworkPlace = 'tower' | 'module' | 'column' | 'expert' | 'type';

/** A place in no list. */
export const NOWHERE = -1;

/** A network of the model, with the rows and columns of its map. */
export interface PageTower {
  /** As `vision`; `model` where the model is one network. */
  readonly name: string;
  /** Modules in the network's order. */
  readonly modules: readonly PageModule[];
  /** Blocks in the order of depth, stack after stack. */
  readonly columns: readonly PageBlock[];
}

/** The tensors that have one place in every block, or one outside of blocks. */
export interface PageModule {
  /** Path inside the block, `*` for the index of an expert: `mlp.experts.*.up_proj`. */
  readonly path: string;
  /** Modules of one group stand together. */
  readonly group: string;
  /** Whether it is outside of blocks. */
  readonly isOutside: boolean;
}

/** One block of a stack. */
export interface PageBlock {
  readonly stack: string;
  readonly depth: number;
}

/** Entry i of each column belongs to `names[i]`. */
export interface PlacedTensors {
  readonly count: number;
  readonly names: readonly string[];
  readonly places: Readonly<Record<NetworkPlace, Int32Array>>;
  readonly towers: readonly PageTower[];
  /** Types of layers that the places point to. */
  readonly types: readonly string[];
}

/** The module of a row; null where it has none. */
export function moduleAt(tensors: PlacedTensors, row: number): PageModule | null {
  return towerAt(tensors, row)?.modules[tensors.places.module[row] ?? NOWHERE] ?? null;
}

/** The block of a row; null outside of blocks. */
export function blockAt(tensors: PlacedTensors, row: number): PageBlock | null {
  return towerAt(tensors, row)?.columns[tensors.places.column[row] ?? NOWHERE] ?? null;
}

function towerAt(tensors: PlacedTensors, row: number): PageTower | undefined {
  return tensors.towers[tensors.places.tower[row] ?? NOWHERE];
}
