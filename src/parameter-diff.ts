import { classifyColumns } from './analysis/layer-types/classify-columns.ts';
import { toNullable } from './tensor-info.ts';
import { CHANGE_TYPES } from './types.ts';
import type { LayerType, ParameterDiff, SideColumns, TensorColumns, TensorInfo } from './types.ts';

/** The listed view of the columns: one plain object for each of the given rows. */
export function listDiffs(columns: TensorColumns, rows: readonly number[]): ParameterDiff[] {
  if (rows.length === 0) return [];
  const classes = classifyColumns(columns);
  return rows.map((row) => {
    const at = (column: Float64Array): number | null => toNullable(column[row]);
    const layer = classes[row];
    const changed = at(columns.changedElements);
    const total = columns.totalElements[row] ?? 0;
    return {
      name: columns.names[row] ?? '',
      changeType: CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged',
      l2Diff: at(columns.l2Diff),
      l1Diff: at(columns.l1Diff),
      maxDiff: at(columns.maxDiff),
      meanDiff: at(columns.meanDiff),
      cosineSim: at(columns.cosineSim),
      oneMinusCos: at(columns.oneMinusCos),
      relativeChange: at(columns.relativeChange),
      symmetricChange: at(columns.symmetricChange),
      changedElements: changed,
      totalElements: total,
      changeRatio: changed === null ? null : total === 0 ? 0 : changed / total,
      identical: columns.identical[row] === 1,
      bitChanged: at(columns.bitChanged),
      oldNorm: at(columns.old.norm),
      newNorm: at(columns.new.norm),
      nanOld: at(columns.old.nan),
      nanNew: at(columns.new.nan),
      infOld: at(columns.old.inf),
      infNew: at(columns.new.inf),
      zerosOld: at(columns.old.zeros),
      zerosNew: at(columns.new.zeros),
      dtypeChanged: columns.dtypeChanged[row] === 1,
      oldInfo: describeSide(columns, columns.old, row),
      newInfo: describeSide(columns, columns.new, row),
      error: columns.errors.get(row) ?? null,
      layerType: (layer?.type ?? 'other') as LayerType,
      role: layer?.role ?? null,
      depth: layer?.depth ?? null,
    };
  });
}

function describeSide(columns: TensorColumns, side: SideColumns, row: number): TensorInfo | null {
  const numElements = side.numElements[row] ?? Number.NaN;
  if (Number.isNaN(numElements)) return null;
  const at = (column: Float64Array): number => column[row] ?? Number.NaN;
  return {
    name: columns.names[row] ?? '',
    shape: side.shape[row] ?? [],
    dtype: side.dtype[row] ?? '',
    numElements,
    sizeBytes: side.sizeBytes[row] ?? 0,
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
