import { CHANGE_TYPES, type ParameterDiff, type SideColumns, type TensorColumns, type TensorInfo } from '../types.ts';

/** Columns of a list of differences, for results that came without `summary.tensors`. */
export function readColumns(diffs: readonly ParameterDiff[]): TensorColumns {
  const numbers = (read: (diff: ParameterDiff) => number | null): Float64Array =>
    Float64Array.from(diffs, (diff) => read(diff) ?? Number.NaN);
  const flags = (read: (diff: ParameterDiff) => boolean): Uint8Array => Uint8Array.from(diffs, (diff) => (read(diff) ? 1 : 0));
  const errors = new Map<number, string>();
  for (const [row, diff] of diffs.entries()) {
    if (diff.error !== null && diff.error !== undefined) errors.set(row, diff.error);
  }
  return {
    names: diffs.map((diff) => diff.name),
    changeType: Uint8Array.from(diffs, (diff) => CHANGE_TYPES.indexOf(diff.changeType)),
    l2Diff: numbers((diff) => diff.l2Diff),
    l1Diff: numbers((diff) => diff.l1Diff),
    maxDiff: numbers((diff) => diff.maxDiff),
    meanDiff: numbers((diff) => diff.meanDiff),
    cosineSim: numbers((diff) => diff.cosineSim),
    oneMinusCos: numbers((diff) => diff.oneMinusCos),
    relativeChange: numbers((diff) => diff.relativeChange),
    symmetricChange: numbers((diff) => diff.symmetricChange),
    changedElements: numbers((diff) => diff.changedElements),
    totalElements: numbers((diff) => diff.totalElements),
    bitChanged: numbers((diff) => diff.bitChanged),
    identical: flags((diff) => diff.identical),
    dtypeChanged: flags((diff) => diff.dtypeChanged),
    old: readSide(diffs, (diff) => diff.oldInfo, {
      norm: (diff) => diff.oldNorm,
      zeros: (diff) => diff.zerosOld,
      nan: (diff) => diff.nanOld,
      inf: (diff) => diff.infOld,
    }),
    new: readSide(diffs, (diff) => diff.newInfo, {
      norm: (diff) => diff.newNorm,
      zeros: (diff) => diff.zerosNew,
      nan: (diff) => diff.nanNew,
      inf: (diff) => diff.infNew,
    }),
    errors,
  };
}

type Read = (diff: ParameterDiff) => number | null;

function readSide(
  diffs: readonly ParameterDiff[],
  info: (diff: ParameterDiff) => TensorInfo | null,
  own: { readonly norm: Read; readonly zeros: Read; readonly nan: Read; readonly inf: Read },
): SideColumns {
  const numbers = (read: Read): Float64Array => Float64Array.from(diffs, (diff) => read(diff) ?? Number.NaN);
  const ofInfo = (read: (info: TensorInfo) => number | null): Float64Array =>
    numbers((diff) => {
      const side = info(diff);
      return side ? read(side) : null;
    });
  return {
    dtype: diffs.map((diff) => info(diff)?.dtype ?? ''),
    shape: diffs.map((diff) => info(diff)?.shape ?? []),
    numElements: ofInfo((side) => side.numElements),
    sizeBytes: ofInfo((side) => side.sizeBytes),
    norm: numbers(own.norm),
    mean: ofInfo((side) => side.mean),
    std: ofInfo((side) => side.std),
    min: ofInfo((side) => side.min),
    max: ofInfo((side) => side.max),
    zeros: numbers(own.zeros),
    nan: numbers(own.nan),
    inf: numbers(own.inf),
  };
}
