import { formatCount, formatNoun } from '../wording/numbers.ts';
import { type Case, listWorst, readCase } from './cases.ts';
import { formatValue } from './format-value.ts';
import { breaks, isUpper, type Limit } from './limit.ts';
import type { RuleMetric } from './metrics.ts';
import type { Judgement, Subject } from './rule.ts';

/** Holds every tensor to a limit: one that breaks it, or has no number, breaks the rule. */
export function checkTensors(subject: Subject, metric: RuleMetric, limit: Limit, rows: readonly number[]): Judgement {
  const cases = rows.map((row) => readCase(subject, metric, row));
  const broken = cases.filter(({ value, fault }) => fault !== null || breaks(limit, value));
  const extreme = findExtreme(limit, cases);
  return {
    status: broken.length > 0 ? 'failed' : 'passed',
    value: extreme,
    tensors: cases.length,
    broken: broken.length,
    message: describe(metric, limit, cases, broken, extreme),
    worst: listWorst(subject, metric, limit, broken.length > 0 ? broken : cases),
  };
}

/** `12 of 57 tensors, up to 7.2%, 2 without a number`. */
function describe(
  { unit }: RuleMetric,
  limit: Limit,
  cases: readonly Case[],
  broken: readonly Case[],
  extreme: number | null,
): string {
  const all = formatNoun(cases.length, 'tensor');
  const count = broken.length === 0 ? all : `${formatCount(broken.length)} of ${all}`;
  const faulty = broken.filter(({ fault }) => fault !== null).length;
  if (faulty > 0 && faulty === broken.length) return `${count} without a number`;
  const reach = extreme === null ? '' : `, ${isUpper(limit) ? 'up' : 'down'} to ${formatValue(extreme, unit, limit.number)}`;
  return `${count}${reach}${faulty === 0 ? '' : `, ${formatCount(faulty)} without a number`}`;
}

/** The number that is furthest on the side that breaks. */
function findExtreme(limit: Limit, cases: readonly Case[]): number | null {
  const pick = isUpper(limit) ? Math.max : Math.min;
  return cases.reduce<number | null>(
    (extreme, { value, fault }) => (fault !== null ? extreme : extreme === null ? value : pick(extreme, value)),
    null,
  );
}
