/**
 * Every tensor of a page, as columns: entry i of each belongs to `names[i]`. The pages are drawn from this alone, once while the report
 * is written and again in the browser, so that both show the same.
 */

/** What became of a tensor. */
export type Status = 'identical' | 'changed' | 'unchanged' | 'codes' | 'added' | 'removed' | 'reshaped' | 'failed';

/**
 * All of them, in the order of their codes in the places `status`. `unchanged` is within the threshold, but not identical; `codes`
 * are quantised weights that were not compared by value.
 */
export const STATUSES: readonly Status[] = [
  'identical',
  'changed',
  'unchanged',
  'codes',
  'added',
  'removed',
  'reshaped',
  'failed',
];

/** Numbers of a tensor, as columns of this name; NaN where there is none. `old` and `new` are of that side. */
export const NUMBERS = [
  'l2',
  'l1',
  'maxDiff',
  'meanDiff',
  'turn',
  'changed',
  'bitChanged',
  'elements',
  'expected',
  'update',
  'oldNorm',
  'newNorm',
  'oldMean',
  'newMean',
  'oldStd',
  'newStd',
  'oldMin',
  'newMin',
  'oldMax',
  'newMax',
  'oldZeros',
  'newZeros',
  'oldNan',
  'newNan',
  'oldInf',
  'newInf',
  'oldBytes',
  'newBytes',
  'oldOffset',
  'newOffset',
] as const;
/** Places of a tensor in lists, as columns of this name; {@link NOWHERE} where it has none. */
export const PLACES = [
  'status',
  'tower',
  'module',
  'column',
  'expert',
  'type',
  'cause',
  'oldShape',
  'newShape',
  'oldDtype',
  'newDtype',
  'oldFile',
  'newFile',
] as const;

export type NumberColumn = (typeof NUMBERS)[number];
export type PlaceColumn = (typeof PLACES)[number];

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

/** Counts of the sizes of |d|, `bins` for each tensor; as `HistogramColumns` of a comparison. */
export interface PageHistogram {
  readonly firstExponent: number;
  readonly bins: number;
  readonly counts: Float64Array;
}

/** See the head of this file. */
export interface PageTensors {
  readonly count: number;
  readonly names: readonly string[];
  readonly numbers: Readonly<Record<NumberColumn, Float64Array>>;
  readonly places: Readonly<Record<PlaceColumn, Int32Array>>;
  readonly towers: readonly PageTower[];
  /** Types of layers, codes of explanations, shapes and dtypes that the places point to. */
  readonly types: readonly string[];
  readonly causes: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly string[];
  /** Files of both sides. */
  readonly files: { readonly old: readonly string[]; readonly new: readonly string[] };
  /** Message by row. */
  readonly errors: ReadonlyMap<number, string>;
  readonly histogram: PageHistogram | null;
}

/** What became of a row. */
export function statusAt(tensors: PageTensors, row: number): Status {
  return STATUSES[placeAt(tensors, 'status', row)] ?? 'failed';
}

/** A number of a row; NaN where there is none. */
export function numberAt(tensors: PageTensors, column: NumberColumn, row: number): number {
  return tensors.numbers[column][row] ?? Number.NaN;
}

/** A place of a row; {@link NOWHERE} where it has none. */
export function placeAt(tensors: PageTensors, column: PlaceColumn, row: number): number {
  return tensors.places[column][row] ?? NOWHERE;
}

/** The module of a row; null where it has none. */
export function moduleAt(tensors: PageTensors, row: number): PageModule | null {
  return towerAt(tensors, row)?.modules[placeAt(tensors, 'module', row)] ?? null;
}

/** The block of a row; null outside of blocks. */
export function blockAt(tensors: PageTensors, row: number): PageBlock | null {
  return towerAt(tensors, row)?.columns[placeAt(tensors, 'column', row)] ?? null;
}

function towerAt(tensors: PageTensors, row: number): PageTower | undefined {
  return tensors.towers[placeAt(tensors, 'tower', row)];
}
