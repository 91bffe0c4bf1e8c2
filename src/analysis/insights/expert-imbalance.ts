import { formatNoun } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';

/** Changes of experts that scatter by a factor of 1.4 have a Gini coefficient of 0.2; this is twice that. */
const UNEVEN = 0.4;

/** Experts of a mixture that learned very unequally. */
export const explainExpertImbalance: Explain = ({ pattern, rows }) => {
  const gini = pattern?.evidence['expertGini'];
  if (typeof gini !== 'number' || gini < UNEVEN) return [];
  const experts = rows.filter((row) => row.isCompared && row.class.role === 'expert').length;
  return [
    {
      code: 'experts_uneven',
      category: 'layer_changes',
      title: 'Experts Changed Unequally',
      description: `The change is spread unevenly over ${formatNoun(experts, 'tensor')} of experts: a Gini coefficient of ${gini.toFixed(2)} (0 is even, 1 is all in one). Some experts saw little of the data.`,
      severity: 'info',
      evidence: { gini, experts, threshold: UNEVEN },
    },
  ];
};
