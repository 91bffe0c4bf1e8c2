import type { TensorInfo } from '../checkpoint/types.ts';
import type { LayerType } from '../layer-types/layer-type.ts';
import { classifyColumns } from './classify.ts';
import { toNullable } from '../nullable.ts';
import { type ChangeType, changeTypeAt, type SideColumns, type TensorColumns } from './columns.ts';
import { mapPairMetrics, type PairMetrics } from './metrics.ts';

/**
 * Everything known of one tensor's change. d = new - old over the elements that are finite on both sides.
 * A number that does not exist (metrics of an added tensor, a cosine with a zero vector) is null, never NaN or Infinity.
 * A tensor that could not be read has an `error` and no numbers; its change type tells only which sides it is on.
 */
export interface ParameterDiff extends PairMetrics<number | null> {
  readonly name: string;
  readonly changeType: ChangeType;
  readonly totalElements: number;
  /** changedElements / totalElements, 0 for an empty tensor. */
  readonly changeRatio: number | null;
  /** Same shape and every element equal by value (-0 = +0, NaN = NaN). */
  readonly identical: boolean;
  /** Euclidean norm of old over the elements that are finite on both sides. */
  readonly oldNorm: number | null;
  /** Euclidean norm of new over the elements that are finite on both sides. */
  readonly newNorm: number | null;
  readonly nanOld: number | null;
  readonly nanNew: number | null;
  readonly infOld: number | null;
  readonly infNew: number | null;
  readonly zerosOld: number | null;
  readonly zerosNew: number | null;
  readonly dtypeChanged: boolean;
  /** The least that `l2Diff` can be, by the norms of both sides; only where hashes were compared and no values, as a side was a manifest. */
  readonly l2DiffMin?: number | null;
  /** The most that it can be. */
  readonly l2DiffMax?: number | null;
  readonly oldInfo: TensorInfo | null;
  readonly newInfo: TensorInfo | null;
  /** Why this tensor could not be compared, when it could not. */
  readonly error: string | null;
  readonly layerType: LayerType;
  /** Role within its type, as `q`, `down`, `expert`; null where there is none. */
  readonly role: string | null;
  /** Index of the block that the tensor sits in; null outside blocks. */
  readonly depth: number | null;
}

/** The given rows of the columns as plain objects, about 1 KB each. */
export function listRows(columns: TensorColumns, rows: readonly number[]): ParameterDiff[] {
  if (rows.length === 0) return [];
  const classes = classifyColumns(columns);
  return rows.map((row) => {
    const at = (column: Float64Array): number | null => toNullable(column[row]);
    const layer = classes[row];
    return {
      name: columns.names[row] ?? '',
      changeType: changeTypeAt(columns, row),
      ...mapPairMetrics((metric) => at(columns[metric])),
      totalElements: at(columns.totalElements) ?? 0,
      changeRatio: changeRatioAt(columns, row),
      identical: columns.identical[row] === 1,
      oldNorm: at(columns.old.norm),
      newNorm: at(columns.new.norm),
      nanOld: at(columns.old.nan),
      nanNew: at(columns.new.nan),
      infOld: at(columns.old.inf),
      infNew: at(columns.new.inf),
      zerosOld: at(columns.old.zeros),
      zerosNew: at(columns.new.zeros),
      dtypeChanged: columns.dtypeChanged[row] === 1,
      ...(columns.bounds !== undefined && {
        l2DiffMin: at(columns.bounds.l2DiffMin),
        l2DiffMax: at(columns.bounds.l2DiffMax),
      }),
      oldInfo: describeSide(columns, columns.old, row),
      newInfo: describeSide(columns, columns.new, row),
      error: columns.errors.get(row) ?? null,
      layerType: (layer?.type ?? 'other') as LayerType,
      role: layer?.role ?? null,
      depth: layer?.depth ?? null,
    };
  });
}

/** Rows in their order: those that are not unchanged, or all. Rows that could not be compared are always among them. */
export function selectListed(columns: TensorColumns, withUnchanged: boolean): number[] {
  const rows = [...columns.names.keys()];
  return withUnchanged ? rows : rows.filter((row) => columns.errors.has(row) || changeTypeAt(columns, row) !== 'unchanged');
}

/** Share of the elements that changed; 0 for an empty tensor, null where they were not counted. */
export function changeRatioAt(columns: TensorColumns, row: number): number | null {
  const changed = toNullable(columns.changedElements[row]);
  if (changed === null) return null;
  const total = columns.totalElements[row];
  return total === 0 ? 0 : toNullable(changed / (total ?? Number.NaN));
}

function describeSide(columns: TensorColumns, side: SideColumns, row: number): TensorInfo | null {
  const numElements = toNullable(side.numElements[row]);
  if (numElements === null) return null;
  const at = (column: Float64Array): number => column[row] ?? Number.NaN;
  return {
    name: columns.names[row] ?? '',
    shape: side.shape[row] ?? [],
    dtype: side.dtype[row] ?? '',
    numElements,
    sizeBytes: toNullable(side.sizeBytes[row]) ?? 0,
    mean: at(side.mean),
    std: at(side.std),
    min: at(side.min),
    max: at(side.max),
    sparsity: at(side.zeros) / numElements,
    nanCount: at(side.nan),
    infCount: at(side.inf),
    error: columns.errors.get(row) ?? null,
  };
}
