import { isMatrix } from '../tensor-row.ts';
import { formatShare } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';
import { TRAINED } from './magnitude.ts';

/** Share of matrices from which a turn is reported. */
const MANY = 0.1;

/** Matrices that turned away from what they were: cosine below 0.9 in a tenth of them, where training is the explanation. */
export const explainDirection: Explain = ({ measured, summary, overall, band, claims }) => {
  const trained = new Set(claims.filter(({ code }) => TRAINED.has(code)).flatMap(({ rows }) => rows));
  const known = measured.filter((row) => isMatrix(row) && Number.isFinite(row.oneMinusCos));
  if (known.length === 0) return explainAverage(summary.avgCosineSimilarity);
  const share = (limit: number): number =>
    known.filter((row) => trained.has(row) && 1 - row.oneMinusCos < limit).length / known.length;
  const turned = share(0.9);
  const lost = share(0.5);
  if (turned < MANY) return [];
  const isExpected = band === 'heavy' || band === 'replaced';
  const isCritical = lost >= MANY && !isExpected;
  return [
    {
      code: 'directions_changed',
      category: 'stability',
      title: isCritical ? 'Weight Directions Lost' : 'Significant Weight Direction Changes',
      description: `${formatShare(turned)} of the matrices have a cosine below 0.9 with what they were, ${formatShare(lost)} below 0.5; ${isExpected ? 'a change of this size brings that with it.' : 'fine-tuning keeps it above 0.99.'}`,
      severity: isCritical ? 'critical' : 'warning',
      evidence: { turnedShare: turned, lostShare: lost, matrices: known.length, cosineSimilarity: overall.cosine },
    },
  ];
};

/** What a summary alone allows: below 0.9 worth a word, below 0.8 a warning. */
function explainAverage(cosine: number | null | undefined): ReturnType<Explain> {
  if (cosine === undefined || cosine === null || !(cosine < 0.9)) return [];
  return [
    {
      code: 'directions_changed',
      category: 'stability',
      title: 'Significant Weight Direction Changes',
      description: `The average cosine between old and new is ${cosine.toFixed(3)}; fine-tuning keeps it above 0.99.`,
      severity: cosine < 0.8 ? 'warning' : 'info',
      evidence: { cosineSimilarity: cosine },
    },
  ];
}
