import { formatNoun, formatPercent } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Another storage dtype, and how much of the change its rounding explains. */
export const explainConversion: Explain = ({ precision }) =>
  (precision?.conversions ?? []).map(({ from, to, tensors, expected, isReverse, exceeding }) => {
    const effect = isReverse
      ? `the old values are the new ones rounded to ${from}, R = ${formatPercent(expected)}`
      : expected === 0
        ? `${to} rounds less than ${from}, so the conversion explains none of the change`
        : `rounding alone makes R = ${formatPercent(expected)}`;
    const rest =
      exceeding.length === 0
        ? 'no tensor changed more than that.'
        : `${formatNoun(exceeding.length, 'tensor')} changed more than that: ${listNames(exceeding)}.`;
    return {
      category: 'magnitude' as const,
      title: `Stored as ${to} Instead of ${from}`,
      description: `${formatNoun(tensors, 'tensor')} changed from ${from} to ${to}; ${effect}, and ${rest}`,
      severity: 'info' as const,
      evidence: {
        from,
        to,
        tensors,
        expectedChange: expected,
        isReverse,
        exceeding: exceeding.length,
        examples: exceeding.slice(0, 10),
      },
      ...(precision !== null && precision.onlyRounding > 0 ? { confidence: precision.onlyRounding } : {}),
    };
  });
