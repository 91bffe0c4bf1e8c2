import type { ParameterDiff, TensorInfo } from '../types.ts';
import { expectShare } from './expected-share.ts';
import { classifyTensors } from './layer-types/classify.ts';
import type { UserTypes } from './layer-types/user-patterns.ts';
import type { RowSide, TensorRow } from './tensor-row.ts';

/** Rows of differences that come without columns. Fields may be missing: people write such lists by hand. */
export function readDiffs(diffs: readonly Partial<ParameterDiff>[], userTypes: UserTypes | null): TensorRow[] {
  const classes = classifyTensors(
    diffs.map((diff) => ({ name: diff.name ?? '', shape: diff.oldInfo?.shape ?? diff.newInfo?.shape ?? null })),
    userTypes,
  );
  const measured = diffs.every(
    (diff) => !isCompared(diff) || (isKnown(diff.oldNorm) && isKnown(diff.newNorm) && isKnown(diff.l2Diff)),
  );
  return classes.map((tensorClass, row) => readRow(diffs[row] ?? {}, tensorClass, measured));
}

function readRow(diff: Partial<ParameterDiff>, tensorClass: TensorRow['class'], measured: boolean): TensorRow {
  const oldNorm = known(diff.oldNorm);
  const newNorm = known(diff.newNorm);
  const oldDtype = diff.oldInfo?.dtype ?? '';
  const newDtype = diff.newInfo?.dtype ?? '';
  const changeType = diff.changeType ?? 'unchanged';
  const elements = known(diff.totalElements ?? diff.oldInfo?.numElements ?? diff.newInfo?.numElements);
  const isIdentical = diff.identical ?? (changeType === 'unchanged' && !((diff.relativeChange ?? diff.l2Diff ?? 0) > 0));
  const lost = Math.max((diff.nanOld ?? 0) + (diff.infOld ?? 0), (diff.nanNew ?? 0) + (diff.infNew ?? 0));
  const change = isIdentical ? 0 : elements > 0 && lost >= elements ? Number.NaN : readChange(diff, Math.max(oldNorm, newNorm));
  const l2Diff = known(diff.l2Diff);
  const size = elements > 0 ? elements : 1;
  const modelled = isCompared(diff)
    ? expectShare({
        oldDtype,
        newDtype,
        oldNorm,
        mean: known(diff.oldInfo?.mean),
        std: known(diff.oldInfo?.std),
        l2Diff,
        elements,
      })
    : null;
  return {
    name: diff.name ?? '',
    class: tensorClass,
    changeType,
    isCompared: isCompared(diff),
    isIdentical,
    elements,
    change,
    relativeChange: isIdentical ? 0 : known(diff.relativeChange),
    energy: measured ? l2Diff ** 2 : change ** 2 * size,
    weight: measured ? Math.max(oldNorm, newNorm) ** 2 : size,
    oneMinusCos: isIdentical ? 0 : known(diff.oneMinusCos ?? (isKnown(diff.cosineSim) ? 1 - diff.cosineSim : null)),
    maxDiff: isIdentical ? 0 : known(diff.maxDiff),
    changedShare: isIdentical ? 0 : known(diff.bitChanged) / elements,
    expectedChanged: modelled?.expectedChanged ?? Number.NaN,
    updateSize: modelled?.updateSize ?? Number.NaN,
    isApproximate: modelled !== null,
    oldNorm,
    newNorm,
    oldDtype,
    newDtype,
    oldShape: diff.oldInfo?.shape ?? null,
    newShape: diff.newInfo?.shape ?? null,
    readSide: (side) =>
      side === 'old'
        ? readSide(diff.oldInfo, diff.nanOld, diff.infOld, diff.zerosOld)
        : readSide(diff.newInfo, diff.nanNew, diff.infNew, diff.zerosNew),
    error: diff.error ?? null,
  };
}

function isCompared(diff: Partial<ParameterDiff>): boolean {
  return (diff.error ?? null) === null && ['unchanged', 'modified'].includes(diff.changeType ?? 'unchanged');
}

/** Symmetric change, or the best that the fields allow: r = l2 / max(|old|, |new|), else the relative change. */
function readChange(diff: Partial<ParameterDiff>, norm: number): number {
  if (isKnown(diff.symmetricChange)) return diff.symmetricChange;
  if (isKnown(diff.l2Diff) && norm > 0) return diff.l2Diff / norm;
  return known(diff.relativeChange);
}

type Count = number | null | undefined;

function readSide(info: TensorInfo | null | undefined, nan: Count, inf: Count, zeros: Count): RowSide {
  return {
    mean: known(info?.mean),
    std: known(info?.std),
    min: known(info?.min),
    max: known(info?.max),
    nan: known(nan ?? info?.nanCount),
    inf: known(inf ?? info?.infCount),
    zeros: known(zeros),
  };
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

function known(value: number | null | undefined): number {
  return isKnown(value) ? value : Number.NaN;
}
