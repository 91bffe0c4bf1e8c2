import type { Overflow } from '../overflow.ts';
import type { TrainingInsight } from '../types.ts';
import { formatCount, formatMagnitude, formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** NaN and Inf in the new checkpoint: new ones invalidate everything else, unless a conversion made them; old ones are told. */
export const explainNonFinite: Explain = ({ nonFinite: { unexplained, overflows, persistent, tensors, elements } }) => {
  const insights: TrainingInsight[] = overflows.map((overflow) => explainOverflow(overflow, tensors, elements));
  const { tensors: appeared, nan, inf, elementShare } = unexplained;
  if (appeared.length > 0) {
    insights.unshift({
      code: 'non_finite_appeared',
      category: 'stability',
      title: 'NaN or Inf Appeared',
      description: `${formatNoun(nan, 'element')} became NaN and ${formatCount(inf)} Inf, in ${formatCount(appeared.length)} of ${formatNoun(tensors, 'tensor')}: ${listNames(appeared)}. The run diverged or the file is damaged. Every other number leaves these elements out.`,
      severity: 'critical',
      evidence: { tensors: appeared.length, of: tensors, nan, inf, elementShare, first: appeared.slice(0, 10) },
    });
  }
  if (persistent.length > 0) {
    insights.push({
      code: 'non_finite_stayed',
      category: 'stability',
      title: 'NaN or Inf Were There Before',
      description: `${formatNoun(persistent.length, 'tensor')} held NaN or Inf before and still ${persistent.length === 1 ? 'does' : 'do'}: ${listNames(persistent)}.`,
      severity: 'info',
      evidence: { tensors: persistent.length, first: persistent.slice(0, 10) },
    });
  }
  return insights;
};

/** Types that end below this have a range that weights can leave. */
const WIDE = 1e6;

function explainOverflow(overflow: Overflow, of: number, allElements: number): TrainingInsight {
  const { from, to, tensors, became, elements, largestOld, limit } = overflow;
  return {
    code: 'conversion_overflowed',
    category: 'stability',
    title: `Values Overflowed in the Conversion to ${to}`,
    description: `${formatNoun(elements, 'value')} in ${formatCount(tensors.length)} of ${formatNoun(of, 'tensor')} became ${became}: ${to} ends at ${formatMagnitude(limit)}, and the ${from} weights reach ${formatMagnitude(largestOld)} (${listNames(tensors)}). Nothing else changed there beyond rounding, so the conversion did it and not the training${limit < WIDE ? '; bf16 would hold these values' : ''}.`,
    severity: 'critical',
    evidence: {
      from,
      to,
      tensors: tensors.length,
      of,
      became,
      elements,
      elementShare: elements / allElements,
      largestOld,
      limit,
      first: tensors.slice(0, 10),
    },
  };
}
