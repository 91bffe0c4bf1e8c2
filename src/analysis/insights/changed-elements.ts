import { formatPercent, formatShare } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Elements that kept their value where no explanation has said why: fewer changed than rounding lets change. */
export const explainChangedElements: Explain = ({ density, overall, claims }) => {
  const isTold = claims.some(
    ({ code }) => code === 'masked' || code === 'rounded_steps' || code === 'pruned' || code === 'rows_changed',
  );
  if (density === null || density.verdict !== 'sparse' || overall.change === 0 || isTold) return [];
  const { observed, expected, isApproximate, dtypes } = density;
  return [
    {
      code: 'elements_kept',
      category: 'training_dynamics',
      title: 'Only Some Elements Were Updated',
      description: `${formatShare(1 - observed)} of the elements of the changed tensors kept their value. A dense update of ${formatPercent(overall.change)} stored as ${joinWords(dtypes)} would leave only ${isApproximate ? 'about ' : ''}${formatShare(1 - expected)}: some elements were masked or edited one by one, or updates were rounded away step by step.`,
      severity: 'info',
      evidence: {
        observedChanged: observed,
        expectedChanged: expected,
        ratio: observed / expected,
        change: overall.change,
        dtypes,
        isApproximate,
      },
    },
  ];
};
