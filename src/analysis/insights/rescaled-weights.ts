import { formatNoun } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';

/** Weights that were multiplied by a number and nothing else. */
export const explainRescaling: Explain = ({ rescaling }) => {
  if (rescaling === null) return [];
  const { factor, spread, tensors } = rescaling;
  const isOne = spread < 0.002;
  const cause = factor > 0 && factor < 1 && isOne ? ' Weight decay without a gradient does that.' : '';
  return [
    {
      category: 'magnitude',
      title: 'Weights Only Rescaled',
      description: `${formatNoun(tensors, 'changed tensor')} ${tensors === 1 ? 'is the old one' : 'are the old ones'} times ${isOne ? factor.toPrecision(4) : `a factor of their own (median ${factor.toPrecision(4)})`}, but for rounding.${cause}`,
      severity: 'info',
      evidence: { factor, spread, tensors },
      confidence: 0.95,
    },
  ];
};
