import { formatCount, formatNoun } from '../wording/numbers.ts';
import { type Case, listWorst, readCase } from './cases.ts';
import { formatValue } from './format-value.ts';
import { breaks, type Limit } from './limit.ts';
import { measureWhole, type Together } from './measure-whole.ts';
import type { RuleMetric } from './metrics.ts';
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
  const { number, counted, faulty } =
    aggregate === 'total' && typeof metric.total === 'function'
      ? measureWhole(subject, metric.total, cases)
      : measureEach(AGGREGATES[aggregate], cases);
  const value = faulty.length > 0 ? Number.NaN : number;
  const isKnown = Number.isFinite(value);
  const tensors = formatNoun(counted.length, 'tensor');
  return {
    status: !isKnown || breaks(limit, value) ? 'failed' : 'passed',
    value: isKnown ? value : null,
    tensors: counted.length,
    broken: faulty.length,
    message: isKnown
      ? `${formatValue(value, metric.unit, limit.number)} over ${tensors}`
      : `no number: ${explain(counted, faulty)}`,
    worst: listWorst(subject, metric, limit, faulty.length > 0 ? faulty : counted.filter(({ fault }) => fault === null)),
  };
}

/** One number of the numbers that the tensors have. */
function measureEach(aggregate: (values: readonly number[]) => number, cases: readonly Case[]): Together {
  return {
    number: aggregate(cases.map(({ value }) => value)),
    counted: cases,
    faulty: cases.filter(({ fault }) => fault !== null),
  };
}

function explain(counted: readonly Case[], faulty: readonly Case[]): string {
  if (counted.length === 0) return 'nothing was compared';
  if (faulty.length === 0) return 'it is too large, or a side is all zeros';
  return `${formatCount(faulty.length)} of ${formatNoun(counted.length, 'tensor')} without one`;
}
