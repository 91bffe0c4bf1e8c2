import type { Analysis, AnalysisSummary, DiffSummary, SideColumns, TensorColumns } from '../types.ts';
import { CHANGE_TYPES } from '../types.ts';
import { hasFinitePair } from './rank.ts';

/** What one checkpoint of the pair consists of. */
export interface SideOverview {
  /** Number of tensors. */
  readonly tensors: number;
  /** Elements of all tensors. */
  readonly elements: number;
  /** Bytes of all tensors. */
  readonly bytes: number | null;
  /** Number of tensors by dtype, as [dtype, tensors], most elements first. */
  readonly dtypes: readonly (readonly [string, number])[];
  /** NaN and infinite elements. */
  readonly nonfinite: number | null;
}

/** Totals of a whole result. They are saved with it, so that a report made later from a shorter list still tells the whole. */
export interface Overview {
  readonly old: SideOverview;
  readonly new: SideOverview;
  /** Numbers of tensors. `unchanged` has the `identical` ones in it, and those within the threshold. */
  readonly unchanged: number;
  readonly identical: number;
  /** With the same shape on both sides. */
  readonly modified: number;
  readonly added: number;
  readonly removed: number;
  readonly shapeChanged: number;
  readonly dtypeChanged: number;
  /** Could not be read or compared; not counted under any other name here. */
  readonly failed: number;
  /** Of the relative changes of the modified tensors, from 0 up; null when nothing was modified. */
  readonly relativeChange: { readonly median: number; readonly p99: number; readonly max: number } | null;
  /** Largest 1 - cosine of a modified tensor; null when nothing was modified. */
  readonly oneMinusCosMax: number | null;
}

/** Measures a whole result. */
export function surveyColumns(columns: TensorColumns, summary: DiffSummary, analysis: Analysis): Overview {
  const counts: Counts = {
    unchanged: 0,
    identical: 0,
    modified: 0,
    added: 0,
    removed: 0,
    shapeChanged: 0,
    dtypeChanged: 0,
    failed: 0,
  };
  const relative: number[] = [];
  let oneMinusCosMax: number | null = null;
  for (let row = 0; row < columns.names.length; row += 1) {
    if (columns.errors.has(row)) {
      counts.failed += 1;
      continue;
    }
    const type = CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged';
    counts[type === 'shape_changed' ? 'shapeChanged' : type] += 1;
    if (columns.identical[row] === 1 && type === 'unchanged') counts.identical += 1;
    if (columns.dtypeChanged[row] === 1) counts.dtypeChanged += 1;
    if (type !== 'modified' || !hasFinitePair(columns, row)) continue;
    const change = columns.relativeChange[row] ?? Number.NaN;
    if (Number.isFinite(change)) relative.push(change);
    const angle = columns.oneMinusCos[row] ?? Number.NaN;
    if (Number.isFinite(angle) && (oneMinusCosMax === null || angle > oneMinusCosMax)) oneMinusCosMax = angle;
  }
  if (summary.tensors === undefined) takeUnlisted(counts, analysis.summary.tensors);
  return {
    old: surveySide(columns.old, counts, 'removed', summary.totalParametersOld),
    new: surveySide(columns.new, counts, 'added', summary.totalParametersNew),
    ...counts,
    relativeChange: readQuantiles(relative),
    oneMinusCosMax,
  };
}

type Counts = {
  -readonly [
    Key in 'unchanged' | 'identical' | 'modified' | 'added' | 'removed' | 'shapeChanged' | 'dtypeChanged' | 'failed'
  ]: number;
};

/** Where only a list is at hand, the analysis knows of the tensors that it leaves out. */
function takeUnlisted(counts: Counts, known: AnalysisSummary['tensors']): void {
  for (const type of ['unchanged', 'identical', 'modified', 'added', 'removed', 'failed'] as const) {
    counts[type] = Math.max(counts[type], known[type]);
  }
  counts.shapeChanged = Math.max(counts.shapeChanged, known.shape_changed);
}

function surveySide(side: SideColumns, counts: Counts, only: 'added' | 'removed', totalElements: number): SideOverview {
  const tensorsByDtype = new Map<string, number>();
  const elementsByDtype = new Map<string, number>();
  let tensors = 0;
  let bytes = 0;
  let nonfinite = 0;
  for (const [row, dtype] of side.dtype.entries()) {
    if (dtype === '') continue;
    tensors += 1;
    bytes += finiteOrZero(side.sizeBytes[row]);
    nonfinite += finiteOrZero(side.nan[row]) + finiteOrZero(side.inf[row]);
    tensorsByDtype.set(dtype, (tensorsByDtype.get(dtype) ?? 0) + 1);
    elementsByDtype.set(dtype, (elementsByDtype.get(dtype) ?? 0) + finiteOrZero(side.numElements[row]));
  }
  const dtypes = [...tensorsByDtype].sort(
    ([a], [b]) => (elementsByDtype.get(b) ?? 0) - (elementsByDtype.get(a) ?? 0) || (a < b ? -1 : 1),
  );
  const expected = counts.unchanged + counts.modified + counts.shapeChanged + counts[only];
  const complete = tensors >= expected;
  return {
    tensors: Math.max(tensors, expected),
    elements: totalElements,
    bytes: complete ? bytes : null,
    dtypes,
    nonfinite: complete ? nonfinite : null,
  };
}

function readQuantiles(values: number[]): Overview['relativeChange'] {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { median: at(0.5), p99: at(0.99), max: at(1) };
}

function finiteOrZero(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
