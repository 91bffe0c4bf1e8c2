import { formatFold, formatShare } from '../../wording/numbers.ts';
import { isMatrix } from '../tensor-row.ts';
import type { Explain } from './insight.ts';

/** Growth beyond this is not what training at a sane learning rate does. */
const GROWTH = 1.5;
/** Unrelated weights may be larger by chance, but not by this much. */
const EXPLOSION = 3;
/** Share of matrices from which it is reported. */
const MANY = 0.1;
/** Explanations after which a larger norm is no sign of a run that diverged. */
const EXPLAINED: ReadonlySet<string> = new Set(['scaled', 'from_zero', 'mask_lost', 'codes', 'quantised']);

/** Norms that grew by half or more in many matrices, where nothing but training explains it: a sign of divergence. */
export const explainNormGrowth: Explain = ({ measured, overall, band, claims }) => {
  const explained = new Set(claims.filter(({ code }) => EXPLAINED.has(code)).flatMap(({ rows }) => rows));
  const asked = measured.filter((row) => isMatrix(row) && !explained.has(row));
  const matrices = asked.filter((row) => row.oldNorm > 0 && row.newNorm > 0);
  const grown = matrices.filter((row) => row.newNorm / row.oldNorm > GROWTH);
  // Of a few that are still finite nothing follows for the others.
  if (matrices.length === 0 || 2 * matrices.length < asked.length || grown.length <= MANY * matrices.length) return [];
  const isExploded = (overall.normRatio ?? 1) > EXPLOSION;
  if (band === 'replaced' && !isExploded) return [];
  const largest = grown.reduce((fold, row) => Math.max(fold, row.newNorm / row.oldNorm), 0);
  const share = grown.length / matrices.length;
  return [
    {
      code: 'norms_grew',
      category: 'stability',
      title: isExploded ? 'Weights Exploded' : 'Weights Grew',
      description: `The norm grew by more than half in ${formatShare(share)} of the matrices, at most to ${formatFold(largest)}. Training does that when the learning rate is too high or weight decay is missing.`,
      severity: isExploded ? 'critical' : 'warning',
      evidence: {
        share,
        matrices: matrices.length,
        grown: grown.length,
        largestFold: largest,
        overallNormRatio: overall.normRatio,
      },
    },
  ];
};
