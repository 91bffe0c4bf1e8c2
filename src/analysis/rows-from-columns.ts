import { CHANGE_TYPES, type SideColumns, type TensorColumns } from '../types.ts';
import { expectShare } from './expected-share.ts';
import { classifyTensors } from './layer-types/classify.ts';
import type { UserTypes } from './layer-types/user-patterns.ts';
import type { RowSide, TensorRow } from './tensor-row.ts';

/** Rows of every compared tensor, listed or not. */
export function readColumns(columns: TensorColumns, userTypes: UserTypes | null): TensorRow[] {
  const { names, old, new: fresh } = columns;
  const classes = classifyTensors(
    names.map((name, row) => ({ name, shape: shapeAt(old, row) ?? shapeAt(fresh, row) })),
    userTypes,
  );
  return classes.map((tensorClass, row) => readRow(columns, row, tensorClass));
}

function readRow(columns: TensorColumns, row: number, tensorClass: TensorRow['class']): TensorRow {
  const { old, new: fresh } = columns;
  const oldDtype = old.dtype[row] ?? '';
  const newDtype = fresh.dtype[row] ?? '';
  const oldNorm = at(old.norm, row);
  const newNorm = at(fresh.norm, row);
  const changeType = CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged';
  const error = columns.errors.get(row) ?? null;
  const elements = at(columns.totalElements, row);
  const l2Diff = at(columns.l2Diff, row);
  const isIdentical = columns.identical[row] === 1;
  const isCompared = error === null && (changeType === 'unchanged' || changeType === 'modified');
  const isFinite = hasFinite(old, row, elements) && hasFinite(fresh, row, elements);
  const share = at(columns.rounding?.expectedChanged, row);
  const modelled =
    isCompared && Number.isNaN(share)
      ? expectShare({ oldDtype, newDtype, oldNorm, mean: at(old.mean, row), std: at(old.std, row), l2Diff, elements })
      : null;
  return {
    name: columns.names[row] ?? '',
    class: tensorClass,
    changeType,
    isCompared,
    isIdentical,
    elements,
    change: isIdentical || elements === 0 ? 0 : isFinite ? at(columns.symmetricChange, row) : Number.NaN,
    relativeChange: isIdentical ? 0 : at(columns.relativeChange, row),
    energy: isIdentical ? 0 : isFinite ? l2Diff * l2Diff : Number.NaN,
    weight: Math.max(oldNorm, newNorm) ** 2,
    oneMinusCos: isIdentical ? 0 : at(columns.oneMinusCos, row),
    maxDiff: isIdentical ? 0 : at(columns.maxDiff, row),
    changedShare: isIdentical ? 0 : at(columns.bitChanged, row) / elements,
    expectedChanged: modelled === null ? share : modelled.expectedChanged,
    updateSize: modelled === null ? at(columns.rounding?.updateSize, row) : modelled.updateSize,
    isApproximate: modelled !== null,
    oldNorm,
    newNorm,
    oldDtype,
    newDtype,
    oldShape: shapeAt(old, row),
    newShape: shapeAt(fresh, row),
    readSide: (side) => sideAt(columns[side], row),
    error,
  };
}

function sideAt(side: SideColumns, row: number): RowSide {
  return {
    mean: at(side.mean, row),
    std: at(side.std, row),
    min: at(side.min, row),
    max: at(side.max, row),
    nan: at(side.nan, row),
    inf: at(side.inf, row),
    zeros: at(side.zeros, row),
  };
}

function shapeAt(side: SideColumns, row: number): readonly number[] | null {
  return side.dtype[row] ? (side.shape[row] ?? null) : null;
}

/** Whether a side has an element that is a number: without one nothing is known of the change. */
function hasFinite(side: SideColumns, row: number, elements: number): boolean {
  const lost = (side.nan[row] ?? 0) + (side.inf[row] ?? 0);
  return elements === 0 || !(lost >= elements);
}

function at(column: Float64Array | undefined, row: number): number {
  const value = column?.[row] ?? Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
