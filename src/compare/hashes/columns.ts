import { CHANGE_TYPES, type ChangeType, type SideColumns, type TensorColumns } from '../../comparison/columns.ts';
import type { ManifestTensor } from '../../comparison/manifest.ts';
import { mapPairMetrics, mapSideMetrics, PAIR_METRICS, SIDE_METRICS } from '../../comparison/metrics.ts';
import { explainRaw, explainSparse } from '../pair-errors.ts';
import { hasEqualShape } from '../plan.ts';
import { bound } from './bound.ts';
import type { HashedPair } from './pair.ts';

/**
 * Columns of what hashes tell: which tensors are the same, and what both sides of the others are like. Of a tensor that differs the numbers
 * of the change do not exist; `bounds` tells between what its size lies.
 *
 * @param isCounted whether elements are counted
 */
export function buildHashColumns(pairs: readonly HashedPair[], isCounted: boolean): TensorColumns {
  const judged = pairs.map((pair) => judge(pair));
  const numbers = (read: (pair: HashedPair, verdict: Judged) => number): Float64Array =>
    Float64Array.from(pairs, (pair, row) => read(pair, judged[row] as Judged));
  const bounds = pairs.map((pair, row) => (judged[row]?.isDifferent === true ? bound(pair) : NO_BOUNDS));
  return {
    names: pairs.map(({ name }) => name),
    changeType: Uint8Array.from(judged, ({ type }) => CHANGE_TYPES.indexOf(type)),
    ...mapPairMetrics((metric) =>
      PAIR_METRICS[metric].isCounted === true && !isCounted
        ? new Float64Array(pairs.length).fill(Number.NaN)
        : numbers((pair, verdict) => readMetric(metric, pair, verdict)),
    ),
    totalElements: numbers(({ old, new: fresh }) => (old ?? fresh)?.numElements ?? Number.NaN),
    identical: Uint8Array.from(judged, ({ isIdentical }) => (isIdentical ? 1 : 0)),
    dtypeChanged: Uint8Array.from(judged, ({ hasOtherDtype }) => (hasOtherDtype ? 1 : 0)),
    old: listSide(pairs, 'old', isCounted),
    new: listSide(pairs, 'new', isCounted),
    errors: new Map(judged.flatMap(({ error }, row) => (error === null ? [] : [[row, error] as const]))),
    bounds: {
      l2DiffMin: Float64Array.from(bounds, ([least]) => least),
      l2DiffMax: Float64Array.from(bounds, ([, most]) => most),
    },
  };
}

/** What is known of a row. */
interface Judged {
  readonly type: ChangeType;
  readonly isIdentical: boolean;
  /** Whether both sides have it with one shape, and it is not the same. */
  readonly isDifferent: boolean;
  readonly hasOtherDtype: boolean;
  readonly error: string | null;
}

const NO_BOUNDS: readonly [least: number, most: number] = [Number.NaN, Number.NaN];

function judge({ old, new: fresh }: HashedPair): Judged {
  const error = old?.error ?? fresh?.error ?? null;
  const alone = { isIdentical: false, isDifferent: false, hasOtherDtype: false, error };
  if (old === undefined) return { ...alone, type: 'added' };
  if (fresh === undefined) return { ...alone, type: 'removed' };
  const hasOtherDtype = old.dtype !== fresh.dtype;
  if (!hasEqualShape(old.shape, fresh.shape)) return { ...alone, hasOtherDtype, type: 'shape_changed' };
  const fault = error ?? explainPair(old, fresh);
  if (fault !== null) return { ...alone, hasOtherDtype, error: fault, type: 'modified' };
  // Nothing is equal to nothing, whatever type it would have.
  const isIdentical = old.numElements === 0 || (!hasOtherDtype && old.hash === fresh.hash);
  return { isIdentical, isDifferent: !isIdentical, hasOtherDtype, error, type: isIdentical ? 'unchanged' : 'modified' };
}

/** Why two tensors of one shape cannot be compared; null where they can. */
function explainPair(old: ManifestTensor, fresh: ManifestTensor): string | null {
  const describe = ({ dtype, sizeBytes: bytes, ...own }: ManifestTensor) => ({ dtype, bytes, isRaw: isRaw(own) });
  if (isRaw(old) || isRaw(fresh)) return explainRaw(describe(old), describe(fresh));
  return explainSparse(old.numElements, fresh.numElements);
}

/** Whether only the bytes of a tensor mean something: then nothing was counted. */
function isRaw({ nan, error }: Pick<ManifestTensor, 'nan' | 'error'>): boolean {
  return nan === null && error === null;
}

/** A number of the change: that of no change for identical tensors, and none for others. */
function readMetric(metric: keyof typeof SAME, { old, new: fresh }: HashedPair, { isIdentical, hasOtherDtype }: Judged): number {
  if (!isIdentical || old === undefined || fresh === undefined) return Number.NaN;
  if (metric === 'bitChanged') return hasOtherDtype ? Number.NaN : 0;
  // A mean of no difference is no number.
  const isOfNothing = metric === 'meanDiff' && (old.nan ?? 0) + (old.inf ?? 0) >= old.numElements;
  return isRaw(old) || isOfNothing ? Number.NaN : SAME[metric];
}

/** The numbers of a tensor that is the same on both sides. */
const SAME = mapPairMetrics((metric) => (metric === 'cosineSim' ? 1 : 0));

function listSide(pairs: readonly HashedPair[], side: 'old' | 'new', isCounted: boolean): SideColumns {
  const read = (pick: (tensor: ManifestTensor) => number | null): Float64Array =>
    Float64Array.from(pairs, ({ [side]: tensor }) => (tensor === undefined ? Number.NaN : (pick(tensor) ?? Number.NaN)));
  return {
    dtype: pairs.map(({ [side]: tensor }) => tensor?.dtype ?? ''),
    shape: pairs.map(({ [side]: tensor }) => tensor?.shape ?? []),
    numElements: read(({ numElements }) => numElements),
    sizeBytes: read(({ sizeBytes }) => sizeBytes),
    ...mapSideMetrics((metric) =>
      SIDE_METRICS[metric].isCounted === true && !isCounted ? read(() => null) : read((tensor) => tensor[metric]),
    ),
  };
}
