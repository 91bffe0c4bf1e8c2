import type { TrainingInsight } from '../../types.ts';
import { formatNoun, listNames } from '../wording.ts';
import type { Explain } from './insight.ts';

/** NaN and Inf that appeared, and those that were there before. */
export const explainNonFinite: Explain = ({ nonFinite }) => {
  const { appeared, persistent, nan, inf, elementShare, tensors } = nonFinite;
  const insights: TrainingInsight[] = [];
  if (appeared.length > 0) {
    insights.push({
      category: 'stability',
      title: 'NaN or Inf Appeared',
      description: `${formatNoun(appeared.length, 'tensor')} of ${tensors} came to hold NaN (${nan.toLocaleString('en')}) or Inf (${inf.toLocaleString('en')}): ${listNames(appeared)}. The run diverged or the file is damaged; all other numbers leave these elements out.`,
      severity: 'critical',
      evidence: { tensors: appeared.length, of: tensors, nan, inf, elementShare, first: appeared.slice(0, 10) },
    });
  }
  if (persistent.length > 0) {
    insights.push({
      category: 'stability',
      title: 'NaN or Inf on Both Sides',
      description: `${formatNoun(persistent.length, 'tensor')} held NaN or Inf before and still does: ${listNames(persistent)}.`,
      severity: 'info',
      evidence: { tensors: persistent.length, first: persistent.slice(0, 10) },
    });
  }
  return insights;
};
