import type { TrainingInsight } from '../types.ts';
import type { Overflow } from '../overflow.ts';
import { formatCount, formatMagnitude, formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** NaN and Inf that appeared, those that a conversion made, and those that were there before. */
export const explainNonFinite: Explain = ({ nonFinite }) => {
  const { unexplained, overflows, persistent, tensors, elements } = nonFinite;
  const insights: TrainingInsight[] = [];
  if (unexplained.tensors.length > 0) {
    const { tensors: appeared, nan, inf, elementShare } = unexplained;
    insights.push({
      category: 'stability',
      title: 'NaN or Inf Appeared',
      description: `${formatCount(appeared.length)} of ${formatNoun(tensors, 'tensor')} came to hold NaN (${formatCount(nan)}) or Inf (${formatCount(inf)}): ${listNames(appeared)}. The run diverged or the file is damaged; all other numbers leave these elements out.`,
      severity: 'critical',
      evidence: { tensors: appeared.length, of: tensors, nan, inf, elementShare, first: appeared.slice(0, 10) },
    });
  }
  insights.push(...overflows.map((overflow) => explainOverflow(overflow, tensors, elements)));
  if (persistent.length > 0) {
    insights.push({
      category: 'stability',
      title: 'NaN or Inf on Both Sides',
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
    category: 'stability',
    title: `Values Overflowed in the Conversion to ${to}`,
    description: `${formatNoun(elements, 'value')} in ${formatCount(tensors.length)} of ${formatNoun(of, 'tensor')} became ${became}: ${to} ends at ${formatMagnitude(limit)}, the ${from} weights reach ${formatMagnitude(largestOld)} (${listNames(tensors)}). Nothing else changed there but by rounding, so this is the conversion and not the training${limit < WIDE ? '; bf16 would hold them' : ''}. All other numbers leave these elements out.`,
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
