import type { OverallChange } from '../analysis/overall.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import { PAIR_METRIC_NAMES, PAIR_METRICS, type PairMetric } from '../comparison/metrics.ts';
import { changeRatioAt } from '../comparison/rows.ts';
import { toSnakeCase } from '../wording/snake-case.ts';
import type { Range } from './limit.ts';

/** A number of a tensor that rules can ask for. */
export interface RuleMetric {
  /** How it is written; `elements` are counts, of which a percentage makes no sense. */
  readonly unit: 'ratio' | 'cosine' | 'size' | 'elements';
  /** Tensors of one side that have it; `both`: how a tensor changed. */
  readonly side: 'both' | 'old' | 'new';
  readonly range: Range;
  readonly read: (columns: TensorColumns, row: number) => number;
  /** What all tensors together have: their sum, or a number of all weights as one vector; absent where neither means anything. */
  readonly total?: 'sum' | Whole;
}

/** A number of all weights as one vector. */
export type Whole = (overall: OverallChange) => number | null;

/** What `total` is of each: the numbers of the verdict, and plain sums. */
const TOTALS: Readonly<Partial<Record<PairMetric, RuleMetric['total']>>> = {
  symmetricChange: ({ change }) => change,
  cosineSim: ({ cosine }) => cosine,
  oneMinusCos: ({ oneMinusCos }) => oneMinusCos,
  l1Diff: 'sum',
  l2Diff: 'sum',
};

/** Ratios are percentages, but for those that are no shares. */
const OWN_UNITS: Readonly<Partial<Record<PairMetric, RuleMetric['unit']>>> = {
  symmetricChange: 'ratio',
  relativeChange: 'ratio',
  cosineSim: 'cosine',
  oneMinusCos: 'size',
};

/** Every number but these is 0 or more. */
const FROM_ZERO: Range = [0, Number.POSITIVE_INFINITY];
const OWN_RANGES: Readonly<Partial<Record<PairMetric, Range>>> = {
  symmetricChange: [0, 2],
  cosineSim: [-1, 1],
  oneMinusCos: [0, 2],
  meanDiff: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/** Every metric by its key in JSON. */
export const RULE_METRICS: ReadonlyMap<string, RuleMetric> = new Map([
  ...PAIR_METRIC_NAMES.map((metric) => [toSnakeCase(metric), describePair(metric)] as const),
  [
    'change_ratio',
    { unit: 'ratio', side: 'both', range: [0, 1], read: (columns, row) => changeRatioAt(columns, row) ?? Number.NaN },
  ],
  ['total_elements', count('both', (columns) => columns.totalElements)],
  ['old_norm', { unit: 'size', side: 'old', range: FROM_ZERO, read: ({ old }, row) => at(old.norm, row) }],
  ['new_norm', { unit: 'size', side: 'new', range: FROM_ZERO, read: (columns, row) => at(columns.new.norm, row) }],
  ...(['nan', 'inf', 'zeros'] as const).flatMap((kind) =>
    (['old', 'new'] as const).map((side) => [`${kind}_${side}`, count(side, (columns) => columns[side][kind])] as const),
  ),
] satisfies (readonly [string, RuleMetric])[]);

/** Shorter names. */
export const METRIC_ALIASES: ReadonlyMap<string, string> = new Map([
  ['change', 'symmetric_change'],
  ['cosine', 'cosine_sim'],
]);

function describePair(metric: PairMetric): RuleMetric {
  const { unit } = PAIR_METRICS[metric];
  const read: RuleMetric['read'] = (columns, row) => at(columns[metric], row);
  const total = TOTALS[metric] ?? (unit === 'elements' ? 'sum' : undefined);
  return {
    unit: OWN_UNITS[metric] ?? (unit === 'weight' ? 'size' : 'elements'),
    side: 'both',
    range: OWN_RANGES[metric] ?? FROM_ZERO,
    read,
    ...(total !== undefined && { total }),
  };
}

function count(side: RuleMetric['side'], column: (columns: TensorColumns) => Float64Array): RuleMetric {
  const read: RuleMetric['read'] = (columns, row) => at(column(columns), row);
  return { unit: 'elements', side, range: FROM_ZERO, read, total: 'sum' };
}

function at(column: Float64Array, row: number): number {
  return column[row] ?? Number.NaN;
}
