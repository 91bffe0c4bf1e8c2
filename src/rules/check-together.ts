import { sortRows } from '../analysis/apart.ts';
import { measureOverall, selectMeasured } from '../analysis/overall.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import { type Case, listWorst, readCase } from './cases.ts';
import { formatValue } from './format-value.ts';
import { breaks, type Limit } from './limit.ts';
import type { RuleMetric, Whole } from './metrics.ts';
import { hasNewNonfinite } from './new-nonfinite.ts';
import type { Judgement, Subject } from './rule.ts';

/** How numbers of several tensors become one. `total` is a sum, or the number of all weights as one vector. */
export type Aggregate = 'min' | 'max' | 'mean' | 'total';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const AGGREGATES: Readonly<Record<Aggregate, (values: readonly number[]) => number>> = {
  min: (values) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  max: (values) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  mean: (values) => sum(values) / values.length,
  total: sum,
};

export const AGGREGATE_NAMES: readonly Aggregate[] = Object.keys(AGGREGATES) as Aggregate[];

/** Holds one number of all tensors to a limit. A tensor without a number leaves none, and then the rule is broken. */
export function checkTogether(
  subject: Subject,
  metric: RuleMetric,
  aggregate: Aggregate,
  limit: Limit,
  rows: readonly number[],
): Judgement {
  const cases = rows.map((row) => readCase(subject, metric, row));
  if (aggregate === 'total' && typeof metric.total === 'function') return checkWhole(subject, metric, metric.total, limit, cases);
  const faulty = cases.filter(({ fault }) => fault !== null);
  const value = faulty.length > 0 ? Number.NaN : AGGREGATES[aggregate](cases.map((one) => one.value));
  return conclude(subject, metric, limit, value, cases, faulty);
}

/** The number of the verdict: over all weights of some tensors. Only what is broken leaves none. */
function checkWhole(subject: Subject, metric: RuleMetric, pick: Whole, limit: Limit, cases: readonly Case[]): Judgement {
  const { columns, rows, allowNonfinite } = subject;
  const isBroken = ({ row }: Case): boolean => columns.errors.has(row) || (!allowNonfinite && hasNewNonfinite(columns, row));
  const asked = new Set(cases.map(({ row }) => rows[row]));
  const weights = selectMeasured(sortRows(rows).weights.filter((row) => asked.has(row)));
  const known = cases.filter(({ fault }) => fault === null);
  const faulty = cases.filter(isBroken);
  const value = weights.length === 0 || faulty.length > 0 ? Number.NaN : (pick(measureOverall(weights)) ?? Number.NaN);
  return conclude(subject, metric, limit, value, known, faulty);
}

function conclude(
  subject: Subject,
  metric: RuleMetric,
  limit: Limit,
  value: number,
  cases: readonly Case[],
  faulty: readonly Case[],
): Judgement {
  const isKnown = Number.isFinite(value);
  return {
    status: !isKnown || breaks(limit, value) ? 'failed' : 'passed',
    value: isKnown ? value : null,
    tensors: cases.length,
    broken: faulty.length,
    message: isKnown
      ? `${formatValue(value, metric.unit, limit.number)} over ${formatNoun(cases.length, 'tensor')}`
      : faulty.length === 0
        ? 'no number: nothing was compared'
        : `no number: ${formatCount(faulty.length)} of ${formatNoun(cases.length, 'tensor')} without one`,
    worst: listWorst(subject, metric, limit, faulty.length > 0 ? faulty : cases),
  };
}
