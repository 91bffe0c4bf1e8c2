import { changeTypeAt, hasFinitePair, type TensorColumns } from '../comparison/columns.ts';
import { selectFirst } from '../comparison/select-first.ts';
import { formatValue } from './format-value.ts';
import { UNREADABLE } from './judgement.ts';
import { isUpper, type Limit } from './limit.ts';
import type { RuleMetric } from './metrics.ts';
import { hasNewNonfinite } from '../comparison/nonfinite.ts';
import { MOST_CASES, type Subject } from './rule.ts';
import type { RuleCase } from './types.ts';

/** The number of one tensor. */
export interface Case {
  readonly row: number;
  /** NaN where there is none. */
  readonly value: number;
  /** Why there is none; null where there is one. */
  readonly fault: string | null;
}

/** Reads the number of a tensor, or why there is none to be judged by. New NaN and Inf leave no change; what one side holds can be told. */
export function readCase({ columns, allowNonfinite }: Subject, metric: RuleMetric, row: number): Case {
  const value = metric.read(columns, row);
  const fault = columns.errors.has(row)
    ? UNREADABLE
    : metric.side === 'both' && !allowNonfinite && hasNewNonfinite(columns, row)
      ? 'new NaN or Inf'
      : Number.isFinite(value) && !isOfNothing(columns, metric, row)
        ? null
        : describeAbsence(columns, metric, row);
  return { row, value: fault === null ? value : Number.NaN, fault };
}

/** A size or an angle of a tensor of which no element is finite on both sides. */
function isOfNothing(columns: TensorColumns, { side, unit }: RuleMetric, row: number): boolean {
  return side === 'both' && unit !== 'elements' && columns.identical[row] !== 1 && !hasFinitePair(columns, row);
}

function describeAbsence(columns: TensorColumns, { side }: RuleMetric, row: number): string {
  const type = changeTypeAt(columns, row);
  if (side === 'both' && type in ABSENCES) return ABSENCES[type as keyof typeof ABSENCES];
  if (!hasFinitePair(columns, row)) return 'no finite element';
  return columns.old.norm[row] === 0 ? 'all zeros before' : 'no number';
}

const ABSENCES = { added: 'added', removed: 'removed', shape_changed: 'another shape' } as const;

/** The first few of some tensors: those without a number, then those that break a limit most. */
export function listWorst({ columns }: Subject, metric: RuleMetric, limit: Limit, cases: readonly Case[]): readonly RuleCase[] {
  const sign = isUpper(limit) ? 1 : -1;
  const badness = ({ value, fault }: Case): number => (fault === null ? sign * value : Number.POSITIVE_INFINITY);
  const compare = (a: Case, b: Case): number => (badness(a) === badness(b) ? a.row - b.row : badness(b) - badness(a));
  return selectFirst(cases, MOST_CASES, compare).map(({ row, value, fault }) => ({
    name: columns.names[row] ?? '',
    value: fault === null ? value : null,
    note: fault ?? formatValue(value, metric.unit, limit.number),
  }));
}
