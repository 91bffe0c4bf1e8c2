import { formatPercent, formatShare } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Elements that kept their value, against what rounding to the dtype alone keeps. */
export const explainChangedElements: Explain = ({ density, overall, band }) => {
  if (density === null || density.verdict === 'dense' || band === 'identical') return [];
  const { observed, expected, verdict, isApproximate, dtypes } = density;
  const evidence = {
    observedChanged: observed,
    expectedChanged: expected,
    ratio: observed / expected,
    change: overall.change,
    dtypes,
    isApproximate,
  };
  const about = isApproximate ? 'about ' : '';
  const kept = `${formatShare(1 - observed)} of the elements of the changed tensors kept their value`;
  if (verdict === 'rounded') {
    return [
      {
        category: 'training_dynamics',
        title: 'Update Limited by Precision',
        description: `${kept}. A dense update of R = ${formatPercent(overall.change)} stored as ${joinWords(dtypes)} leaves ${about}${formatShare(1 - expected)} as they are: this is rounding, not freezing.`,
        severity: 'info',
        evidence,
        confidence: isApproximate ? 0.9 : 0.97,
      },
    ];
  }
  return [
    {
      category: 'training_dynamics',
      title: 'Only Some Elements Were Updated',
      description: `${kept}, although a dense update of this size stored as ${joinWords(dtypes)} would leave only ${about}${formatShare(1 - expected)}: elements were masked, pruned away or edited one by one.`,
      severity: 'info',
      evidence,
      confidence: isApproximate ? 0.85 : 0.95,
    },
  ];
};
