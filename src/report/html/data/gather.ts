import type { ExplanationCode } from '../../../analysis/types.ts';
import { classifyColumns } from '../../../comparison/classify.ts';
import { changeTypeAt, type SideColumns, type TensorColumns } from '../../../comparison/columns.ts';
import type { Report } from '../../report.ts';
import { type NumberColumn, type PageTensors, type Status, STATUSES } from './page-tensors.ts';
import { Dictionary } from './dictionary.ts';
import { placeTensors } from './place-tensors.ts';
import { NOWHERE } from './placed-tensors.ts';

/** The tensors of a comparison as a page has them: those of the given rows, or all. */
export function gatherTensors({ columns, analysis, old, new: fresh }: Report, rows: Uint32Array | null = null): PageTensors {
  const all = rows ?? Uint32Array.from(columns.names.keys());
  const pick = (values: Float64Array | undefined): Float64Array =>
    rows === null && values !== undefined ? values : Float64Array.from(all, (row) => values?.[row] ?? Number.NaN);
  const dtypes = new Dictionary<string>(String);
  const shapes = new Dictionary<readonly number[]>((shape) => shape.join());
  const types = new Dictionary<string>(String);
  const causes = new Dictionary<string>(String);
  const causeOf = new Map(analysis.explanations.flatMap(({ code, tensors }) => tensors.map((row) => [row, code] as const)));
  const classes = classifyColumns(columns);
  const place = (find: (row: number) => number): Int32Array => Int32Array.from(all, find);
  const dtype = (side: SideColumns) => (row: number) => dtypes.find(side.dtype[row] || null);
  const shape = (side: SideColumns) => (row: number) => shapes.find(side.dtype[row] ? (side.shape[row] ?? null) : null);
  const file = (side: SideColumns) => (row: number) => {
    const at = side.file?.[row] ?? Number.NaN;
    return Number.isNaN(at) ? NOWHERE : at;
  };
  const { towers, ...mapped } = placeTensors(classes);
  return {
    count: all.length,
    names: Array.from(all, (row) => columns.names[row] ?? ''),
    numbers: pickNumbers(columns, pick),
    places: {
      status: place((row) => STATUSES.indexOf(readStatus(columns, row, causeOf.get(row)))),
      oldFile: place(file(columns.old)),
      newFile: place(file(columns.new)),
      tower: place((row) => mapped.tower[row] ?? NOWHERE),
      module: place((row) => mapped.module[row] ?? NOWHERE),
      column: place((row) => mapped.column[row] ?? NOWHERE),
      expert: place((row) => mapped.expert[row] ?? NOWHERE),
      type: place((row) => types.find(classes[row]?.type ?? null)),
      cause: place((row) => causes.find(causeOf.get(row) ?? null)),
      oldShape: place(shape(columns.old)),
      newShape: place(shape(columns.new)),
      oldDtype: place(dtype(columns.old)),
      newDtype: place(dtype(columns.new)),
    },
    towers,
    types: types.values,
    causes: causes.values,
    shapes: shapes.values,
    dtypes: dtypes.values,
    files: { old: old.files.map(({ path }) => path), new: fresh.files.map(({ path }) => path) },
    errors: new Map(
      Array.from(all, (row, at) => [at, columns.errors.get(row)] as const).flatMap(([at, error]) =>
        error === undefined ? [] : [[at, error] as const],
      ),
    ),
    histogram: pickHistogram(columns, all),
  };
}

function pickNumbers(
  columns: TensorColumns,
  pick: (values: Float64Array | undefined) => Float64Array,
): Record<NumberColumn, Float64Array> {
  const { old, new: fresh, rounding } = columns;
  return {
    l2: pick(columns.l2Diff),
    least: pick(columns.bounds?.l2DiffMin),
    l1: pick(columns.l1Diff),
    maxDiff: pick(columns.maxDiff),
    meanDiff: pick(columns.meanDiff),
    turn: pick(columns.oneMinusCos),
    changed: pick(columns.changedElements),
    bitChanged: pick(columns.bitChanged),
    elements: pick(columns.totalElements),
    expected: pick(rounding?.expectedChanged),
    update: pick(rounding?.updateSize),
    oldNorm: pick(old.norm),
    newNorm: pick(fresh.norm),
    oldMean: pick(old.mean),
    newMean: pick(fresh.mean),
    oldStd: pick(old.std),
    newStd: pick(fresh.std),
    oldMin: pick(old.min),
    newMin: pick(fresh.min),
    oldMax: pick(old.max),
    newMax: pick(fresh.max),
    oldZeros: pick(old.zeros),
    newZeros: pick(fresh.zeros),
    oldNan: pick(old.nan),
    newNan: pick(fresh.nan),
    oldInf: pick(old.inf),
    newInf: pick(fresh.inf),
    oldBytes: pick(old.sizeBytes),
    newBytes: pick(fresh.sizeBytes),
    oldOffset: pick(old.offset),
    newOffset: pick(fresh.offset),
  };
}

function readStatus(columns: TensorColumns, row: number, cause: ExplanationCode | undefined): Status {
  if (columns.errors.has(row)) return 'failed';
  if (columns.identical[row] === 1) return 'identical';
  const type = changeTypeAt(columns, row);
  if (type === 'modified' && cause === 'codes') return 'codes';
  return type === 'modified' ? 'changed' : type === 'shape_changed' ? 'reshaped' : type;
}

function pickHistogram({ histogram }: TensorColumns, rows: Uint32Array): PageTensors['histogram'] {
  if (histogram === undefined) return null;
  const { firstExponent, bins } = histogram;
  const counts = new Float64Array(rows.length * bins);
  for (const [at, row] of rows.entries()) counts.set(histogram.counts.subarray(row * bins, (row + 1) * bins), at * bins);
  return { firstExponent, bins, counts };
}
