import { BANDS } from '../bands.ts';
import { formatCount, formatCosine, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { capitalize } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Size of the change as a whole, and what changes of that size are seen in. */
export const explainMagnitude: Explain = ({ band, overall, counts, rescaling }) => {
  if (counts.compared === 0) return [];
  // Weights times a number are told as that, whatever the cosine says.
  if (band === 'replaced' && rescaling !== null) return [];
  const { change, cosine, oneMinusCos, elements, tensors } = overall;
  const evidence = { band, change, cosine, oneMinusCos, elements, tensors };
  if (change === 0) {
    const { identical, modified } = counts.byType;
    // Changes that R does not see (beyond the range of numbers, not finite) are told elsewhere, and are no "no change".
    if (modified > 0) return [];
    const description = `No compared tensor has a measurable change; ${identical} of ${formatCount(counts.compared)} ${identical === 1 ? 'is' : 'are'} equal in every value.`;
    return [{ category: 'magnitude', title: 'No Change', description, severity: 'info', evidence: { ...evidence, identical } }];
  }
  const size = `R = ${formatPercent(change)} over ${formatNoun(tensors, 'tensor')}${oneMinusCos === null ? '' : `, cosine ${formatCosine(oneMinusCos)}`}`;
  if (band === 'replaced') {
    const description = `${size}: the new weights have nothing to do with the old ones. Another model, another initialisation, or permuted units.`;
    return [{ category: 'magnitude', title: 'Weights Replaced', description, severity: 'warning', evidence }];
  }
  const index = BANDS.findIndex((entry) => entry.band === band);
  const limits = { from: BANDS[index - 1]?.below ?? 0, below: BANDS[index]?.below ?? null };
  const range =
    limits.below === Infinity
      ? `from ${formatPercent(limits.from)}`
      : `${formatPercent(limits.from)} to ${formatPercent(limits.below ?? 1)}`;
  return [
    {
      category: 'magnitude',
      title: `${capitalize(band)} Change`,
      description: `${size}. The band ${band} (${range}) is where ${BANDS[index]?.seenIn ?? 'nothing'} lie; size alone does not tell which it was.`,
      severity: 'info',
      evidence: { ...evidence, bandFrom: limits.from, bandBelow: limits.below === Infinity ? null : limits.below },
    },
  ];
};
