import type { TensorInfo } from '../checkpoint/types.ts';
import { argumentError } from '../errors.ts';
import { compareCodeUnits } from '../names/order.ts';
import { spell } from '../options.ts';
import { CHANGE_TYPES, type ChangeType, type SideColumns, type TensorColumns } from './columns.ts';
import { mapPairMetrics, mapSideMetrics, type PairMetric, type SideMetric } from './metrics.ts';
import type { ParameterDiff } from './rows.ts';

/** A row that somebody wrote by hand: fields may be missing. */
export type PartialRow = Partial<ParameterDiff>;

/** @throws `ModelDiffError` of kind `Argument` for what is no list of rows. */
export function checkRows(rows: unknown, where: string): asserts rows is readonly PartialRow[] {
  if (!Array.isArray(rows))
    throw argumentError(`${where} takes a list of rows, not ${spell(rows)}`, 'pass the diffs of a comparison');
  const at = rows.findIndex((row) => !isRow(row));
  if (at >= 0)
    throw argumentError(`row ${at} must be an object with a name, not ${spell(rows[at])}`, 'pass the diffs of a comparison');
}

function isRow(row: unknown): boolean {
  return typeof row === 'object' && row !== null && ['string', 'undefined'].includes(typeof (row as PartialRow).name);
}

/**
 * Columns of a list of rows, in the order of their names whatever that of the list is. What follows from other fields of a row is filled
 * in: people write such lists by hand.
 */
export function columnsFromRows(list: readonly PartialRow[]): TensorColumns {
  const rows = [...list].sort((a, b) => compareCodeUnits(a.name ?? '', b.name ?? ''));
  const numbers = (read: (row: PartialRow) => Value): Float64Array => Float64Array.from(rows, (row) => read(row) ?? Number.NaN);
  const flags = (read: (row: PartialRow) => boolean): Uint8Array => Uint8Array.from(rows, (row) => (read(row) ? 1 : 0));
  const side = (name: 'old' | 'new'): SideColumns => {
    const describe = (row: PartialRow): TensorInfo | null => row[`${name}Info`] ?? null;
    return {
      dtype: rows.map((row) => describe(row)?.dtype ?? ''),
      shape: rows.map((row) => describe(row)?.shape ?? []),
      numElements: numbers((row) => describe(row)?.numElements),
      sizeBytes: numbers((row) => describe(row)?.sizeBytes),
      ...mapSideMetrics((metric) => numbers((row) => SIDE_READERS[metric](row, name, describe(row)))),
    };
  };
  const errors = rows.flatMap(({ error }, at) => (error === undefined || error === null ? [] : [[at, error] as const]));
  return {
    names: rows.map((row) => row.name ?? ''),
    changeType: Uint8Array.from(rows, (row) => CHANGE_TYPES.indexOf(readType(row))),
    totalElements: numbers((row) => row.totalElements ?? row.oldInfo?.numElements ?? row.newInfo?.numElements),
    ...mapPairMetrics((metric) => numbers(PAIR_READERS[metric] ?? ((row) => row[metric]))),
    identical: flags(readIdentical),
    dtypeChanged: flags((row) => row.dtypeChanged ?? false),
    old: side('old'),
    new: side('new'),
    errors: new Map(errors),
  };
}

type Value = number | null | undefined;

/** What stands in for a missing metric, where another one tells it. */
const PAIR_READERS: Readonly<Partial<Record<PairMetric, (row: PartialRow) => Value>>> = {
  oneMinusCos: ({ oneMinusCos, cosineSim }) => oneMinusCos ?? (isKnown(cosineSim) ? 1 - cosineSim : null),
  symmetricChange: ({ symmetricChange, l2Diff, oldNorm, newNorm, relativeChange }) => {
    if (isKnown(symmetricChange)) return symmetricChange;
    const norm = Math.max(oldNorm ?? Number.NaN, newNorm ?? Number.NaN);
    return isKnown(l2Diff) && norm > 0 ? l2Diff / norm : relativeChange;
  },
};

type Side = 'old' | 'new';

/** Where a row has the metrics of its sides. */
const SIDE_READERS: Readonly<Record<SideMetric, (row: PartialRow, side: Side, info: TensorInfo | null) => Value>> = {
  norm: (row, side) => row[`${side}Norm`],
  mean: (_, __, info) => info?.mean,
  std: (_, __, info) => info?.std,
  min: (_, __, info) => info?.min,
  max: (_, __, info) => info?.max,
  zeros: (row, side) => (side === 'old' ? row.zerosOld : row.zerosNew),
  nan: (row, side, info) => (side === 'old' ? row.nanOld : row.nanNew) ?? info?.nanCount,
  inf: (row, side, info) => (side === 'old' ? row.infOld : row.infNew) ?? info?.infCount,
};

function readType({ changeType }: PartialRow): ChangeType {
  return changeType !== undefined && CHANGE_TYPES.includes(changeType) ? changeType : 'unchanged';
}

function readIdentical(row: PartialRow): boolean {
  return row.identical ?? (readType(row) === 'unchanged' && !((row.relativeChange ?? row.l2Diff ?? 0) > 0));
}

function isKnown(value: Value): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}
