import { findBand } from '../bands.ts';
import { measureOverall } from '../overall.ts';
import { formatCosine, formatNoun } from '../../wording/numbers.ts';
import type { Explain } from './explanation.ts';
import { placeVerb } from './story.ts';

/** Weights that are all zero on a side, and weights that have nothing to do with the old ones. */
export const explainReplacement: Explain = (story, open) => {
  const zeroed = open.filter((row) => row.newNorm === 0 && row.oldNorm > 0);
  const born = open.filter((row) => row.oldNorm === 0 && row.newNorm > 0);
  const rest = open.filter((row) => row.oldNorm > 0 && row.newNorm > 0);
  const { change, cosine, oneMinusCos, elements } = measureOverall(rest);
  const isReplaced = rest.length > 0 && findBand(change, cosine, elements) === 'replaced';
  return [
    ...(zeroed.length > 0 && zeroed.length === story.changed.length
      ? [
          {
            code: 'zeroed' as const,
            rows: zeroed,
            sentence: `all values of ${placeVerb(story.where(zeroed), 'became zero')}`,
            evidence: { tensors: zeroed.length },
          },
        ]
      : []),
    ...(born.length > 0 && born.length === story.changed.length
      ? [
          {
            code: 'from_zero' as const,
            rows: born,
            sentence: placeVerb(story.where(born), 'had been all zero'),
            evidence: { tensors: born.length },
          },
        ]
      : []),
    ...(isReplaced
      ? [
          {
            code: 'replaced' as const,
            rows: rest,
            sentence: `no resemblance: a cosine of ${formatCosine(oneMinusCos)} in ${formatNoun(rest.length, 'tensor')}, as of another model, a new initialisation or a run that diverged`,
            evidence: { cosine, change, tensors: rest.length, elements },
          },
        ]
      : []),
  ];
};
